"""One long history of many readers, told to two workers in every disorder, ends as it does told in order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscriptions.catalogue import sync_plans
from subscriptions.contracts import changing, pausing
from subscriptions.entitlements import entitlement_of
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import (
    CheckoutAttempt,
    Dispute,
    Gift,
    Grant,
    Group,
    Invoice,
    Plan,
    Purchase,
    StripeCustomer,
    Subscription,
)
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import add_plan, sold
from tests.subscriptions.replays import digest, forget, keep, restore, tell, workers

pytestmark = pytest.mark.django_db(transaction=True)

FEW = settings(max_examples=3, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
TOLD = ("customer.", "checkout.", "invoice.", "charge.", "refund.", "payment_method.")


@dataclass
class History:
    """What happened at Stripe, and what the site makes of it when it is told in order."""

    shop: Shop
    events: list[dict[str, Any]]
    expected: dict[str, Any]


@dataclass
class Orders:
    """The payment pages that are open before anything happens."""

    long: CheckoutAttempt
    owing: CheckoutAttempt
    contested: CheckoutAttempt
    seats: CheckoutAttempt
    day_pass: CheckoutAttempt
    article: CheckoutAttempt
    gift: CheckoutAttempt


def open_orders(shop: Shop) -> Orders:
    monthly = Plan.objects.get(key="monthly")
    monthly.trial_days = 7
    monthly.save()
    shop.once("pass")
    shop.once("article", 200)
    shop.once("gift", 4900, gift_months=12)
    shop.group_plan()
    add_plan(shop, "grand", 1500)
    sync_plans()
    ordered = make.article()

    def attempt(response: Any) -> CheckoutAttempt:
        assert response.status_code == 303, response.content.decode()[-3000:]
        return CheckoutAttempt.objects.get(session_url=response["Location"])

    return Orders(
        long=shop.checkout(make.logged_in(make.user("long@example.org")), plan="monthly"),
        owing=shop.checkout(Client(), "owing@example.org", plan="annual"),
        contested=shop.checkout(Client(), "contested@example.org", plan="annual"),
        seats=shop.seats_checkout(make.logged_in(make.user("owner@example.org")), 3),
        day_pass=attempt(shop.buy(Client(), "hasty@example.org")),
        article=attempt(shop.buy(Client(), "single@example.org", plan="article", article=str(ordered.public_id))),
        gift=attempt(shop.give(Client())),
    )


def happen(shop: Shop, orders: Orders) -> Iterator[str]:
    """The life of them all at Stripe, and nothing of it by the site; one name for each thing that has happened."""
    sandbox = shop.sandbox
    for name in vars(orders):
        attempt = getattr(orders, name)
        sandbox.pay(attempt.session_id, card="fails_at_renewal" if name == "owing" else "succeeds")
        yield f"{name} paid"
    long = bought(shop, orders.long)
    yield from begin_and_change(shop, long)
    yield from rest_and_go_on(shop, long)
    yield from change_seats(bought(shop, orders.seats))
    yield from give_money_back(shop, orders)
    sandbox.advance_to_period_end(long)
    yield "ended"
    sandbox.advance_to_period_end(bought(shop, orders.owing))
    sandbox.advance(days=1)
    yield "owing"


def begin_and_change(shop: Shop, long: str) -> Iterator[str]:
    sandbox, gateway = shop.sandbox, Gateway()
    payer = sandbox.get(long)["customer"]
    sandbox.advance(days=8)
    yield "the trial became a subscription"
    sandbox.set_card(payer, "fails_at_renewal")
    sandbox.advance_to_period_end(long)
    sandbox.advance(days=1)
    yield "the renewal failed"
    sandbox.set_card(payer, "succeeds")
    yield "the card was mended"
    change(gateway, long, price="grand")
    yield "upgraded"
    plan_for_later(gateway, long, "monthly")
    yield "to be downgraded"
    sandbox.advance_to_period_end(long)
    sandbox.advance_to_period_end(long)
    yield "downgraded"


def rest_and_go_on(shop: Shop, long: str) -> Iterator[str]:
    sandbox, gateway = shop.sandbox, Gateway()
    answer = gateway.subscription(long)
    pausing.pause(gateway, answer, pausing.choices_of(answer)[1])
    yield "paused"
    sandbox.advance_to_period_end(long)
    sandbox.advance(days=2)
    yield "resting"
    answer = gateway.subscription(long)
    pausing.resume(gateway, answer, pausing.resumption(gateway, answer))
    yield "resumed"
    gateway.update_subscription(long, {"cancel_at_period_end": True})
    yield "to be cancelled"


def change_seats(seats: str) -> Iterator[str]:
    gateway = Gateway()
    change(gateway, seats, quantity=5)
    yield "more seats"
    change(gateway, seats, quantity=2)
    yield "fewer seats"


def give_money_back(shop: Shop, orders: Orders) -> Iterator[str]:
    sandbox = shop.sandbox
    Gateway().refund(paid_by(shop, orders.day_pass), key="the pass")
    yield "the pass was returned"
    charge = next(one for one in sandbox.objects("charge") if one["customer"] == customer_of(orders.contested))
    dispute = sandbox.open_dispute(charge["id"])
    yield "contested"
    sandbox.move_dispute(dispute["id"], "under_review")
    sandbox.move_dispute(dispute["id"], "lost")
    yield "lost"


def bought(shop: Shop, attempt: CheckoutAttempt) -> str:
    return str(shop.sandbox.get(attempt.session_id or "")["subscription"])


def paid_by(shop: Shop, attempt: CheckoutAttempt) -> str:
    return str(shop.sandbox.get(attempt.session_id or "")["payment_intent"])


def customer_of(attempt: CheckoutAttempt) -> str:
    assert attempt.customer is not None
    return attempt.customer.stripe_id


def change(gateway: Gateway, stripe_id: str, *, price: str = "", quantity: int = 1) -> None:
    item = gateway.subscription(stripe_id)["items"]["data"][0]
    wanted: dict[str, Any] = {"id": item["id"], "quantity": quantity}
    if price:
        wanted["price"] = sold(price).stripe_id
    gateway.update_subscription(stripe_id, {"items": [wanted], "proration_behavior": "always_invoice"})


def plan_for_later(gateway: Gateway, stripe_id: str, plan: str) -> None:
    """As the page of a downgrade arranges it."""
    answer = gateway.subscription(stripe_id)
    stored = Subscription(stripe_id=stripe_id, price_id=answer["items"]["data"][0]["price"]["id"])
    changing.change_at_period_end(gateway, changing.contract_of(gateway, stored), sold(plan), "downgrade")


@pytest.fixture
def history(shop: Shop) -> Iterator[History]:
    """Lived while two workers heard of it twice over and late; then forgotten, and told once more in order."""
    orders = open_orders(shop)
    shop.settle()
    keep()
    shop.sandbox.delivery.mode = "drop"
    before = {event["id"] for event in shop.sandbox.objects("event")}
    heard: set[str] = set()
    chance = random.Random(11)
    with workers(2):
        for _step in happen(shop, orders):
            fresh = [one for one in shop.sandbox.objects("event") if one["id"] not in before | heard]
            late = [one for one in fresh if chance.random() < 0.4]  # told with what happens next, or never
            told = [one for one in fresh if one not in late] * 2
            chance.shuffle(told)
            heard |= {one["id"] for one in told}
            tell(shop, told, at_once=2)
    events = [one for one in shop.sandbox.objects("event") if one["id"] not in before]
    list(reconcile())
    lived = digest()
    restore()
    tell(shop, events)
    shop.settle()
    list(reconcile())
    expected = digest()
    assert lived == expected
    yield History(shop, events, expected)
    forget()


def test_told_in_order_it_is_the_life_that_was_lived(history: History) -> None:
    """What the digest is of; that a sync of what is known changes nothing; and that nobody reads by anything else."""
    sees_the_whole_life()
    syncs_to_nothing(history)
    reads_by_records_alone(history)


def sees_the_whole_life() -> None:
    """Each thing that is sold is in it, and each end that it may come to."""
    statuses = sorted(Subscription.objects.values_list("status", flat=True))
    assert statuses == ["active", "active", "canceled", "past_due"]
    long = Subscription.objects.get(user__email="long@example.org")
    assert (long.cancel_reason, long.plan is not None and long.plan.key) == ("cancellation_requested", "monthly")
    assert Invoice.objects.filter(subscription=long, paid_minor__gt=0).count() >= 5
    assert Group.objects.get().seats == 2
    assert Purchase.objects.filter(revoked_at=None).count() == 2
    assert Purchase.objects.get(price__plan__key="pass").refunded_minor > 0
    assert Gift.objects.get().purchase is not None
    assert Dispute.objects.get().status == "lost"
    assert list(reconcile()) == []


@FEW
@given(data=st.data())
def test_two_workers_end_in_the_same_state_whatever_they_are_told(history: History, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1), label="seed")
    dropped = data.draw(st.sampled_from([0.0, 0.3, 0.9]), label="share that never arrives")
    chance = random.Random(seed)
    told = [one for one in history.events if chance.random() >= dropped]
    told += chance.sample(told, len(told) // 2)
    chance.shuffle(told)
    restore()
    with workers(2):
        tell(history.shop, told, at_once=3)
    list(reconcile())
    assert digest() == history.expected
    assert list(reconcile()) == []


def syncs_to_nothing(history: History) -> None:
    for customer in StripeCustomer.objects.all():
        for _ in range(2):
            assert sync_customer(customer).changes == ()
    assert digest() == history.expected


def reads_by_records_alone(history: History) -> None:
    """Whoever reads at any of these moments does so by a paid period, a trial, a purchase or a grant."""
    moments = {
        datetime.fromtimestamp(event["created"], UTC) for event in history.events if event["type"].startswith(TOLD)
    }
    readers = [user for user in make.User.objects.all() if not user.is_staff]
    for now in sorted(moments | {timezone.now()}):
        for user in readers:
            if entitlement_of(user.pk, now).has_library:
                assert has_record(user.pk), (user.email, now)
    Subscription.objects.update(status="canceled", ended_at=min(moments))
    Purchase.objects.update(revoked_at=timezone.now())
    Grant.objects.all().delete()
    assert not any(entitlement_of(user.pk, max(moments)).has_library for user in readers)


def has_record(user_pk: int) -> bool:
    own = Subscription.objects.filter(user_id=user_pk)
    return (
        Invoice.objects.filter(subscription__in=own, paid_minor__gt=0).exists()
        or own.filter(trial_start__isnull=False).exists()
        or Purchase.objects.filter(user_id=user_pk, revoked_at=None).exists()
        or Grant.objects.filter(user_id=user_pk).exists()
    )
