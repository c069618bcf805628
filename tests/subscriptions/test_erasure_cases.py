"""Case 76 of the billing specification: an account that is erased, its subscription, and what Stripe tells later."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from subscriptions.catalogue import sync_plans
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import (
    Alert,
    AttemptState,
    Card,
    CheckoutAttempt,
    Dispute,
    Invoice,
    OutgoingMail,
    Plan,
    Purchase,
    StripeCustomer,
    Subscription,
    TrialUse,
)
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.erasing import DOOR, code_for, erase, type_code

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


def reader_of(subscription: Subscription) -> User:
    assert subscription.user is not None
    return subscription.user


@pytest.mark.case(76)
def test_the_subscription_is_cancelled_first_and_late_events_do_no_harm(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    customer = StripeCustomer.objects.get()
    reader = reader_of(subscription)
    shop.sandbox.delivery.mode = "hold"
    erase(reader)
    assert shop.sandbox.get(subscription.stripe_id)["status"] == "canceled"
    deletions = [f"{call.method} {call.path}" for call in shop.sandbox.calls if call.method == "DELETE"]
    assert deletions == [
        f"DELETE /v1/subscriptions/{subscription.stripe_id}",
        f"DELETE /v1/customers/{customer.stripe_id}",
    ]
    before = dict(Subscription.objects.values().get())
    shop.sandbox.delivery.mode = "normal"
    shop.sandbox.delivery.flush()
    shop.settle()
    assert Subscription.objects.values().get() == before
    assert before["status"] == "canceled"
    assert not User.objects.exists(), "no event makes the account anew"
    customer.refresh_from_db()
    assert (customer.user, customer.billing_email) == (None, "")
    assert Invoice.objects.count() == 1, "invoices are kept"
    assert not OutgoingMail.objects.exists(), "nobody is written to"


def test_a_payment_page_that_was_open_is_closed_and_makes_no_new_account(shop: Shop) -> None:
    reader = make.user(ADDRESS)
    attempt = shop.checkout(make.logged_in(reader))
    erase(reader)
    assert shop.sandbox.get(attempt.session_id or "")["status"] == "expired"
    shop.settle()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.user) == ("expired", None)
    assert not User.objects.exists()


def test_where_stripe_is_away_nothing_is_erased_and_another_try_does_it(shop: Shop) -> None:
    reader = reader_of(shop.subscribe(Client(), ADDRESS))
    browser = make.logged_in(reader)
    code = code_for(browser, ADDRESS)
    shop.sandbox.fail(500, 50)
    assert type_code(browser, code).status_code == 503
    assert User.objects.filter(pk=reader.pk).exists()
    shop.sandbox.fail(500, 0)
    assert type_code(browser, code).status_code == 302
    assert not User.objects.exists()


def held_payment(shop: Shop, attempt: CheckoutAttempt, card: str = "succeeds") -> None:
    """Paid, and nothing told of it yet, nor any sync queued that would find it."""
    shop.sandbox.delivery.mode = "hold"
    shop.settle()
    assert shop.pay(attempt, card)["outcome"] == "complete"
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.OPEN


def tell_all(shop: Shop) -> None:
    shop.sandbox.delivery.mode = "normal"
    shop.sandbox.delivery.flush()
    shop.settle()


@pytest.mark.case(76)
@pytest.mark.parametrize("gives_back", [True, False])
@pytest.mark.parametrize("is_logged_in", [True, False])
def test_what_was_paid_a_moment_before_is_booked_and_ended(
    shop: Shop, settings: Any, is_logged_in: bool, gives_back: bool
) -> None:
    settings.REFUND_WHEN_LEAVING = gives_back
    reader = make.user(ADDRESS)
    attempt = shop.checkout(make.logged_in(reader) if is_logged_in else Client(), ADDRESS)
    held_payment(shop, attempt)
    erase(reader)
    tell_all(shop)
    (subscription,) = shop.sandbox.objects("subscription")
    assert subscription["status"] == "canceled"
    booked = Subscription.objects.get()
    assert (booked.stripe_id, booked.status, booked.user) == (subscription["id"], "canceled", None)
    assert Invoice.objects.get().paid_minor == 8900
    attempt.refresh_from_db()
    assert (attempt.state, attempt.user) == (AttemptState.PAID, None)
    returned = [refund["amount"] for refund in shop.sandbox.objects("refund")]
    assert bool(returned) is gives_back
    assert not User.objects.exists(), "no event makes the account anew"
    assert list(reconcile()) == []


def test_a_payment_that_comes_while_pages_are_closed_is_booked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = make.user(ADDRESS)
    attempt = shop.checkout(make.logged_in(reader))
    expire = Gateway.expire_session

    def too_late(gateway: Gateway, session_id: str) -> Any:
        shop.pay(attempt)
        return expire(gateway, session_id)

    shop.sandbox.delivery.mode = "hold"
    monkeypatch.setattr(Gateway, "expire_session", too_late)
    erase(reader)
    tell_all(shop)
    assert shop.sandbox.objects("subscription")[0]["status"] == "canceled"
    assert Subscription.objects.get().status == "canceled"
    assert Invoice.objects.get().paid_minor == 8900


def test_what_was_bought_once_a_moment_before_stays_in_the_books(shop: Shop) -> None:
    shop.once("pass", pass_hours=24)
    reader = make.user(ADDRESS)
    response = shop.buy(make.logged_in(reader))
    held_payment(shop, CheckoutAttempt.objects.get(session_url=response["Location"]))
    erase(reader)
    tell_all(shop)
    bought = Purchase.objects.get()
    assert (bought.amount_minor, bought.user) == (300, None)
    assert bought.invoice_id


@pytest.mark.case(76)
@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("is_logged_in", [True, False])
def test_while_a_debit_is_under_way_the_account_stays(shop: Shop, is_logged_in: bool, is_told: bool, ok: bool) -> None:
    Plan.objects.update(currency="EUR")
    sync_plans()
    reader = make.user(ADDRESS)
    browser = make.logged_in(reader)
    attempt = shop.checkout(browser if is_logged_in else Client(), ADDRESS)
    code = code_for(browser, ADDRESS)
    held_payment(shop, attempt, "sepa")
    if is_told:
        tell_all(shop)
    response = type_code(browser, code)
    assert response.status_code == 409
    assert "your bank has not answered yet" in response.content.decode()
    assert "your bank has not answered yet" in browser.get(DOOR).content.decode()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PROCESSING
    shop.sandbox.settle_debit(attempt.session_id or "", ok)
    tell_all(shop)
    attempt.refresh_from_db()
    assert attempt.state == (AttemptState.PAID if ok else AttemptState.FAILED)
    erase(reader)
    shop.settle()
    assert Subscription.objects.get().user is None
    assert Subscription.objects.get().status in ("canceled", "incomplete_expired")
    assert not User.objects.exists()


def test_a_page_that_a_stranger_opened_under_the_address_is_closed_too(shop: Shop) -> None:
    reader = make.user(ADDRESS)
    attempt = shop.checkout(Client(), ADDRESS)
    erase(reader)
    assert shop.sandbox.get(attempt.session_id or "")["status"] == "expired"
    shop.settle()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.email.endswith(".invalid")) == (AttemptState.EXPIRED, True)
    assert not User.objects.exists()
    assert not Alert.objects.exists()


def test_the_card_goes_and_the_dispute_and_the_mark_of_a_trial_stay_and_name_nobody(shop: Shop) -> None:
    Plan.objects.filter(key="annual").update(trial_days=14)
    attempt = shop.checkout(Client(), ADDRESS)
    shop.pay(attempt)
    shop.settle()
    subscription = Subscription.objects.get()
    with shop.later(days=15):
        shop.decide(shop.dispute(subscription), "won")
        assert Card.objects.count() == Dispute.objects.count() == TrialUse.objects.count() == 1
        erase(reader_of(Subscription.objects.get()))
        assert not Card.objects.exists()
        assert Dispute.objects.get().subscription == subscription
        assert TrialUse.objects.get().user is None


@pytest.mark.parametrize("gives_back", [True, False])
def test_what_is_not_used_goes_back_where_the_setting_says_so(shop: Shop, settings: Any, gives_back: bool) -> None:
    settings.REFUND_WHEN_LEAVING = gives_back
    subscription = shop.subscribe(Client(), ADDRESS)
    shop.sandbox.advance(days=100)
    shop.settle()
    erase(reader_of(subscription))
    returned = [int(refund["amount"]) for refund in shop.sandbox.objects("refund")]
    assert bool(returned) is gives_back
    assert all(0 < amount < subscription.amount_minor for amount in returned)


def test_the_same_address_begins_anew_without_what_was_before(shop: Shop) -> None:
    erase(reader_of(shop.subscribe(Client(), ADDRESS)))
    shop.settle()
    anew = shop.subscribe(Client(), ADDRESS, "monthly")
    assert Subscription.objects.filter(user=anew.user).count() == 1
    assert StripeCustomer.objects.filter(user=anew.user).count() == 1
