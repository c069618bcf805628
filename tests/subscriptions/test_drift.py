"""What drifted is found from Stripe's lists, one thing at a time, told in a line and mended; then nothing is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Card, Dispute, Group, Invoice, Purchase, StripeCustomer, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row(shop: Shop) -> Subscription:
    """A group of three, paid; from here on no event arrives, and those that were sent are known."""
    shop.group_plan()
    subscription = shop.buy_seats(make.logged_in(make.user("owner@example.org")), 3)
    list(reconcile())
    shop.sandbox.delivery.mode = "drop"
    return subscription


def spoil_status(row: Subscription) -> None:
    Subscription.objects.filter(pk=row.pk).update(status="past_due", cancel_reason="payment_failed")


def spoil_seats(row: Subscription) -> None:
    Group.objects.update(seats=9)


def spoil_group(row: Subscription) -> None:
    Group.objects.all().delete()


def spoil_card(row: Subscription) -> None:
    Card.objects.update(last4="0000")


def spoil_cards(row: Subscription) -> None:
    Card.objects.all().delete()


def spoil_invoice(row: Subscription) -> None:
    Invoice.objects.update(status="open", paid_minor=0)


def spoil_payer(row: Subscription) -> None:
    StripeCustomer.objects.update(billing_email="old@example.org", currency="EUR")


def spoil_plan_to_come(row: Subscription) -> None:
    Subscription.objects.filter(pk=row.pk).update(schedule_id="sub_sched_gone", pending_price_id="price_gone")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (spoil_status, "status past_due -> active"),
        (spoil_seats, "seats 9 -> 3"),
        (spoil_group, "seats None -> 3"),
        (spoil_card, "card noted"),
        (spoil_cards, "card noted"),
        (spoil_invoice, "status open -> paid"),
        (spoil_payer, "billing_email old@example.org -> owner@example.org"),
        (spoil_plan_to_come, "schedule_id sub_sched_gone -> "),
    ],
)
def test_what_drifted_is_told_and_mended_once(row: Subscription, spoil: Callable[[Any], None], told: str) -> None:
    assert list(reconcile()) == []
    spoil(row)
    lines = list(reconcile())
    assert any(told in line for line in lines), lines
    assert list(reconcile()) == []


def forget_events(shop: Shop) -> None:
    """As if they were older than Stripe keeps them: only the lists tell."""
    for event in shop.sandbox.objects("event"):
        del shop.sandbox.ledger.things[event["id"]]
    shop.sandbox.ledger._kinds["event"].clear()


def test_a_return_and_a_dispute_that_no_event_told_of_are_found(shop: Shop) -> None:
    shop.once("pass")
    shop.bought(shop.buy(Client(), "hasty@example.org"))
    shop.subscribe(Client(), "contested@example.org")
    list(reconcile())
    shop.sandbox.delivery.mode = "drop"
    purchase = Purchase.objects.get()
    Gateway().refund(purchase.payment_intent, key="test")
    contested = Subscription.objects.get().customer.stripe_id
    charge = next(one for one in shop.sandbox.objects("charge") if one["customer"] == contested)
    shop.sandbox.open_dispute(charge["id"])
    forget_events(shop)
    StripeCustomer.objects.update(synced_at=timezone.now() - timedelta(days=1))
    lines = list(reconcile())
    purchase.refresh_from_db()
    assert purchase.revoked_at is not None
    assert Dispute.objects.get().status == "needs_response"
    assert any("refunded_minor" in line for line in lines)
    assert any(line.startswith("dp_") or "needs_response" in line for line in lines)
    assert list(reconcile()) == []


@pytest.mark.parametrize(("days", "is_asked"), [(29, False), (31, True)])
def test_everybody_who_ever_paid_is_asked_for_once_a_month(shop: Shop, days: int, is_asked: bool) -> None:
    shop.subscribe(Client(), "seldom@example.org")
    list(reconcile())
    StripeCustomer.objects.update(synced_at=timezone.now() - timedelta(days=days))
    before = len(shop.sandbox.calls)
    assert list(reconcile()) == []
    asked = [call for call in shop.sandbox.calls[before:] if call.path.startswith("/v1/customers/")]
    assert bool(asked) is is_asked


def test_a_quiet_night_asks_for_nobody(shop: Shop) -> None:
    for number in range(3):
        shop.subscribe(Client(), f"quiet{number}@example.org")
    list(reconcile())
    before = len(shop.sandbox.calls)
    assert list(reconcile()) == []
    paths = [call.path for call in shop.sandbox.calls[before:]]
    assert sorted(set(paths)) == ["/v1/disputes", "/v1/events", "/v1/refunds", "/v1/subscriptions"]
    assert paths.count("/v1/subscriptions") == 1
