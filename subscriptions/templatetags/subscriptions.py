"""What the pages of subscriptions need beyond Django's own filters."""

from __future__ import annotations

from django import template

from subscriptions.account.sentences import Priced, cost_label, price_label
from subscriptions.account.sentences import lacks_card as nothing_to_charge
from subscriptions.models import Alert, Subscription

register = template.Library()


@register.filter
def price(priced: Priced) -> str:
    """What a stored price or a subscription costs: "$89 a year"; the latter less a discount that goes on."""
    return cost_label(priced) if isinstance(priced, Subscription) else price_label(priced)


@register.simple_tag
def open_alerts() -> int:
    """How many alerts nobody has acknowledged."""
    return Alert.objects.filter(acknowledged_at=None).count()


@register.filter
def lacks_card(subscription: Subscription) -> bool:
    return nothing_to_charge(subscription)
