"""Whose payment a dispute or a return is about, where its event names a charge alone: asked until Stripe says it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from django.tasks import TaskResultStatus
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from subscriptions.mirroring.payers import find_payer
from subscriptions.models import Dispute, EventOutcome, Invoice, Purchase, StripeEvent, Subscription, SyncJob
from subscriptions.retries import WAITS
from subscriptions.stripe_gateway import Gateway, StripeAway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.deliveries import event_of, post, signature_of

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = "charge.dispute.created"


@pytest.fixture
def subscription(shop: Shop) -> Subscription:
    return shop.subscribe(make.logged_in(make.user("reader@example.org")))


def charge_of(subscription: Subscription) -> str:
    return str(Gateway().charges_of(subscription.customer.stripe_id)[0]["id"])


def looks(status: TaskResultStatus) -> list[DBTaskResult]:
    return list(DBTaskResult.objects.filter(task_path=find_payer.module_path, status=status).order_by("enqueued_at"))


def contest(shop: Shop, subscription: Subscription) -> None:
    """Of what follows only the event of the dispute arrives."""
    charge = charge_of(subscription)
    shop.sandbox.delivery.mode = "drop"
    shop.sandbox.open_dispute(charge)
    shop.sandbox.fail(500, count=1000, path=f"/v1/charges/{charge}")
    body = json.dumps(event_of(shop, EVENT)).encode()
    assert post(shop, body, signature_of(body)) == 200
    make.run_tasks()
    shop.sandbox.delivery.mode = "normal"


def test_while_stripe_is_away_it_is_asked_again_and_then_booked(shop: Shop, subscription: Subscription) -> None:
    contest(shop, subscription)
    told = StripeEvent.objects.get(type=EVENT)
    assert told.customer_id == ""
    (waiting,) = looks(TaskResultStatus.READY)
    assert waiting.args_kwargs["kwargs"]["attempt"] == 1
    assert waiting.run_after is not None
    assert timedelta() < waiting.run_after - timezone.now() <= WAITS[0]
    shop.sandbox.fail(count=0)
    with time_machine.travel(timezone.now() + WAITS[0] + timedelta(seconds=1), tick=True):
        shop.settle()
    told.refresh_from_db()
    assert (told.customer_id, told.outcome) == (subscription.customer.stripe_id, EventOutcome.BOOKED)
    assert Dispute.objects.get().subscription == subscription
    assert looks(TaskResultStatus.READY) == []


def test_after_the_last_try_the_task_fails_where_somebody_sees_it(shop: Shop, subscription: Subscription) -> None:
    charge = charge_of(subscription)
    shop.sandbox.fail(500, count=1000, path=f"/v1/charges/{charge}")
    find_payer.enqueue(charge_id=charge, object_id="dp_1", attempt=len(WAITS))
    make.run_tasks()
    (failed,) = looks(TaskResultStatus.FAILED)
    assert failed.exception_class_path.endswith(StripeAway.__qualname__)
    assert looks(TaskResultStatus.READY) == []


def test_each_try_waits_longer_than_the_one_before(shop: Shop, subscription: Subscription) -> None:
    charge = charge_of(subscription)
    shop.sandbox.fail(500, count=1000, path=f"/v1/charges/{charge}")
    find_payer.enqueue(charge_id=charge, object_id="dp_1", attempt=len(WAITS) - 1)
    make.run_tasks()
    (waiting,) = looks(TaskResultStatus.READY)
    assert waiting.args_kwargs["kwargs"] == {"charge_id": charge, "object_id": "dp_1", "attempt": len(WAITS)}
    assert waiting.run_after is not None
    assert waiting.run_after - timezone.now() > WAITS[-2]
    assert list(WAITS) == sorted(WAITS)


def test_a_charge_that_is_not_there_is_left_alone(shop: Shop, subscription: Subscription) -> None:
    before = SyncJob.objects.get(customer=subscription.customer).generation
    find_payer.enqueue(charge_id="ch_none", object_id="dp_1")
    make.run_tasks()
    assert looks(TaskResultStatus.READY) == []
    assert looks(TaskResultStatus.FAILED) == []
    assert SyncJob.objects.get(customer=subscription.customer).generation == before


def test_a_sync_asks_once_for_what_was_charged_and_books_both_kinds_of_payment(
    shop: Shop, subscription: Subscription
) -> None:
    shop.once("gift", 4900, gift_months=12)
    reader = make.logged_in(User.objects.get(email="reader@example.org"))
    shop.bought(shop.give(reader, email="reader@example.org"))
    (purchase,) = Purchase.objects.all()
    assert purchase.customer == subscription.customer
    for charge in Gateway().charges_of(subscription.customer.stripe_id):
        shop.at_stripe().refunds.create({"charge": charge["id"], "amount": 100})
    shop.sandbox.delivery.wait_idle(30)
    DBTaskResult.objects.all().delete()
    before = len(shop.sandbox.calls)
    sync_customer(subscription.customer)
    asked = [call.path for call in shop.sandbox.calls[before:]]
    assert asked.count("/v1/charges") == 1
    purchase.refresh_from_db()
    assert (purchase.refunded_minor, Invoice.objects.get().refunded_minor) == (100, 100)


def test_somebody_elses_payment_marks_nobody(shop: Shop, subscription: Subscription) -> None:
    other = shop.subscribe(Client(), "other@example.org")
    generations = dict(SyncJob.objects.values_list("customer_id", "generation"))
    find_payer.enqueue(charge_id=charge_of(other), object_id="dp_1")
    make.run_tasks()
    moved = {pk for pk, value in SyncJob.objects.values_list("customer_id", "generation") if value != generations[pk]}
    assert moved == {other.customer_id}
