"""Payments that are contested at a bank: what Stripe says of them, and that they suspend what they paid for, which is
the period of one invoice or something that was bought once. The sync writes the suspension into the row of what was
paid for, so that reading a page asks for nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from subscriptions.alerts import raise_alert
from subscriptions.answers import id_of, moment
from subscriptions.at_stripe import payment_page
from subscriptions.models import AlertKind, Dispute, Invoice, Purchase, StripeCustomer, Subscription
from subscriptions.models.dispute import CONTESTED
from subscriptions.paid_once.purchases import restore, revoke
from subscriptions.stripe_gateway import Answer

INQUIRY = "warning_"  # how the statuses of questions begin, with which no money is taken yet
LOST = "lost"
OPEN = "stays open: the time that it paid for is over, or was paid for again"
CLOSED = (LOST, "won", "warning_closed", "prevented")


@dataclass(frozen=True, slots=True)
class Contested:
    """A dispute, and the invoice that its charge paid, if any."""

    dispute: Dispute
    invoice: Invoice | None


def suspends(status: str) -> bool:
    """Whether a dispute in this status closes what its charge paid for. An unknown word closes nothing."""
    return status == LOST or status in CONTESTED


def save_disputes(customer: StripeCustomer, found: Iterable[tuple[Answer, str]], now: datetime) -> Iterator[str]:
    """Each with the id of the invoice that the charge paid, if any."""
    contested = []
    for answer, invoice_id in found:
        invoice = Invoice.objects.filter(stripe_id=invoice_id).select_related("subscription").first()
        dispute, before = save_dispute(customer, answer, invoice, now)
        contested.append(Contested(dispute, invoice))
        if before != dispute.status:
            yield f"{dispute.stripe_id}: status {before or 'none'} -> {dispute.status}"
    closing = [row for row in contested if closes(row, now)]
    for row in contested:
        tell(row.dispute, row.invoice, is_closed=row in closing)
    for subscription in Subscription.objects.filter(customer=customer):
        suspend_subscription(subscription, [row.dispute for row in closing])
    yield from suspend_purchases(customer, now)


def save_dispute(
    customer: StripeCustomer, answer: Answer, invoice: Invoice | None, now: datetime
) -> tuple[Dispute, str]:
    """The dispute as it is now, and its former status."""
    stored = Dispute.objects.filter(stripe_id=answer["id"]).first() or Dispute(stripe_id=answer["id"])
    before = stored.status
    stored.customer = customer
    stored.charge_id = id_of(answer["charge"])
    stored.payment_intent = id_of(answer.get("payment_intent"))
    stored.subscription = invoice.subscription if invoice is not None else None
    paid_once = Purchase.objects.filter(customer=customer, payment_intent=stored.payment_intent)
    stored.purchase = paid_once.first() if stored.payment_intent else None
    stored.amount_minor, stored.currency = answer["amount"], str(answer["currency"]).upper()
    stored.reason, stored.status = str(answer["reason"])[:60], str(answer["status"])[:40]
    stored.evidence_due_at = moment((answer.get("evidence_details") or {}).get("due_by"))
    stored.opened_at = moment(answer["created"]) or now
    stored.closed_at = (stored.closed_at or now) if stored.status in CLOSED else None
    stored.save()
    return stored, before


def closes(row: Contested, now: datetime) -> bool:
    """Whether it closes its subscription at `now` (UTC): up to the end of the period that the charge paid for, and not
    where a later invoice was paid for this time as well.
    """
    if row.invoice is None or not suspends(row.dispute.status):
        return False
    if row.invoice.period_end is not None and row.invoice.period_end <= now:
        return False
    paid = Invoice.objects.filter(subscription=row.invoice.subscription, status="paid", total_minor__gt=0)
    later = paid.filter(finalized_at__gt=row.invoice.finalized_at or row.dispute.opened_at, period_end__gt=now)
    return not later.exists()


def suspend_subscription(subscription: Subscription, disputes: list[Dispute]) -> None:
    """Since the earliest of its disputes that close something. The sync tells of the column itself."""
    since = min((row.opened_at for row in disputes if row.subscription == subscription), default=None)
    if subscription.suspended_at != since:
        Subscription.objects.filter(pk=subscription.pk).update(suspended_at=since)


def suspend_purchases(customer: StripeCustomer, now: datetime) -> Iterator[str]:
    disputes = list(Dispute.objects.filter(customer=customer))
    contested = Purchase.objects.filter(disputes__in=disputes).select_related("price__plan").distinct()
    for purchase in contested:
        before = purchase.revoked_at
        if any(suspends(row.status) for row in disputes if row.purchase_id == purchase.pk):
            revoke(purchase, now)
        else:
            restore(purchase)
        if (before is None) != (purchase.revoked_at is None):
            yield f"{purchase.payment_intent}: {'revoked' if before is None else 'restored'} by a dispute"


# --- Who has to look at it ----------------------------------------------------------------------------------------
def tell(dispute: Dispute, invoice: Invoice | None, *, is_closed: bool) -> None:
    """Once for a question, once where the money is contested, once where it is lost."""
    page = payment_page(dispute.payment_intent, livemode=dispute.customer.livemode)
    told = f"{dispute.amount_label} ({dispute.stripe_id}, {dispute.reason or 'no reason'})"
    what = paid_for(dispute)
    if dispute.status == LOST:
        matter = "lost"
        state = f"stays suspended{up_to(invoice)}" if is_closed or invoice is None else OPEN
        text = f"The dispute about {told} is lost, and the money is gone. {what} {state}. {page}"
    elif dispute.status in CONTESTED:
        matter = "contested"
        state = f"is suspended until it is won{up_to(invoice, 'or')}" if is_closed or invoice is None else OPEN
        text = f"The payment of {told} is contested. {what} {state}. {due(dispute)} {page}"
    elif dispute.status.startswith(INQUIRY) and dispute.status not in CLOSED:
        matter = "inquiry"
        text = f"A bank asks about the payment of {told}. {what} stays open. {due(dispute)} {page}"
    else:
        return
    raise_alert(AlertKind.DISPUTE, f"{dispute.stripe_id}:{matter}", text, dispute.customer)


def up_to(invoice: Invoice | None, word: str = "") -> str:
    """The last day on which the contested payment closes anything, as it stands behind a verb."""
    if invoice is None or invoice.period_end is None:
        return ""
    day = date_format(timezone.localtime(invoice.period_end), "DATE_FORMAT")
    return f" {word} until {day}".replace("  ", " ")


def paid_for(dispute: Dispute) -> str:
    if dispute.subscription is not None:
        return dispute.subscription.stripe_id
    if dispute.purchase is not None:
        return f"What was bought ({dispute.purchase.scope or 'a gift'})"
    return "What it paid for is not known here, and nothing"


def due(dispute: Dispute) -> str:
    if dispute.evidence_due_at is None:
        return "Answer it at Stripe."
    by = date_format(timezone.localtime(dispute.evidence_due_at), "DATETIME_FORMAT")
    return f"Evidence is due by {by} ({settings.TIME_ZONE})."
