"""What the pages of subscriptions need beyond Django's own filters."""

from __future__ import annotations

from django import template

from subscriptions.overview import Priced, price_label

register = template.Library()


@register.filter
def price(priced: Priced) -> str:
    """What a stored price or a subscription costs: "$89 a year"."""
    return price_label(priced)
