"""Giving money back: how much, and from which payments. Amounts are Stripe's own, to the minor unit; nothing is
computed here but which payment it goes back to. Nothing is ended here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from subscriptions.answers import is_paid, subscription_of
from subscriptions.models import Subscription
from subscriptions.stripe_gateway import Answer, Gateway, StripeRefused

logger = logging.getLogger(__name__)

BY_READER = "requested_by_customer"  # as Stripe spells the reason
BY_STAFF = {"by": "staff"}  # how a refund is marked at Stripe that somebody of the house made on a page of this site
UNDONE = ("failed", "canceled")  # the statuses of refunds that came to nothing
NOTHING_TO_BILL = "invoice_upcoming_none"


@dataclass(frozen=True, slots=True)
class Share:
    """So much of one payment, in minor units."""

    payment_intent: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """`amount_minor` is due. `shares`, the newest payment first, are less where it was not paid by card, or where it
    went back before.
    """

    currency: str
    amount_minor: int
    shares: tuple[Share, ...]

    @property
    def missing_minor(self) -> int:
        return self.amount_minor - sum(share.amount_minor for share in self.shares)


def refund_preview(
    subscription: Subscription, gateway: Gateway, *, everything: bool, at: datetime | None = None
) -> RefundPreview:
    """What goes back if the subscription ends at `at` (UTC), or now: all that was paid for it and is not back yet,
    or what Stripe says is not used. Changes nothing. Raises StripeFailed.
    """
    customer_id = subscription.customer.stripe_id
    invoices = [row for row in gateway.invoices_of(customer_id) if subscription_of(row) == subscription.stripe_id]
    payments = list(returnable(gateway, invoices, gateway.charges_of(customer_id)))
    due = sum(share.amount_minor for share in payments) if everything else unused(subscription, gateway, at)
    return RefundPreview(subscription.currency, due, tuple(shared(payments, due)))


def returnable(gateway: Gateway, invoices: Sequence[Answer], charges: Sequence[Answer]) -> Iterator[Share]:
    """The payments of these invoices, the newest first, with what is left of each."""
    left: dict[str, int] = {}
    for charge in charges:
        if charge.get("payment_intent") and is_returnable(charge, gateway):
            left[charge["payment_intent"]] = charge["amount"] - charge["amount_refunded"]
    for invoice in sorted(filter(is_paid, invoices), key=lambda row: int(row["created"]), reverse=True):
        for intent in gateway.payment_intents_of(invoice["id"]):
            if amount := left.pop(intent, 0):
                yield Share(intent, amount)


def is_returnable(charge: Answer, gateway: Gateway) -> bool:
    """Whether Stripe would give anything of it back: not while it is contested, yet while a bank merely asks."""
    if charge["status"] != "succeeded":
        return False
    return not charge.get("disputed") or all(row["is_charge_refundable"] for row in gateway.disputes_of(charge["id"]))


def returned_by_staff(payment_intent: str, gateway: Gateway) -> int:
    """How much of a payment (minor units) somebody of the house gave back on a page of this site, and knows of it."""
    made = gateway.refunds_of(payment_intent)
    known = [row for row in made if (row.get("metadata") or {}).get("by") == BY_STAFF["by"]]
    return sum(row["amount"] for row in known if row["status"] not in UNDONE)


def unused(subscription: Subscription, gateway: Gateway, at: datetime | None = None) -> int:
    """What Stripe would credit for the rest of the time that is paid for."""
    ending: dict[str, Any] = {"cancel_now": True, "proration_behavior": "always_invoice"}
    if at is not None:
        ending["proration_date"] = int(at.timestamp())
    try:
        preview = gateway.preview_invoice({"subscription": subscription.stripe_id, "subscription_details": ending})
    except StripeRefused as error:
        if error.code == NOTHING_TO_BILL:
            return 0
        raise
    return max(0, -int(preview["total"]))


def shared(payments: Sequence[Share], due: int) -> Iterator[Share]:
    for payment in payments:
        part = min(payment.amount_minor, due)
        if part <= 0:
            return
        due -= part
        yield Share(payment.payment_intent, part)


def refund(
    shares: Sequence[Share],
    gateway: Gateway,
    *,
    key: str,
    reason: str = BY_READER,
    mark: dict[str, str] | None = None,
) -> int:
    """Give each share back, once for each `key`; the sum (minor units) that went back. `mark` stands in the refund's
    metadata. What Stripe refuses for good is left out. Raises StripeFailed where it is worth another try, under the
    same key.
    """
    returned = 0
    for share in shares:
        own_key = f"{settings.STRIPE_APP}:{key}:{share.payment_intent}"
        try:
            gateway.refund(share.payment_intent, key=own_key, amount=share.amount_minor, reason=reason, mark=mark)
        except StripeRefused as error:
            logger.error("a refund of %s was refused: %s", share.payment_intent, error)
            continue
        returned += share.amount_minor
    return returned
