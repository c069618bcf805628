"""What gates say of institutions, the same for every reader."""

from __future__ import annotations

from django import template
from django.utils import timezone

from paywall.ways_in.institution_views import access_url
from paywall.ways_in.institutions import has_live_institution

register = template.Library()


@register.simple_tag
def institution_url(next_path: str) -> str:
    """Where an address is looked at, with the way back; empty while no institution has a contract."""
    return access_url(next_path) if has_live_institution(timezone.now()) else ""
