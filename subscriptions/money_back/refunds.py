"""Giving money back: how much, and from which payments. Stripe says, to the minor unit, what is not used of whatever
was billed; here it is found out how much of that was paid and is still with us. Nothing is ended here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from subscriptions.answers import id_of, is_paid, subscription_of
from subscriptions.models import Subscription
from subscriptions.stripe_gateway import Answer, Gateway, StripeRefused

logger = logging.getLogger(__name__)

BY_READER = "requested_by_customer"  # as Stripe spells the reason
BY_STAFF = {"by": "staff"}  # how a refund is marked at Stripe that somebody of the house made on a page of this site
LOST = "lost"  # the status of a dispute by which the bank took the money back for good
UNDONE = ("failed", "canceled")  # the statuses of refunds that came to nothing
NOTHING_TO_BILL = "invoice_upcoming_none"


@dataclass(frozen=True, slots=True)
class Share:
    """So much of one payment, in minor units."""

    payment_intent: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """`amount_minor` is due. `shares`, the newest payment first, are less where it was not paid by card, or is
    contested just now.
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
    """What goes back if the subscription ends at `at` (UTC), or now: all that was paid for it and is not back yet, or
    as much of it as pays for time that is not used. Changes nothing. Raises StripeFailed.
    """
    customer_id = subscription.customer.stripe_id
    invoices = [row for row in gateway.invoices_of(customer_id) if subscription_of(row) == subscription.stripe_id]
    charges = gateway.charges_of(customer_id)
    if not everything:
        return unused(subscription, gateway, Kept(gateway, invoices, charges), at)
    payments = tuple(returnable(gateway, invoices, charges))
    return RefundPreview(subscription.currency, sum(share.amount_minor for share in payments), payments)


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


# --- What is not used ---------------------------------------------------------------------------------------------
class Kept:
    """What came in by a subscription's invoices and is still with us. What is drawn is gone for the next draw; `drawn`
    is all of it in minor units, `shares` what Stripe would return of it.
    """

    def __init__(self, gateway: Gateway, invoices: Sequence[Answer], charges: Sequence[Answer]) -> None:
        self.gateway = gateway
        self.invoices = sorted(invoices, key=lambda row: int(row["created"]), reverse=True)
        self.charges = {id_of(row.get("payment_intent")): row for row in charges if row["status"] == "succeeded"}
        self.left: dict[str, list[tuple[str, int]]] = {}  # by invoice: its payments, "" for what came without a charge
        self.drawn = 0
        self.shares: dict[str, int] = {}

    def draw(self, invoice: Answer, amount: int) -> int:
        """Of `amount` what came in by the invoice, or by those that it took something over from; the sum. What is not
        paid of it yet is the first that falls away.
        """
        most = wanted = max(0, amount - int(invoice["amount_remaining"]))
        payments = []
        for intent, left in self.left.get(invoice["id"]) or self.payments_of(invoice):
            part = min(left, wanted)
            wanted -= part
            self.drawn += part
            payments.append((intent, left - part))
            if part and intent and is_returnable(self.charges[intent], self.gateway):
                self.shares[intent] = self.shares.get(intent, 0) + part
        self.left[invoice["id"]] = payments
        for earlier, part in self.taken_over(invoice):
            wanted -= self.draw(earlier, min(part, wanted)) if wanted else 0
        return most - wanted

    def payments_of(self, invoice: Answer) -> list[tuple[str, int]]:
        paid = [intent for intent in self.gateway.payment_intents_of(invoice["id"]) if intent in self.charges]
        other = invoice["amount_paid"] - sum(self.charges[intent]["amount"] for intent in paid)
        kept = [(intent, kept_of(self.charges[intent], self.gateway)) for intent in paid]
        return [*kept, ("", max(0, other))]

    def taken_over(self, invoice: Answer) -> Iterator[tuple[Answer, int]]:
        """The earlier invoices whose credit lowered this one, on its own lines or by the customer's balance."""
        earlier = self.invoices[self.invoices.index(invoice) + 1 :]
        for line in credits_of(invoice):
            if (source := credited(line, earlier)) is not None:
                yield source, -value_of(line)
        from_balance = max(0, (invoice.get("ending_balance") or 0) - invoice["starting_balance"])
        for source in earlier:
            if from_balance and source["total"] < 0:
                yield source, min(from_balance, -source["total"])


def unused(subscription: Subscription, gateway: Gateway, kept: Kept, at: datetime | None) -> RefundPreview:
    """Stripe credits an invoice that nobody has paid just as well: only what came in and is still with us is due."""
    preview = preview_of_end(subscription, gateway, at)
    if preview is None:
        return RefundPreview(subscription.currency, 0, ())
    credit: dict[str, int] = {}
    for line in credits_of(preview):
        if (invoice := credited(line, kept.invoices)) is not None:
            credit[invoice["id"]] = credit.get(invoice["id"], 0) - value_of(line)
    due = max(0, -int(preview["total"]))
    for invoice in kept.invoices:
        if part := min(due, credit.get(invoice["id"], 0)):
            kept.draw(invoice, part)
            due -= part
    untold = due if preview["lines"].get("has_more") else 0  # somebody has to look at whose it is
    shares = tuple(Share(intent, amount) for intent, amount in kept.shares.items())
    return RefundPreview(subscription.currency, kept.drawn + untold, shares)


def preview_of_end(subscription: Subscription, gateway: Gateway, at: datetime | None) -> Answer | None:
    """The invoice by which Stripe would credit the rest of the period; None where there is nothing to bill."""
    ending: dict[str, Any] = {"cancel_now": True, "proration_behavior": "always_invoice"}
    if at is not None:
        ending["proration_date"] = int(at.timestamp())
    try:
        return gateway.preview_invoice({"subscription": subscription.stripe_id, "subscription_details": ending})
    except StripeRefused as error:
        if error.code == NOTHING_TO_BILL:
            return None
        raise


def kept_of(charge: Answer, gateway: Gateway) -> int:
    """What of it neither went back nor was taken back by a bank for good."""
    taken = gateway.disputes_of(charge["id"]) if charge.get("disputed") else []
    lost = sum(row["amount"] for row in taken if row["status"] == LOST)
    return max(0, int(charge["amount"] - charge["amount_refunded"] - lost))


def credits_of(invoice: Answer) -> Iterator[Answer]:
    """Its lines that give back a share of what was billed before."""
    return (line for line in invoice["lines"]["data"] if line["amount"] < 0 and details_of(line).get("proration"))


def details_of(line: Answer) -> Answer:
    parent = line.get("parent") or {}
    return parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}


def value_of(line: Answer) -> int:
    """What it adds to the total of its invoice, below zero for a credit."""
    lowered = sum(row["amount"] for row in line.get("discount_amounts") or [])
    on_top = sum(row["amount"] for row in line.get("taxes") or [] if row["tax_behavior"] == "exclusive")
    return int(line["amount"] - lowered + on_top)


def credited(line: Answer, invoices: Sequence[Answer]) -> Answer | None:
    """The invoice of which a credit line gives back a share. Where Stripe does not name it: the newest one that bills
    the same item for a time in which the credit lies.
    """
    named = ((details_of(line).get("proration_details") or {}).get("credited_items") or {}).get("invoice")
    for invoice in invoices:
        if invoice["id"] == named or (not named and any(covers(billed, line) for billed in invoice["lines"]["data"])):
            return invoice
    return None


def covers(billed: Answer, line: Answer) -> bool:
    item = details_of(line).get("subscription_item")
    is_alike = billed["amount"] >= 0 and item is not None and details_of(billed).get("subscription_item") == item
    begins, ends = billed["period"]["start"], billed["period"]["end"]
    return is_alike and bool(begins <= line["period"]["start"] and line["period"]["end"] <= ends)


# --- Returning it -------------------------------------------------------------------------------------------------
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
