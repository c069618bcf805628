"""The site's name as the masthead sets it: its last word stands apart."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def own_name() -> str:
    """The site's name where no view and no context processor has given it: on the page of a failure."""
    return str(settings.SITE_NAME)


@register.filter
def first_words(name: str) -> str:
    """All but the last word; empty for a name of one word."""
    return " ".join(name.split()[:-1])


@register.filter
def last_word(name: str) -> str:
    return name.split()[-1] if name.split() else ""
