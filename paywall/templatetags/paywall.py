"""What lists are told of the paywall."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from paywall import terms

register = template.Library()


@register.simple_tag
def free_for_now() -> Mapping[int, datetime]:
    """The articles that are free for a time. Looked up by the pages alone that ask for one."""
    return cast("Mapping[int, datetime]", SimpleLazyObject(lambda: terms.free_for_now(timezone.now())))


@register.simple_tag
def free_articles_a_month() -> int:
    """How many subscribers' articles a registered reader opens in a month."""
    return settings.MONTHLY_ALLOWANCE
