"""Where staff see an object in Stripe's dashboard or, with the stand-in, on its control page."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

DASHBOARD = "https://dashboard.stripe.com"
STRIPE_HOST = "api.stripe.com"


def page_at_stripe(noun: str, stripe_id: str, *, livemode: bool) -> str:
    """`noun` as the dashboard spells it in addresses: customers, subscriptions, invoices, payments."""
    if urlsplit(settings.STRIPE_API_BASE).hostname != STRIPE_HOST:
        return f"{settings.STRIPE_API_BASE}/sandbox/"
    return f"{DASHBOARD}/{'' if livemode else 'test/'}{noun}/{stripe_id}"


def payment_page(payment_intent: str, *, livemode: bool) -> str:
    """A dispute is answered on the page of its payment."""
    return page_at_stripe("payments", payment_intent, livemode=livemode)
