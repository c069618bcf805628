"""Stripe's answers about one customer, and how they become rows. Only a sync, which holds the lease, comes here.

Fetching changes nothing; saving asks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from subscriptions.alerts import raise_alert, tell_of_foreign
from subscriptions.answers import (
    finalized_at,
    id_of,
    is_paid,
    is_settled_since,
    items_of,
    moment,
    subscription_of,
    terms_of,
)
from subscriptions.contracts.ranks import rank_of
from subscriptions.figures.figures import figures_of
from subscriptions.mirroring.attempts import settle_attempts
from subscriptions.mirroring.invoices import save_invoices
from subscriptions.mirroring.sync_parts import sync_parts
from subscriptions.models import (
    LIVE_STATES,
    AlertKind,
    CheckoutAttempt,
    Invoice,
    PlanInterval,
    PlanPrice,
    StripeCustomer,
    Subscription,
)
from subscriptions.statuses import KNOWN_STATUSES, LIVE_STATUSES
from subscriptions.stripe_gateway import Answer, Gateway, StripeMissing

# What a sync tells of where it differs from what was stored.
TOLD: tuple[str, ...] = (
    *("status", "plan_id", "price_id", "user_id", "period_end", "trial_end", "cancel_at", "cancel_at_period_end"),
    *("ended_at", "is_collection_paused", "has_been_paid", "past_due_since", "paused_from", "paused_until"),
    *("schedule_id", "pending_price_id", "pending_from", "pending_update_until", "suspended_at"),
    *("trial_start", "canceled_at", "cancel_reason", "cancel_feedback", "stopped_at", "first_paid_at", "yearly_minor"),
)
TOLD_OF_INVOICES: tuple[str, ...] = ("status", "total_minor", "paid_minor")
TOLD_OF_CUSTOMER: tuple[str, ...] = ("currency", "billing_email")


@dataclass(frozen=True, slots=True)
class CustomerState:
    """All that Stripe says about a customer at one time; `customer` is None where Stripe has removed it."""

    customer: Answer | None
    subscriptions: list[Answer] = field(default_factory=list)
    invoices: list[Answer] = field(default_factory=list)
    sessions: dict[str, Answer] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)  # by the name of a SyncPart, what it fetched


def fetch(gateway: Gateway, customer: StripeCustomer) -> CustomerState:
    """Ask Stripe; for sessions before the lists, so that what a session has brought is in them.

    A customer that Stripe has removed is answered as such. One that it does not know at all is another account's, and
    says something of the key but nothing of the customer: that raises StripeMissing, and nothing is changed.
    """
    answer = gateway.customer(customer.stripe_id)
    if answer.get("deleted"):
        return CustomerState(None)
    sessions = {session_id: session(gateway, session_id) for session_id in open_sessions(customer)}
    subscriptions = gateway.subscriptions_of(customer.stripe_id)
    invoices = gateway.invoices_of(customer.stripe_id) if subscriptions else []
    parts = {part.name: part.fetch(gateway, customer, subscriptions) for part in sync_parts()}
    return CustomerState(answer, subscriptions, invoices, sessions, parts)


def session(gateway: Gateway, session_id: str) -> Answer:
    """The session; one that Stripe does not know (any more) counts as expired."""
    try:
        return gateway.session(session_id)
    except StripeMissing:
        return {"id": session_id, "status": "expired"}


def open_sessions(customer: StripeCustomer) -> list[str]:
    attempts = CheckoutAttempt.objects.filter(customer=customer, state__in=LIVE_STATES)
    return [session_id for session_id in attempts.values_list("session_id", flat=True) if session_id]


def save(customer_pk: int, state: CustomerState, now: datetime) -> list[str]:
    """Write the state and what follows from it; says what was different. Runs in the transaction of the lease."""
    customer = StripeCustomer.objects.select_for_update().get(pk=customer_pk)
    if state.customer is None:
        return close(customer, now)
    before = told(customer)
    for answer in state.subscriptions:
        if is_ours(answer):
            save_subscription(customer, answer, state.invoices, now)
        elif answer["livemode"] is settings.STRIPE_LIVEMODE:
            tell_of_foreign(customer, answer)
    settle_attempts(customer, state.sessions, now)
    Subscription.objects.filter(customer=customer, user=None).update(user=customer.user)
    save_invoices(customer, state.invoices)
    customer.currency = str(state.customer.get("currency") or "").upper()
    customer.billing_email = str(state.customer.get("email") or "")[:254]
    customer.synced_at = now
    customer.save(update_fields=["currency", "billing_email", "synced_at"])
    changes = [change for part in sync_parts() for change in part.save(customer, state.parts[part.name], now)]
    return [*differences(before, told(customer)), *changes]


def close(customer: StripeCustomer, now: datetime) -> list[str]:
    """A customer that Stripe has removed has no subscription any more; the next checkout makes a new one."""
    before = told(customer)
    Subscription.objects.filter(customer=customer, status__in=LIVE_STATUSES).update(
        status="canceled", known_status="canceled", ended_at=now, past_due_since=None, overdue_since=None
    )
    customer.deleted_at = customer.deleted_at or now
    settle_attempts(customer, {}, now)
    customer.synced_at = now
    customer.save(update_fields=["deleted_at", "synced_at"])
    return differences(before, told(customer))


def is_ours(answer: Answer) -> bool:
    """Several sites may share one Stripe account: what carries neither our tag nor a price of ours is not ours."""
    if answer["livemode"] is not settings.STRIPE_LIVEMODE:
        return False
    tagged = (answer.get("metadata") or {}).get("app") == settings.STRIPE_APP
    return tagged or PlanPrice.objects.filter(stripe_id__in=[item["price"]["id"] for item in items_of(answer)]).exists()


def save_subscription(customer: StripeCustomer, answer: Answer, invoices: list[Answer], now: datetime) -> None:
    """One contract as it is now. What Stripe does not say, such as since when it is past due, is found out once."""
    stored = Subscription.objects.filter(stripe_id=answer["id"]).first() or Subscription(stripe_id=answer["id"])
    own = [invoice for invoice in invoices if subscription_of(invoice) == answer["id"]]
    terms = terms_of(answer)
    stored.customer = customer
    stored.user = stored.user or customer.user
    save_price(stored, items_of(answer))
    note_status(stored, terms["status"], now)
    if terms["period_end"] != stored.period_end:
        stored.overdue_since = None
    for name, value in (terms | figures_of(answer, own)).items():
        setattr(stored, name, value)
    save_change_to_come(stored, answer, own)
    stored.started_at = moment(answer["start_date"]) or now
    stored.has_been_paid = stored.has_been_paid or any(is_paid(invoice) for invoice in own)
    if stored.known_status in ("past_due", "unpaid"):
        stored.past_due_since = past_due_since(stored, own, now)
    else:
        stored.past_due_since = None
    stored.save()


def save_change_to_come(stored: Subscription, answer: Answer, invoices: list[Answer]) -> None:
    """What is planned or waits for its payment, and whether a payment has ended a pause before its day."""
    planned = PlanPrice.objects.filter(stripe_id=stored.pending_price_id).select_related("plan").first()
    stored.pending_plan = planned.plan if planned is not None else None
    latest = id_of(answer.get("latest_invoice")) if stored.pending_update_until is not None else ""
    waiting = (invoice.get("hosted_invoice_url") for invoice in invoices if latest and invoice["id"] == latest)
    stored.pending_update_url = str(next(waiting, None) or "")
    since = stored.paused_from
    if since is not None and any(is_settled_since(invoice, since) for invoice in invoices):
        stored.paused_from = stored.paused_until = None


def note_status(stored: Subscription, status: str, now: datetime) -> None:
    """Keep the last status that is known here, and tell people of a word that is not."""
    if status in KNOWN_STATUSES:
        stored.known_status, stored.unknown_since = status, None
    elif stored.status != status or stored.unknown_since is None:
        stored.unknown_since = now
        raise_alert(
            AlertKind.UNKNOWN_STATUS,
            f"{stored.stripe_id}:{status}",
            f"Stripe says “{status}” of {stored.stripe_id}, a status that this site does not know. What was decided "
            f"last stays for three days.",
            stored.customer,
        )


def rank_of_item(item: Answer, price: PlanPrice | None) -> tuple[bool, bool, int]:
    """Ours before others', then by what the plans open and cost a year."""
    return (False, False, item["price"].get("unit_amount") or 0) if price is None else (True, *rank_of(price))


def save_price(stored: Subscription, items: list[Answer]) -> None:
    """The price of the highest plan among the items that are ours, else of the dearest item; every former price still
    names its plan.
    """
    ids = [item["price"]["id"] for item in items]
    known = {price.stripe_id: price for price in PlanPrice.objects.filter(stripe_id__in=ids).select_related("plan")}
    item = max(items, key=lambda item: rank_of_item(item, known.get(item["price"]["id"])))
    price = item["price"]
    interval = str((price.get("recurring") or {}).get("interval", ""))
    stored.price_id = price["id"]
    stored.plan = known[price["id"]].plan if price["id"] in known else None
    stored.amount_minor = (price.get("unit_amount") or 0) * int(item.get("quantity") or 1)
    stored.currency = str(price["currency"]).upper()
    stored.interval = interval if interval in PlanInterval.values else PlanInterval.NONE
    if stored.plan is None:
        raise_alert(
            AlertKind.UNKNOWN_PRICE,
            f"{stored.stripe_id}:{price['id']}",
            f"{stored.stripe_id} is tagged as this site's and has a price that belongs to no plan ({price['id']}).",
            stored.customer,
        )


def past_due_since(stored: Subscription, invoices: list[Answer], now: datetime) -> datetime:
    """When the oldest open invoice was finalised. Stored once: it must not move while the payment keeps failing."""
    if stored.past_due_since is not None:
        return stored.past_due_since
    finalized = (finalized_at(invoice) for invoice in invoices if invoice["status"] == "open")
    return min(filter(None, finalized), default=now)


def told(customer: StripeCustomer) -> dict[str, dict[str, Any]]:
    """What the next sync is compared with, by the ids at Stripe."""
    found = (
        Subscription.objects.filter(customer=customer).values("stripe_id", *TOLD),
        Invoice.objects.filter(customer=customer).values("stripe_id", *TOLD_OF_INVOICES),
        StripeCustomer.objects.filter(pk=customer.pk).values("stripe_id", *TOLD_OF_CUSTOMER),
    )
    return {row.pop("stripe_id"): row for rows in found for row in rows}


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> list[str]:
    return [
        f"{stripe_id}: {name} {shown(before.get(stripe_id, {}).get(name))} -> {shown(value)}"
        for stripe_id, row in after.items()
        for name, value in row.items()
        if before.get(stripe_id, {}).get(name) != value
    ]


def shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
