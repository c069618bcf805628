"""What the tests about other prices share: a new price of a plan, and what subscribers were told."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from subscriptions.catalogue import sync_plans
from subscriptions.models import OutgoingMail, Plan, PlanPrice, Subscription
from tests.shop import Shop
from tests.subscriptions.changes import at_stripe, sold


def reprice(shop: Shop, key: str, amount_minor: int) -> PlanPrice:
    """The plan is sold at another price from now on."""
    Plan.objects.filter(key=key).update(amount_minor=amount_minor)
    sync_plans()
    shop.settle()
    return sold(key)


def told() -> list[str]:
    """What was told of other prices."""
    return [mail.text for mail in OutgoingMail.objects.filter(dedupe_key__startswith="price_change:").order_by("pk")]


def day_of(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %B %Y}"


def price_at_stripe(shop: Shop, row: Subscription) -> str:
    return str(at_stripe(shop, row)["items"]["data"][0]["price"]["id"])
