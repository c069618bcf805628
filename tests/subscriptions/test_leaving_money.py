"""What leaving without logging in does to contracts and money: at once, by withdrawing, with Stripe away."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from subscriptions.models import (
    Agreement,
    Alert,
    Declaration,
    DeclaredContract,
    Group,
    OutgoingMail,
    StripeCustomer,
    Subscription,
)
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.leavers import changing_calls, code_sent_to, declared, refunds_of, type_code
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"
STRANGER = "nobody@example.org"
OF_ONE_ANSWER = ("Content-Length", "X-Request-ID")  # follow from what was typed, or count requests


def test_the_code_typed_in_two_browsers_at_once_returns_the_money_once(shop: Shop, settings: Any) -> None:
    settings.REFUND_WHEN_LEAVING = True
    shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS, end="at_once")
    code = code_sent_to(ADDRESS)
    barrier = threading.Barrier(2)

    def typed() -> int:
        barrier.wait()
        try:
            return int(type_code(Client(), declaration, code).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = [task.result() for task in [pool.submit(typed), pool.submit(typed)]]
    shop.settle()
    assert statuses == [200, 200]
    assert len(refunds_of(shop)) == 1
    assert OutgoingMail.objects.filter(dedupe_key__startswith="leaving_done").count() == 1


def test_at_once_gives_back_to_the_minor_unit_what_stripe_says_is_unused(
    shop: Shop, settings: Any, article: Any
) -> None:
    settings.REFUND_WHEN_LEAVING = True
    reader = Client()
    subscription = shop.subscribe(reader, ADDRESS)
    shop.sandbox.advance(days=100)
    shop.settle()
    declaration = declared(Client(), ADDRESS, end="at_once")
    response = type_code(Client(), declaration, code_sent_to(ADDRESS))
    contract = DeclaredContract.objects.get()
    assert 0 < contract.due_minor < subscription.amount_minor
    assert refunds_of(shop) == [contract.due_minor]
    assert contract.returned_minor == contract.due_minor
    assert contract.returned_label in response.content.decode()
    assert contract.returned_label in OutgoingMail.objects.get(dedupe_key__startswith="leaving_done").text
    subscription.refresh_from_db()
    assert subscription.status == "canceled"
    assert not reads(reader, article)


def test_at_once_is_not_taken_where_the_setting_does_not_give_back(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS, end="at_once")
    type_code(Client(), declaration, code_sent_to(ADDRESS))
    subscription.refresh_from_db()
    assert (subscription.status, subscription.cancel_at_period_end) == ("active", True)
    assert refunds_of(shop) == []


@pytest.mark.parametrize("wished", [True, False], ids=["begun by wish", "not wished"])
def test_a_withdrawal_in_time_ends_at_once_and_returns_what_the_ledger_says(
    shop: Shop, wished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Article 14(3) of Directive 2011/83/EU: who asked to begin pays for the days until then, else nothing."""
    subscription = shop.subscribe(Client(), ADDRESS)
    if not wished:
        monkeypatch.setattr("subscriptions.leaving.deeds.wished_to_begin", lambda _subscription: False)
    shop.sandbox.advance(days=10)
    declaration = declared(Client(), ADDRESS, kind="withdraw")
    type_code(Client(), declaration, code_sent_to(ADDRESS))
    subscription.refresh_from_db()
    assert subscription.status == "canceled"
    (returned,) = refunds_of(shop)
    if wished:
        assert subscription.amount_minor * 350 // 366 < returned < subscription.amount_minor * 356 // 365
    else:
        assert returned == subscription.amount_minor


@pytest.mark.parametrize(("days", "status"), [(14, "canceled"), (15, "active")], ids=["last day", "too late"])
def test_one_can_withdraw_up_to_the_end_of_the_last_day(shop: Shop, days: int, status: str) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS, kind="withdraw")
    Declaration.objects.update(received_at=subscription.started_at + timedelta(days=days))
    type_code(Client(), declaration, code_sent_to(ADDRESS))
    subscription.refresh_from_db()
    assert subscription.status == status
    assert subscription.cancel_at_period_end is (status == "active"), "too late, it counts as a cancellation"


def test_where_stripe_is_away_the_queue_carries_it_out(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS)
    code = code_sent_to(ADDRESS)
    shop.sandbox.fail(500, 50)
    response = type_code(Client(), declaration, code)
    assert response.status_code == 200
    assert "being carried out" in response.content.decode()
    shop.sandbox.fail(500, 0)
    shop.settle()
    subscription.refresh_from_db()
    declaration.refresh_from_db()
    assert subscription.cancel_at_period_end
    assert declaration.state == "done"


def test_what_cannot_be_returned_becomes_an_alert(shop: Shop, settings: Any) -> None:
    settings.REFUND_WHEN_LEAVING = True
    shop.subscribe(Client(), ADDRESS)
    (charge,) = Gateway().charges_of(StripeCustomer.objects.get().stripe_id)
    shop.sandbox.open_dispute(charge["id"])
    shop.settle()
    declaration = declared(Client(), ADDRESS, end="at_once")
    response = type_code(Client(), declaration, code_sent_to(ADDRESS))
    assert refunds_of(shop) == []
    assert "A person here sees to it" in response.content.decode()
    assert Alert.objects.filter(kind="not_returned").count() == 1


def test_two_subscriptions_end_both_or_the_one_that_is_named(shop: Shop, settings: Any) -> None:
    settings.REFUND_SECOND_SUBSCRIPTION = False
    first_tab, second_tab = Client(), Client()
    first, second = shop.checkout(first_tab, ADDRESS), shop.checkout(second_tab, ADDRESS, "monthly")
    shop.pay(first)
    shop.pay(second)
    shop.settle()
    yearly, monthly = (Subscription.objects.get(plan__key=key) for key in ("annual", "monthly"))
    named = declared(Client(), ADDRESS, contract="monthly")
    type_code(Client(), named, code_sent_to(ADDRESS))
    for row in (yearly, monthly):
        row.refresh_from_db()
    assert (yearly.cancel_at_period_end, monthly.cancel_at_period_end) == (False, True)
    both = declared(Client(), ADDRESS)
    type_code(Client(), both, code_sent_to(ADDRESS))
    yearly.refresh_from_db()
    assert yearly.cancel_at_period_end


def test_the_ledger_says_what_was_bought(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    bought = Agreement.objects.get(kind="checkout")
    assert bought.attempt is not None
    assert bought.attempt.subscription == subscription
    assert (bought.amount_minor, bought.currency, bought.begins_at_once) == (8900, "USD", True)


def test_a_change_that_is_planned_falls_with_the_contract(shop: Shop) -> None:
    """Stripe refuses to end what a schedule manages: it is released first."""
    subscription = shop.subscribe(Client(), ADDRESS)
    schedule = Gateway().create_schedule(subscription.stripe_id, key="planned")
    declaration = declared(Client(), ADDRESS)
    type_code(Client(), declaration, code_sent_to(ADDRESS))
    assert shop.sandbox.get(schedule["id"])["status"] == "released"
    subscription.refresh_from_db()
    assert subscription.cancel_at_period_end


def test_what_ends_anyway_is_left_as_it_is_and_said(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    Gateway().update_subscription(subscription.stripe_id, {"cancel_at_period_end": True})
    shop.settle()
    asked = len(changing_calls(shop))
    declaration = declared(Client(), ADDRESS)
    response = type_code(Client(), declaration, code_sent_to(ADDRESS))
    assert len(changing_calls(shop)) == asked
    assert "You read until then" in response.content.decode()


def test_a_group_ends_with_its_seats_and_says_so(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    Group.objects.create(subscription=subscription, owner=subscription.user, seats=3)
    declaration = declared(Client(), ADDRESS)
    response = type_code(Client(), declaration, code_sent_to(ADDRESS))
    assert "The seats of your group end with it." in response.content.decode()


def test_who_reads_by_a_seat_is_told_who_can_take_it_back(shop: Shop) -> None:
    owner, member = make.user(), make.user(ADDRESS)
    group = Group.objects.create(subscription=make.subscription(owner), owner=owner, seats=2)
    group.places.create(email=ADDRESS, user=member, state="taken", taken_at=timezone.now())
    declaration = declared(Client(), ADDRESS)
    make.run_tasks()
    told = OutgoingMail.objects.get(dedupe_key=f"leaving_nothing:{declaration.pk}")
    assert "a group that somebody else pays for" in told.text
    assert group.places.get().state == "taken"
