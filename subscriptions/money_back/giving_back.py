"""Money that staff give back by hand: what is left of a payment, and giving a part of it or all back, once. What that
opens or closes follows from the sync that comes after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from subscriptions.alerts import raise_alert
from subscriptions.leaving.deeds import end_now, end_with_period
from subscriptions.models import AlertKind, Invoice, Purchase, Subscription
from subscriptions.models.plan import money
from subscriptions.money_back.refunds import (
    BY_STAFF,
    RefundPreview,
    Share,
    is_returnable,
    refund,
    refund_preview,
    returnable,
    shared,
)
from subscriptions.stripe_gateway import Gateway, StripeFailed

DAYS = {"week": 7, "month": 28, "year": 365}  # at least, of a period


@dataclass(frozen=True, slots=True)
class Left:
    """What can still go back, in minor units, by payment. `returns`: how often something went back, failed or not: the
    number makes the key of the next one, so that two who press at once give back once.
    """

    currency: str
    shares: tuple[Share, ...]
    returns: int

    @property
    def amount_minor(self) -> int:
        return sum(share.amount_minor for share in self.shares)

    @property
    def seal(self) -> str:
        """Stands in the form: another one means that it shows old figures."""
        return f"{self.returns}:{self.amount_minor}"


def left_of(sold: Invoice | Purchase, gateway: Gateway) -> Left:
    """What is contested cannot be given back; what a bank merely asks about can. Raises StripeFailed."""
    if isinstance(sold, Invoice):
        charges = gateway.charges_of(sold.customer.stripe_id)
        shares = tuple(returnable(gateway, [gateway.invoice(sold.stripe_id)], charges))
    else:
        shares = tuple(left_of_purchase(sold, gateway))
    returns = sum(len(gateway.refunds_of(share.payment_intent)) for share in shares)
    return Left(sold.currency, shares, returns)


def left_of_purchase(purchase: Purchase, gateway: Gateway) -> list[Share]:
    charges = gateway.charges_of(purchase.customer.stripe_id)
    own = [row for row in charges if row.get("payment_intent") == purchase.payment_intent]
    paid = [row for row in own if is_returnable(row, gateway)]
    left = [(row["payment_intent"], row["amount"] - row["amount_refunded"]) for row in paid]
    return [Share(intent, amount) for intent, amount in left if amount > 0]


def give_back(left: Left, amount_minor: int, reason: str, gateway: Gateway) -> int:
    """What went back of the amount (minor units), which is no more than is left. Raises StripeFailed."""
    shares = list(shared(left.shares, amount_minor))
    return refund(shares, gateway, key=f"by-staff:{left.returns}", reason=reason, mark=BY_STAFF)


# --- Ending a subscription ----------------------------------------------------------------------------------------
def preview_end(subscription: Subscription, gateway: Gateway) -> RefundPreview:
    """What Stripe would give back now for what is not used. Raises StripeFailed."""
    return refund_preview(subscription, gateway, everything=False)


def still_holds(shown: RefundPreview, present: RefundPreview, subscription: Subscription, passed: timedelta) -> bool:
    """Whether what was shown so long ago differs from what Stripe says now by no more than the time that has passed."""
    days = DAYS.get(subscription.interval, 1)
    drift = math.ceil(subscription.amount_minor * (passed / timedelta(days=days))) + 1
    return 0 <= shown.amount_minor - present.amount_minor <= drift and shown.currency == present.currency


def end(subscription: Subscription, gateway: Gateway, *, at_once: bool, back: RefundPreview | None = None) -> int:
    """End it, a plan for its future first; the sum (minor units) that went back. What could not be returned after the
    end is told of, and then somebody returns it by its invoice. Raises StripeFailed where it was not ended.
    """
    answer = gateway.subscription(subscription.stripe_id)
    if not at_once:
        end_with_period(answer, gateway)
        return 0
    end_now(answer, gateway, key=f"end-by-staff:{subscription.stripe_id}")
    if back is None or not back.shares:
        return 0
    try:
        returned = refund(back.shares, gateway, key=f"end-by-staff:{subscription.stripe_id}")
    except StripeFailed:
        returned = 0
    missing = sum(share.amount_minor for share in back.shares) - returned
    if missing:
        raise_alert(
            AlertKind.NOT_RETURNED,
            f"end-by-staff:{subscription.stripe_id}",
            f"{subscription.stripe_id} was ended by staff. Of {money(back.amount_minor, back.currency)} that are due "
            f"{money(missing, back.currency)} were not returned, or Stripe did not say so. Look there, and return them "
            f"by the invoice.",
            subscription.customer,
        )
    return returned
