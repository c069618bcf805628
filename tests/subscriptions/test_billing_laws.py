"""Laws that hold whatever happens and in whatever order it is told."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscriptions.entitlements import entitlement_of
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Invoice, OutgoingMail, StripeEvent, Subscription, SyncJob
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.deliveries import post, state

pytestmark = pytest.mark.django_db(transaction=True)

IN_ONE_SHOP = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def life(shop: Shop) -> tuple[Shop, list[dict[str, Any]], Any]:
    """A subscription that began, was renewed, failed to be paid and ended; nothing of it was told yet."""
    shop.sandbox.delivery.mode = "drop"
    attempt = shop.checkout(make.logged_in(make.user("life@example.org")))
    shop.pay(attempt, card="fails_at_renewal")
    bought = shop.sandbox.get(attempt.session_id or "")["subscription"]
    shop.sandbox.advance_to_period_end(bought)
    shop.sandbox.advance(days=1)
    Gateway().update_subscription(bought, {"cancel_at_period_end": True})
    events = shop.sandbox.objects("event")
    list(reconcile())
    expected = state()
    assert expected[0][0]["status"] == "past_due"
    return shop, events, expected


@IN_ONE_SHOP
@given(data=st.data())
def test_any_order_and_repetition_of_events_ends_in_the_same_state(
    life: tuple[Shop, list[dict[str, Any]], Any], data: st.DataObject
) -> None:
    shop, events, expected = life
    told = data.draw(st.lists(st.sampled_from(events), min_size=1, max_size=2 * len(events)))
    forget_everything()
    for position, event in enumerate(told):
        assert post(shop, *shop.sandbox.signed(event)) == 200
        if data.draw(st.booleans(), label=f"the worker runs after event {position}"):
            make.run_tasks()
    make.run_tasks()
    if not any(event["type"].startswith(("customer.", "checkout.", "invoice.", "charge.")) for event in told):
        list(reconcile())
    assert state() == expected
    assert StripeEvent.objects.filter(event_id__in={event["id"] for event in told}).count() == len(
        {event["id"] for event in told}
    )


def forget_everything() -> None:
    StripeEvent.objects.all().delete()
    Invoice.objects.all().delete()
    Subscription.objects.update(status="incomplete", period_end=None, has_been_paid=False, past_due_since=None)
    SyncJob.objects.update(generation=0, done_generation=0, not_before=None)


def test_syncing_twice_changes_nothing(life: tuple[Shop, list[dict[str, Any]], Any]) -> None:
    _shop, _events, expected = life
    customer = Subscription.objects.get().customer
    for _ in range(2):
        assert sync_customer(customer).changes == ()
        assert state() == expected
    assert list(reconcile()) == []


def test_nobody_reads_without_a_record(shop: Shop) -> None:
    """Twelve readers choose plans, pay or not, leave, and wait: who reads has paid."""
    choice = random.Random(7)
    paid = set()
    for number in range(12):
        user = make.user(f"walker{number}@example.org")
        browser = make.logged_in(user)
        attempt = shop.checkout(browser, plan=choice.choice(["annual", "monthly"]))
        if choice.random() < 0.5:
            shop.pay(attempt, card=choice.choice(["succeeds", "fails_at_renewal"]))
            paid.add(user.pk)
        elif choice.random() < 0.5:
            shop.pay(attempt, card="declined")
        else:
            shop.welcome(browser, attempt)
    shop.settle()
    now = timezone.now()
    for number in range(12):
        user = make.User.objects.get(email=f"walker{number}@example.org")
        assert entitlement_of(user.pk, now).has_library is (user.pk in paid)
        assert Invoice.objects.filter(subscription__user=user, paid_minor__gt=0).exists() is (user.pk in paid)
    assert OutgoingMail.objects.filter(dedupe_key__startswith="receipt:").count() == len(paid)
    Subscription.objects.all().update(status="canceled")
    assert not any(entitlement_of(pk, now + timedelta(seconds=1)).has_library for pk in paid)
