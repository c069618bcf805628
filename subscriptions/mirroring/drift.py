"""Whether what is stored of customers is as Stripe's lists say, so that not each of them has to be asked for. It only
looks: whoever is named is then synced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from subscriptions.answers import id_of, items_of, moment, terms_of
from subscriptions.groups.groups import OVER
from subscriptions.mirroring.cards import TOLD as OF_CARD
from subscriptions.mirroring.cards import label_of
from subscriptions.mirroring.mirror import is_ours
from subscriptions.models import Dispute, Invoice, StripeCustomer, Subscription
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Answer

HAS_FAILED = ("failed", "canceled")  # of a refund: the money is with us again, and Stripe does not say since when


def by_subscriptions(page: Sequence[Answer]) -> set[str]:
    """The ids of the customers of whom a listed subscription, or what is expanded in it, is not as it is stored."""
    rows = Subscription.objects.filter(stripe_id__in=[answer["id"] for answer in page])
    stored = {row.stripe_id: row for row in rows.select_related("customer", "plan", "group", "card")}
    latest = [id_of(answer.get("latest_invoice")) for answer in page]
    invoices = {row.stripe_id: row for row in Invoice.objects.filter(stripe_id__in=filter(None, latest))}
    return {
        id_of(answer["customer"])
        for answer in page
        if is_ours(answer) and differs(stored.get(answer["id"]), answer, invoices)
    }


def differs(stored: Subscription | None, answer: Answer, invoices: dict[str, Invoice]) -> bool:
    if stored is None or any(getattr(stored, name) != value for name, value in terms_of(answer).items()):
        return True
    price = next((item for item in items_of(answer) if item["price"]["id"] == stored.price_id), None)
    if price is None or seats_differ(stored, int(price.get("quantity") or 1)):
        return True
    latest = answer.get("latest_invoice")
    is_new = (
        isinstance(latest, dict) and latest["status"] != "draft" and invoice_differs(invoices.get(latest["id"]), latest)
    )
    return is_new or payer_differs(stored.customer, answer["customer"]) or card_differs(stored, answer)


def seats_differ(stored: Subscription, quantity: int) -> bool:
    group = getattr(stored, "group", None)
    if group is None:
        return stored.plan is not None and stored.plan.is_group
    has_seats = (stored.plan is None or stored.plan.is_group) and stored.status not in OVER
    return bool(group.seats != (quantity if has_seats else 0))


def invoice_differs(stored: Invoice | None, answer: Answer) -> bool:
    if stored is None:
        return True
    seen = (stored.status, stored.total_minor, stored.paid_minor, stored.attempt_count)
    return seen != (answer["status"], answer["total"], answer["amount_paid"], answer.get("attempt_count") or 0)


def payer_differs(stored: StripeCustomer, payer: Any) -> bool:
    if not isinstance(payer, dict):
        return False
    if payer.get("deleted"):
        return stored.deleted_at is None
    told = (str(payer.get("currency") or "").upper(), str(payer.get("email") or "")[:254])
    return told != (stored.currency, stored.billing_email)


def card_differs(stored: Subscription, answer: Answer) -> bool:
    """Its own method comes before the customer's, of which the list says the id alone."""
    card, own = getattr(stored, "card", None), answer.get("default_payment_method")
    if answer["status"] not in LIVE_STATUSES:
        return card is not None
    if card is None:
        return True
    if isinstance(own, dict):
        label = label_of(own)
        return any(getattr(card, name) != label[name] for name in OF_CARD)
    payer = answer["customer"] if isinstance(answer["customer"], dict) else {}
    usual = (payer.get("invoice_settings") or {}).get("default_payment_method")
    return bool(card.method_id != id_of(usual))


def by_refunds(page: Sequence[Answer]) -> set[str]:
    """The customers to whom something was returned since they were last asked for, or of whom a return failed."""
    payers = payers_of(page)
    return {
        payer
        for answer in page
        if (payer := charged(answer)) in payers
        and (answer["status"] in HAS_FAILED or is_since(moment(answer["created"]), payers[payer].synced_at))
    }


def by_disputes(page: Sequence[Answer]) -> set[str]:
    """The customers of disputes that are not known here, or not so."""
    payers = payers_of(page)
    known = dict(
        Dispute.objects.filter(stripe_id__in=[answer["id"] for answer in page]).values_list("stripe_id", "status")
    )
    return {
        charged(answer) for answer in page if charged(answer) in payers and known.get(answer["id"]) != answer["status"]
    }


def payers_of(page: Iterable[Answer]) -> dict[str, StripeCustomer]:
    """Those of this site."""
    return {row.stripe_id: row for row in StripeCustomer.objects.filter(stripe_id__in=[charged(row) for row in page])}


def charged(answer: Answer) -> str:
    """Whose payment a refund or a dispute is about; the charge is expanded in it."""
    charge = answer.get("charge")
    return id_of(charge.get("customer")) if isinstance(charge, dict) else ""


def is_since(at: datetime | None, synced_at: datetime | None) -> bool:
    return at is None or synced_at is None or at >= synced_at
