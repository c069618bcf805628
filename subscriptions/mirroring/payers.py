"""Whose payment an event is about that names no customer: disputes and returns name a charge alone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.tasks import task

from subscriptions.alerts import raise_alert
from subscriptions.answers import id_of
from subscriptions.models import Alert, AlertKind, Dispute, EventOutcome, Purchase, StripeCustomer, StripeEvent
from subscriptions.models.plan import money
from subscriptions.retries import put_off
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeMissing
from subscriptions.sync import mark_dirty

WITHOUT_CUSTOMER = ("charge.dispute.", "refund.")
REFUND_FAILED = "refund.failed"


def hear_of_payment(event: dict[str, Any]) -> None:
    """Mark the payer for a sync: by what is stored, or by a task that asks Stripe. Asks nobody itself."""
    if not event["type"].startswith(WITHOUT_CUSTOMER):
        return
    subject: dict[str, Any] = event["data"]["object"]
    payer = stored_payer(subject)
    if event["type"] == REFUND_FAILED:
        tell_of_failure(subject, payer)
    if payer is not None:
        note_payer(payer, str(subject.get("id") or ""))
    elif charge_id := id_of(subject.get("charge")):
        find_payer.enqueue(charge_id=charge_id, object_id=str(subject.get("id") or ""))


def stored_payer(subject: dict[str, Any]) -> StripeCustomer | None:
    charge_id, intent = id_of(subject.get("charge")), id_of(subject.get("payment_intent"))
    dispute = Dispute.objects.filter(charge_id=charge_id).select_related("customer").first() if charge_id else None
    if dispute is not None:
        return dispute.customer
    purchase = Purchase.objects.filter(payment_intent=intent).select_related("customer").first() if intent else None
    return purchase.customer if purchase is not None else None


def tell_of_failure(refund: dict[str, Any], payer: StripeCustomer | None) -> None:
    amount = money(int(refund.get("amount") or 0), str(refund.get("currency") or "").upper())
    raise_alert(
        AlertKind.REFUND_FAILED,
        str(refund.get("id") or "")[:250],
        f"{amount} that were to go back for {id_of(refund.get('payment_intent'))} came back to Stripe "
        f"({refund.get('failure_reason') or 'without a reason'}). The reader does not have them. Return them "
        f"another way.",
        payer,
    )


@task
def find_payer(*, charge_id: str, object_id: str, attempt: int = 0) -> None:
    """Ask Stripe whose charge it is. One of no customer of this site is left alone."""
    try:
        charge = Gateway().charge(charge_id)
    except StripeMissing:
        return
    except StripeFailed:
        if not put_off(find_payer, attempt, charge_id=charge_id, object_id=object_id):
            raise
        return
    payer = StripeCustomer.objects.filter(stripe_id=id_of(charge.get("customer")), livemode=settings.STRIPE_LIVEMODE)
    for customer in payer:
        note_payer(customer, object_id)


@transaction.atomic
def note_payer(customer: StripeCustomer, object_id: str) -> None:
    """The events about the object, and the alert, are the payer's from now on."""
    mark_dirty(customer.pk)
    events = StripeEvent.objects.filter(object_id=object_id, customer_id="", livemode=customer.livemode)
    events.update(customer_id=customer.stripe_id, outcome=EventOutcome.BOOKED)
    Alert.objects.filter(key=f"{AlertKind.REFUND_FAILED}:{object_id}", customer=None).update(customer=customer)
