"""What the demonstration sells beside the options that every site has, and the code that lowers its prices."""

from __future__ import annotations

from typing import Any

from subscriptions.models import Plan
from subscriptions.stripe_gateway import Gateway, StripeRefused

CODE = "HARBOUR"  # a quarter off the first payment
COUPON = "demo-quarter-off"


def load_plans(rows: list[dict[str, Any]]) -> None:
    """Add those that are missing by their keys; what editors have made of the others stays."""
    known = set(Plan.objects.values_list("key", flat=True))
    Plan.objects.bulk_create(Plan(**row) for row in rows if row["key"] not in known)


def offer_code() -> None:
    """Make the promotion code at the stand-in, unless it is there. Raises StripeFailed."""
    gateway = Gateway()
    if gateway.promotion_codes(CODE):
        return
    try:
        gateway.create_coupon(
            {"id": "demo-quarter-off", "percent_off": 25, "duration": "once", "name": "A quarter off"}
        )
    except StripeRefused as error:
        if error.code != "resource_already_exists":
            raise
    gateway.create_promotion_code({"promotion": {"type": "coupon", "coupon": COUPON}, "code": CODE})
