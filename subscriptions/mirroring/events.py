"""The inbox of Stripe's events: each is stored once, and the customer that it is about is marked for a sync.

An event says only that something happened. What the state is now is always fetched afresh, so neither their order nor
their number matters.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from subscriptions.alerts import raise_alert
from subscriptions.answers import id_of
from subscriptions.models import AlertKind, EventOutcome, PlanPrice, StripeCustomer, StripeEvent
from subscriptions.signals import event_told
from subscriptions.sync import mark_dirty

LONGEST_ID = 255
# The kinds after which a customer's subscriptions or payments may be different. The rest is noted and left alone.
ABOUT_CUSTOMERS = ("customer.", "checkout.session.", "invoice.", "charge.", "refund.", "payment_method.")


@transaction.atomic
def book(event: dict[str, Any]) -> EventOutcome:
    """Store an event that is trusted, once, and mark its customer. A second time it changes nothing."""
    subject: dict[str, Any] = event["data"]["object"]
    customer_id = customer_of(subject)
    customer = StripeCustomer.objects.filter(stripe_id=customer_id).first() if customer_id else None
    outcome = outcome_of(event, customer)
    stored, is_new = StripeEvent.objects.get_or_create(
        event_id=event["id"],
        defaults={
            "type": event["type"],
            "livemode": event["livemode"],
            "created": datetime.fromtimestamp(event["created"], UTC),
            "object_id": word(subject.get("id")),
            "customer_id": customer_id,
            "outcome": outcome,
        },
    )
    if is_new and outcome is EventOutcome.BOOKED and customer is not None:
        mark_dirty(customer.pk)
    if is_new and outcome is not EventOutcome.OTHER_MODE:
        event_told.send(sender=StripeEvent, event=event, customer=customer)
    if is_new and outcome is EventOutcome.FOREIGN and sells_our_price(subject):
        raise_alert(
            AlertKind.UNKNOWN_CUSTOMER,
            customer_id or event["id"],
            f"Stripe tells of {stored.object_id}, which has a price of this site but a customer that this site did not "
            f"make ({customer_id}). Nobody gets access from it. Was it made by hand at Stripe?",
        )
    return EventOutcome(stored.outcome)


def outcome_of(event: dict[str, Any], customer: StripeCustomer | None) -> EventOutcome:
    if event["livemode"] is not settings.STRIPE_LIVEMODE:
        return EventOutcome.OTHER_MODE
    if not event["type"].startswith(ABOUT_CUSTOMERS) or not customer_of(event["data"]["object"]):
        return EventOutcome.NOTED
    return EventOutcome.FOREIGN if customer is None else EventOutcome.BOOKED


def customer_of(subject: dict[str, Any]) -> str:
    """The customer that an object is or belongs to; by its id or, where it is expanded, as an object."""
    if subject.get("object") == "customer":
        return word(subject.get("id"))
    return word(id_of(subject.get("customer")))


def sells_our_price(subject: dict[str, Any]) -> bool:
    items = subject.get("items")
    rows = items.get("data") if isinstance(items, dict) else None
    prices = [row.get("price") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    ids = [word(price.get("id")) for price in prices if isinstance(price, dict)]
    return PlanPrice.objects.filter(stripe_id__in=ids).exists()


def word(text: Any) -> str:
    """An id as it may be stored; empty for whatever is none."""
    return text if isinstance(text, str) and len(text) <= LONGEST_ID and text.isprintable() else ""
