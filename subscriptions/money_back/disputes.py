"""Payments that are contested at a bank: what Stripe says of them, and that they suspend what they paid for. The sync
writes the suspension into the row of what was paid for, so that reading a page asks for nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
CLOSED = (LOST, "won", "warning_closed", "prevented")


def suspends(status: str, *, is_paid_since: bool) -> bool:
    """Whether a dispute in this status closes what its charge paid for. What was lost stays closed until a later
    payment, which is for a time of its own. An unknown word closes nothing.
    """
    return status in CONTESTED or (status == LOST and not is_paid_since)


def save_disputes(customer: StripeCustomer, found: Iterable[tuple[Answer, str]], now: datetime) -> Iterator[str]:
    """Each with the id of the invoice that the charge paid, if any."""
    for answer, invoice_id in found:
        yield from save_dispute(customer, answer, invoice_id, now)
    disputes = list(Dispute.objects.filter(customer=customer).select_related("subscription"))
    for subscription in {row.subscription for row in disputes if row.subscription is not None}:
        suspend_subscription(subscription, [row for row in disputes if row.subscription_id == subscription.pk])
    contested = Purchase.objects.filter(disputes__in=disputes).select_related("price__plan").distinct()
    for purchase in contested:
        before = purchase.revoked_at
        suspend_purchase(purchase, [row for row in disputes if row.purchase_id == purchase.pk], now)
        if (before is None) != (purchase.revoked_at is None):
            yield f"{purchase.payment_intent}: {'revoked' if before is None else 'restored'} by a dispute"


def save_dispute(customer: StripeCustomer, answer: Answer, invoice_id: str, now: datetime) -> Iterator[str]:
    stored = Dispute.objects.filter(stripe_id=answer["id"]).first() or Dispute(stripe_id=answer["id"])
    before = stored.status
    invoice = Invoice.objects.filter(stripe_id=invoice_id).select_related("subscription").first()
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
    tell(stored)
    if before != stored.status:
        yield f"{stored.stripe_id}: status {before or 'none'} -> {stored.status}"


def suspend_subscription(subscription: Subscription, disputes: list[Dispute]) -> None:
    """Since the earliest dispute that counts. The sync tells of the column itself."""
    since = min((row.opened_at for row in disputes if counts(row)), default=None)
    if subscription.suspended_at != since:
        Subscription.objects.filter(pk=subscription.pk).update(suspended_at=since)


def suspend_purchase(purchase: Purchase, disputes: list[Dispute], now: datetime) -> None:
    if any(suspends(row.status, is_paid_since=False) for row in disputes):
        revoke(purchase, now)
    else:
        restore(purchase)


def counts(dispute: Dispute) -> bool:
    later = Invoice.objects.filter(
        subscription=dispute.subscription_id, paid_minor__gt=0, paid_at__gt=dispute.opened_at
    )
    return suspends(dispute.status, is_paid_since=dispute.status == LOST and later.exists())


# --- Who has to look at it ----------------------------------------------------------------------------------------
def tell(dispute: Dispute) -> None:
    """Once for a question, once where the money is contested, once where it is lost."""
    page = payment_page(dispute.payment_intent, livemode=dispute.customer.livemode)
    told = f"{dispute.amount_label} ({dispute.stripe_id}, {dispute.reason or 'no reason'})"
    what = paid_for(dispute)
    if dispute.status == LOST:
        matter = "lost"
        text = f"The dispute about {told} is lost, and the money is gone. {what} stays suspended. {page}"
    elif dispute.status in CONTESTED:
        matter = "contested"
        text = f"The payment of {told} is contested. {what} is suspended until it is won. {due(dispute)} {page}"
    elif dispute.status.startswith(INQUIRY) and dispute.status not in CLOSED:
        matter = "inquiry"
        text = f"A bank asks about the payment of {told}. {what} stays open. {due(dispute)} {page}"
    else:
        return
    raise_alert(AlertKind.DISPUTE, f"{dispute.stripe_id}:{matter}", text, dispute.customer)


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
