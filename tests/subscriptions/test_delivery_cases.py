"""Events as they come in practice, twice, late, in any order or never: cases 19 to 27 and 33 to 37 of the billing
specification."""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.db import connection
from django.test import Client
from django.utils import timezone

from subscriptions import sync
from subscriptions.entitlements import entitlement_of
from subscriptions.mirroring import mirror
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import (
    Alert,
    CheckoutAttempt,
    Invoice,
    OutgoingMail,
    StripeCustomer,
    StripeEvent,
    Subscription,
    SyncJob,
)
from subscriptions.stripe_gateway import Gateway, StripeAway, StripeBusy
from subscriptions.sync import mark_dirty, run_sync, sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.deliveries import event_of, post, state

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.fixture
def subscription(shop: Shop) -> Subscription:
    return shop.subscribe(make.logged_in(make.user(ADDRESS)))


@pytest.mark.case(19)
def test_a_duplicate_makes_one_row_and_one_mail(shop: Shop, subscription: Subscription) -> None:
    before = state()
    event = event_of(shop, "invoice.paid")
    count = StripeEvent.objects.count()
    for _ in range(3):
        assert post(shop, *shop.sandbox.signed(event)) == 200
    shop.settle()
    assert StripeEvent.objects.count() == count
    assert StripeEvent.objects.filter(event_id=event["id"]).count() == 1
    assert OutgoingMail.objects.count() == 2  # the welcome and the receipt
    assert state() == before


@pytest.mark.case(20)
def test_concurrent_duplicates_are_all_answered_and_booked_once(shop: Shop, subscription: Subscription) -> None:
    event = {**event_of(shop, "invoice.paid"), "id": "evt_concurrent"}
    generation = SyncJob.objects.get().generation
    assert set(shop.sandbox.delivery.concurrent(event, 20)) == {200}
    assert StripeEvent.objects.filter(event_id="evt_concurrent").count() == 1
    assert SyncJob.objects.get().generation == generation + 1
    shop.settle()
    assert OutgoingMail.objects.count() == 2  # the welcome and the receipt


@pytest.mark.case(21)
def test_updated_before_created_is_active(shop: Shop) -> None:
    shop.sandbox.delivery.mode = "hold"
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt)
    created = event_of(shop, "customer.subscription.created")
    updated = {**created, "id": "evt_updated", "type": "customer.subscription.updated"}
    for event in (updated, created):
        assert post(shop, *shop.sandbox.signed(event)) == 200
        make.run_tasks()
        assert Subscription.objects.get().status == "active"


@pytest.mark.case(22)
def test_deleted_before_updated_stays_canceled(shop: Shop, subscription: Subscription) -> None:
    shop.sandbox.delivery.mode = "hold"
    updated = {**event_of(shop, "customer.subscription.created"), "type": "customer.subscription.updated"}
    Gateway().cancel_subscription(subscription.stripe_id, key="cancel")
    deleted = event_of(shop, "customer.subscription.deleted")
    for event in (deleted, {**updated, "id": "evt_older"}):
        assert post(shop, *shop.sandbox.signed(event)) == 200
        make.run_tasks()
        subscription.refresh_from_db()
        assert subscription.status == "canceled"


@pytest.mark.case(23)
def test_ten_events_in_a_hundred_orders_end_in_the_same_state(shop: Shop, subscription: Subscription) -> None:
    shop.sandbox.delivery.mode = "drop"
    shop.sandbox.advance_to_period_end(subscription.stripe_id)
    list(reconcile())
    expected = state()
    events = shop.sandbox.objects("event")[:10]
    assert len(events) == 10
    for seed in range(100):
        order = random.Random(seed).sample(events, 10)
        StripeEvent.objects.all().delete()
        Subscription.objects.update(status="incomplete", period_end=None, has_been_paid=False)
        Invoice.objects.all().delete()
        for event in order:
            assert post(shop, *shop.sandbox.signed(event)) == 200
        make.run_tasks()
        assert state() == expected, seed


@pytest.mark.case(24)
def test_two_workers_on_one_customer_keep_the_newest_generation(
    shop: Shop, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker has fetched and not yet saved when the second comes, and the contract is cancelled between."""
    customer = subscription.customer
    fetch = mirror.fetch
    turns: list[str] = []

    def slow_fetch(*arguments: Any) -> mirror.CustomerState:
        fetched = fetch(*arguments)
        if not turns:
            turns.append("first has fetched")
            shop.sandbox.delivery.mode = "drop"
            Gateway().cancel_subscription(subscription.stripe_id, key="cancel")
            mark_dirty(customer.pk)
            run_in_thread(lambda: run_sync.func(customer_pk=customer.pk))
            subscription.refresh_from_db()
            assert subscription.status == "active", "the second worker has to leave it to the holder of the lease"
        return fetched

    monkeypatch.setattr(sync, "fetch", slow_fetch)
    sync_customer(customer)
    subscription.refresh_from_db()
    job = SyncJob.objects.get()
    assert subscription.status == "canceled"
    assert job.generation == job.done_generation
    assert job.lease is None


def test_a_volley_of_events_is_outlasted(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who has paid is not kept waiting because the events of the payment arrive one by one."""
    customer = subscription.customer
    fetch = mirror.fetch
    over = time.monotonic() + 0.5

    def told_meanwhile(*arguments: Any) -> mirror.CustomerState:
        if time.monotonic() < over:
            mark_dirty(customer.pk)
        return fetch(*arguments)

    monkeypatch.setattr(sync, "fetch", told_meanwhile)
    sync_customer(customer)
    job = SyncJob.objects.get()
    assert job.generation == job.done_generation > 0


def run_in_thread(work: Any) -> None:
    def with_own_connection() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(with_own_connection).result()


@pytest.mark.case(24)
def test_a_worker_that_lost_its_lease_saves_nothing(
    shop: Shop, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = mirror.fetch

    def fetch_while_the_lease_goes(*arguments: Any) -> mirror.CustomerState:
        fetched = fetch(*arguments)
        if shop.sandbox.get(subscription.stripe_id)["status"] != "canceled":
            shop.sandbox.delivery.mode = "drop"
            Gateway().cancel_subscription(subscription.stripe_id, key="cancel")
            SyncJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            monkeypatch.setattr(sync, "fetch", fetch)
            sync_customer(subscription.customer)
        return fetched

    monkeypatch.setattr(sync, "fetch", fetch_while_the_lease_goes)
    sync_customer(subscription.customer)
    subscription.refresh_from_db()
    assert subscription.status == "canceled"


@pytest.mark.case(25)
def test_an_event_during_a_sync_brings_a_second_run(
    shop: Shop, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = mirror.fetch
    runs: list[int] = []

    def counted_fetch(*arguments: Any) -> mirror.CustomerState:
        fetched = fetch(*arguments)
        runs.append(1)
        if len(runs) == 1:
            event = event_of(shop, "customer.subscription.created")
            assert post(shop, *shop.sandbox.signed({**event, "id": "evt_meanwhile"})) == 200
        return fetched

    monkeypatch.setattr(sync, "fetch", counted_fetch)
    sync_customer(subscription.customer)
    assert len(runs) == 2
    job = SyncJob.objects.get()
    assert job.generation == job.done_generation


@pytest.mark.case(26)
def test_with_all_events_dropped_reconcile_gives_the_same_state(shop: Shop) -> None:
    shop.sandbox.delivery.mode = "drop"
    attempt = shop.checkout(Client(), ADDRESS)
    shop.pay(attempt)
    shop.settle()
    assert not Subscription.objects.exists()
    lines = list(reconcile())
    assert any("status" in line and "active" in line for line in lines)
    assert Subscription.objects.get().status == "active"
    make.run_tasks()
    assert OutgoingMail.objects.count() == 2  # the welcome and the receipt
    assert list(reconcile()) == []
    attempt.refresh_from_db()
    assert attempt.state == "paid"


@pytest.mark.case(27)
def test_after_four_days_without_an_endpoint_everything_is_caught_up(shop: Shop, subscription: Subscription) -> None:
    list(reconcile())
    shop.sandbox.delivery.mode = "drop"
    other = shop.checkout(Client(), "second@example.org", "monthly")
    shop.pay(other)
    Gateway().cancel_subscription(subscription.stripe_id, key="cancel")
    shop.sandbox.advance(days=4)
    list(reconcile())
    make.run_tasks()
    subscription.refresh_from_db()
    other.refresh_from_db()
    assert subscription.status == "canceled"
    assert other.subscription is not None
    assert other.subscription.status == "active"
    assert {event["id"] for event in shop.sandbox.objects("event")} == set(
        StripeEvent.objects.values_list("event_id", flat=True)
    )
    assert list(reconcile()) == []


@pytest.mark.case(33)
def test_an_unknown_status_keeps_the_former_decision_and_raises_an_alert(
    shop: Shop, subscription: Subscription, allowed_words: set[str]
) -> None:
    user_id = subscription.user_id or 0
    allowed_words.add("hibernating")
    shop.sandbox.set_status(subscription.stripe_id, "hibernating")
    shop.settle()
    subscription.refresh_from_db()
    assert subscription.status == "hibernating"
    assert Alert.objects.get().kind == "unknown_status"
    now = timezone.now()
    assert entitlement_of(user_id, now).has_library
    assert entitlement_of(user_id, now + timedelta(hours=71)).has_library
    assert not entitlement_of(user_id, now + timedelta(hours=73)).has_library


def sell_elsewhere(shop: Shop, customer_id: str = "") -> str:
    """Another shop on the same Stripe account sells a subscription of its own; the id of it."""
    client = stripe.StripeClient(shop.sandbox.key, base_addresses={"api": shop.sandbox.url}).v1
    product = client.products.create({"name": "A jar of honey a month"})
    recurring: Any = {"interval": "month"}
    price = client.prices.create({"product": product.id, "currency": "usd", "unit_amount": 700, "recurring": recurring})
    buyer = customer_id or client.customers.create({"email": ADDRESS}).id
    session = client.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": buyer,
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "https://honey.example.org/",
        }
    )
    shop.sandbox.pay(session.id)
    return str(shop.sandbox.get(session.id)["subscription"])


@pytest.mark.case(34)
def test_a_foreign_product_on_the_same_account_makes_no_rows(shop: Shop) -> None:
    foreign = sell_elsewhere(shop)
    shop.settle()
    assert StripeEvent.objects.filter(outcome="foreign", object_id=foreign).exists()
    assert list(reconcile()) == []
    for model in (StripeCustomer, Subscription, Invoice, CheckoutAttempt, OutgoingMail, Alert):
        assert not model.objects.exists()


@pytest.mark.case(34)
def test_a_foreign_product_bought_by_our_customer_opens_nothing(shop: Shop, subscription: Subscription) -> None:
    Gateway().cancel_subscription(subscription.stripe_id, key="cancel")
    sell_elsewhere(shop, subscription.customer.stripe_id)
    shop.settle()
    assert Subscription.objects.get().status == "canceled"
    assert not entitlement_of(subscription.user_id or 0, timezone.now()).has_library


@pytest.mark.case(35)
def test_an_event_of_an_older_api_version_has_the_same_result(shop: Shop) -> None:
    shop.sandbox.delivery.mode = "hold"
    attempt = shop.checkout(Client(), ADDRESS)
    shop.pay(attempt)
    event = event_of(shop, "customer.subscription.created")
    older = json.loads(json.dumps(event)) | {"id": "evt_older", "api_version": "2020-08-27"}
    older["data"]["object"]["current_period_end"] = 1
    for item in older["data"]["object"]["items"]["data"]:
        del item["current_period_end"]
    assert post(shop, *shop.sandbox.signed(older)) == 200
    make.run_tasks()
    by_older = state()
    assert by_older[0][0]["status"] == "active"
    shop.sandbox.delivery.flush()
    shop.settle()
    assert state() == by_older


@pytest.mark.case(36)
@pytest.mark.parametrize("failure", [500, "timeout"])
def test_when_stripe_fails_in_a_sync_access_stays_and_it_is_tried_again(
    shop: Shop, subscription: Subscription, monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    monkeypatch.setattr("subscriptions.stripe_gateway.READ_SECONDS", 0.3)
    monkeypatch.setattr("subscriptions.stripe_gateway.RETRIES", 0)
    before = state()
    shop.sandbox.delivery.mode = "drop"
    shop.sandbox.fail(status=failure, count=1)
    mark_dirty(subscription.customer_id)
    make.run_tasks()
    job = SyncJob.objects.get()
    assert (job.attempts, job.lease) == (1, None)
    assert job.done_generation < job.generation
    assert state() == before
    assert entitlement_of(subscription.user_id or 0, timezone.now()).has_library
    SyncJob.objects.update(not_before=None)
    run_sync.func(customer_pk=subscription.customer_id)
    job.refresh_from_db()
    assert (job.attempts, job.last_error) == (0, "")
    assert job.done_generation == job.generation


@pytest.mark.case(36)
def test_a_failing_stripe_is_told_by_name(shop: Shop, subscription: Subscription) -> None:
    shop.sandbox.fail(status=500, count=10)
    with pytest.raises(StripeAway, match="500"):
        sync_customer(subscription.customer)
    assert "StripeAway" in SyncJob.objects.get().last_error


@pytest.mark.case(37)
def test_too_many_requests_are_followed_by_a_wait_that_grows(shop: Shop, subscription: Subscription) -> None:
    shop.sandbox.delivery.mode = "drop"
    shop.sandbox.fail(status=429, count=2)
    with pytest.raises(StripeBusy):
        sync_customer(subscription.customer)
    mark_dirty(subscription.customer_id)
    make.run_tasks()
    first = SyncJob.objects.get()
    assert first.attempts == 1
    assert first.not_before is not None
    assert first.not_before > timezone.now()
    calls = len(shop.sandbox.calls)
    mark_dirty(subscription.customer_id)
    make.run_tasks()
    assert len(shop.sandbox.calls) == calls, "nothing is asked before the wait is over"
    waits = [sync.waiting_time(attempts) for attempts in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
