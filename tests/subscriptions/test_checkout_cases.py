"""From the gate to the payment page and back: cases 1 to 12 of the billing specification, over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.models import (
    Alert,
    AttemptState,
    CheckoutAttempt,
    Invoice,
    Lead,
    OutgoingMail,
    StripeCustomer,
    Subscription,
)
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.mark.case(1)
def test_who_pays_monthly_is_active_and_gets_one_receipt(shop: Shop, article: Any) -> None:
    browser = Client()
    assert not reads(browser, article)
    subscription = shop.subscribe(browser, ADDRESS, "monthly")
    assert subscription.status == "active"
    assert subscription.plan.key == "monthly"
    assert subscription.user == User.objects.get(email=ADDRESS)
    assert reads(browser, article)
    receipt = OutgoingMail.objects.exclude(dedupe_key=f"welcome:{subscription.stripe_id}").get()
    assert receipt.dedupe_key == f"receipt:{Invoice.objects.get().stripe_id}"
    assert receipt.recipient == ADDRESS
    assert receipt.state == "sent"
    assert "$9" in receipt.text


@pytest.mark.case(2)
def test_who_returns_before_any_webhook_reads_and_a_late_webhook_changes_nothing(shop: Shop, article: Any) -> None:
    shop.sandbox.delivery.mode = "hold"
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt)
    assert shop.welcome(browser, attempt).status_code == 200
    assert reads(browser, article)
    before = Subscription.objects.values().get()
    shop.sandbox.delivery.flush()
    shop.settle()
    assert Subscription.objects.values().get() == before
    assert OutgoingMail.objects.count() == 2  # the welcome and the receipt


@pytest.mark.case(3)
def test_webhook_first_gives_access_at_once(shop: Shop, article: Any) -> None:
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    assert not reads(browser, article)
    shop.pay(attempt)
    shop.settle()
    assert reads(browser, article)
    assert shop.welcome(browser, attempt).status_code == 200


@pytest.mark.case(4)
def test_a_declined_card_and_then_a_good_one_make_one_subscription(shop: Shop, article: Any) -> None:
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt, card="declined")
    shop.settle()
    assert not reads(browser, article)
    assert not Subscription.objects.exists()
    shop.pay(attempt)
    shop.settle()
    assert Subscription.objects.get().status == "active"
    assert reads(browser, article)


@pytest.mark.case(5)
def test_who_leaves_the_payment_page_reads_nothing_and_may_try_again(shop: Shop, article: Any) -> None:
    browser = Client()
    left = shop.checkout(browser, ADDRESS)
    assert shop.welcome(browser, left).status_code == 200
    assert not reads(browser, article)
    again = shop.checkout(browser, ADDRESS)
    shop.pay(again)
    shop.settle()
    assert reads(browser, article)
    assert Subscription.objects.count() == 1


@pytest.mark.case(6)
def test_a_session_that_expires_closes_its_attempt(shop: Shop, article: Any) -> None:
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.sandbox.advance(days=2)
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.EXPIRED
    page = shop.welcome(browser, attempt)
    assert page.status_code == 200
    assert not reads(browser, article)
    assert shop.checkout(browser, ADDRESS).pk != attempt.pk


@pytest.mark.case(7)
@pytest.mark.parametrize("is_paid", [False, True])
def test_another_readers_welcome_address_is_not_there(shop: Shop, article: Any, is_paid: bool) -> None:
    browser, other = Client(), Client()
    other_reader = make.logged_in(make.user("other@example.org"))
    attempt = shop.checkout(browser, ADDRESS)
    if is_paid:
        shop.pay(attempt)
    for stranger in (other, other_reader):
        assert shop.welcome(stranger, attempt).status_code == 404
        assert stranger.post(f"/subscribe/welcome/?session_id={attempt.session_id}").status_code == 404
        assert not reads(stranger, article)
    assert not Subscription.objects.exists()
    assert shop.welcome(browser, attempt).status_code == 200
    assert reads(browser, article) is is_paid


@pytest.mark.case(8)
@pytest.mark.parametrize(
    "forged", ["cs_test_forged", "", "x" * 300, "cs_test_\x00", "cs_test_é", "../../v1/customers", "' OR 1=1 --"]
)
def test_a_forged_session_id_gives_nothing(shop: Shop, article: Any, forged: str) -> None:
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    calls = len(shop.sandbox.calls)
    assert browser.get("/subscribe/welcome/", {"session_id": forged}).status_code in (400, 404)
    assert len(shop.sandbox.calls) == calls
    assert not reads(browser, article)
    assert shop.welcome(browser, attempt).status_code == 200


@pytest.mark.case(9)
def test_a_double_click_makes_one_session_and_one_customer(shop: Shop) -> None:
    ready = threading.Barrier(2)

    def click() -> str:
        try:
            ready.wait()
            return shop.start(Client(), ADDRESS)["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = [job.result() for job in [pool.submit(click), pool.submit(click)]]
    assert first == second
    assert CheckoutAttempt.objects.count() == 1
    assert len(shop.sandbox.objects("checkout.session")) == 1
    assert len(shop.sandbox.objects("customer")) == StripeCustomer.objects.count() == 1
    assert Lead.objects.count() == 2


@pytest.mark.case(9)
def test_a_double_click_of_a_reader_who_is_logged_in_makes_one_customer(shop: Shop) -> None:
    user = make.user(ADDRESS)
    ready = threading.Barrier(2)

    def click(browser: Client) -> str:
        try:
            ready.wait()
            return shop.start(browser)["Location"]
        finally:
            connection.close()

    browsers = [make.logged_in(user), make.logged_in(user)]
    with ThreadPoolExecutor(2) as pool:
        first, second = [job.result() for job in [pool.submit(click, browser) for browser in browsers]]
    assert first == second
    assert len(shop.sandbox.objects("customer")) == 1


@pytest.mark.case(10)
@pytest.mark.parametrize("returns", [True, False])
def test_two_tabs_that_both_paid_raise_an_alert_and_access_stays(
    shop: Shop, article: Any, settings: Any, returns: bool
) -> None:
    settings.REFUND_SECOND_SUBSCRIPTION = returns
    first_tab, second_tab = Client(), Client()
    first = shop.subscribe(first_tab, ADDRESS)
    second = shop.subscribe(second_tab, ADDRESS, "monthly")
    shop.settle()
    assert first.user == second.user
    first.refresh_from_db()
    second.refresh_from_db()
    assert Alert.objects.get().kind == "double_subscription"
    assert Alert.objects.get().customer is not None
    assert first.status == "active"
    assert second.status == ("canceled" if returns else "active")
    assert len(shop.sandbox.objects("refund")) == int(returns)
    returned = OutgoingMail.objects.filter(dedupe_key__startswith="second_payment_returned:")
    assert returned.count() == int(returns)
    assert reads(first_tab, article)
    assert reads(second_tab, article)
    assert reads(make.logged_in(first.user), article)
    assert "It ended" not in shop.welcome(second_tab, second.checkout_attempts.get()).content.decode()


@pytest.mark.case(10)
@pytest.mark.parametrize("is_entered", [True, False])
def test_what_a_stranger_bought_for_an_address_does_not_decide_over_its_owners_payment(
    shop: Shop, article: Any, is_entered: bool
) -> None:
    """Nothing is returned by itself before the owner has entered the account to which the stranger's purchase went."""
    older = shop.subscribe(Client(headers={"User-Agent": "a stranger's"}), ADDRESS, "monthly")
    if is_entered:
        make.logged_in(older.user)
    owner = Client(headers={"User-Agent": "the owner's"})
    newer = shop.subscribe(owner, ADDRESS)
    shop.settle()
    newer.refresh_from_db()
    assert Alert.objects.get().kind == "double_subscription"
    assert newer.status == ("canceled" if is_entered else "active")
    assert reads(owner, article)


@pytest.mark.case(11)
def test_an_active_subscriber_who_chooses_a_plan_comes_to_the_account_page(shop: Shop) -> None:
    browser = make.logged_in(make.user(ADDRESS))
    shop.subscribe(browser)
    sessions = len(shop.sandbox.objects("checkout.session"))
    response = shop.start(browser, plan="monthly")
    assert response.status_code == 302
    assert response["Location"] == "/account/"
    assert len(shop.sandbox.objects("checkout.session")) == sessions
    assert "You have a subscription already" in browser.get("/account/").content.decode()


@pytest.mark.case(11)
def test_who_was_given_the_library_for_good_is_sold_nothing(shop: Shop) -> None:
    user = make.user(ADDRESS)
    grant = make.grant(user)
    browser = make.logged_in(user)
    assert shop.start(browser)["Location"] == "/account/"
    grant.ends_at = timezone.now() + timedelta(days=30)
    grant.save()
    assert shop.start(browser).status_code == 303


@pytest.mark.case(11)
def test_the_browser_that_has_just_paid_is_not_charged_again_before_its_reader_logs_in(shop: Shop) -> None:
    browser = Client()
    shop.subscribe(browser, ADDRESS)
    response = shop.start(browser, ADDRESS, "monthly")
    assert response["Location"].startswith("/subscribe/welcome/")
    assert browser.get(response["Location"]).status_code == 200
    assert len(shop.sandbox.objects("checkout.session")) == 1
    assert shop.start(browser, "another@example.org").status_code == 303


@pytest.mark.case(12)
@pytest.mark.parametrize("status", ["incomplete_expired", "incomplete", "canceled"])
def test_a_former_subscription_does_not_stand_in_the_way(shop: Shop, article: Any, status: str) -> None:
    browser = make.logged_in(make.user(ADDRESS))
    former = shop.subscribe(browser)
    shop.sandbox.set_status(former.stripe_id, status)
    shop.settle()
    CheckoutAttempt.objects.update(paid_at="2020-01-01T00:00Z")  # the day of the pass is over
    assert not reads(browser, article)
    shop.subscribe(browser, plan="monthly")
    assert len(shop.sandbox.objects("customer")) == 1
    assert reads(browser, article)


def test_no_mail_goes_to_the_address_before_anything_is_paid(shop: Shop) -> None:
    shop.checkout(Client(), ADDRESS)
    shop.settle()
    assert mail.outbox == []
    assert not OutgoingMail.objects.exists()


def test_a_session_that_stripe_has_forgotten_counts_as_expired(shop: Shop) -> None:
    attempt = shop.checkout(Client(), ADDRESS)
    CheckoutAttempt.objects.update(session_id="cs_test_of_another_account")
    sync_customer(attempt.customer)
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.EXPIRED


def test_a_subscription_of_the_test_mode_is_no_double_of_a_live_one(shop: Shop) -> None:
    user = make.user(ADDRESS)
    other_mode = make.stripe_customer(user)
    StripeCustomer.objects.filter(pk=other_mode.pk).update(livemode=True)
    make.subscription(user, customer=other_mode)
    shop.subscribe(make.logged_in(user))
    assert not Alert.objects.exists()


def test_a_subscription_whose_end_is_decided_is_not_kept_instead_of_a_new_one(shop: Shop) -> None:
    """The reader wants to go on: which of the two stays is for a person to say."""
    older = shop.subscribe(Client(), ADDRESS)
    shop.settle()
    Gateway().update_subscription(older.stripe_id, {"cancel_at_period_end": True})
    newer = shop.subscribe(Client(), ADDRESS, "monthly")
    newer.refresh_from_db()
    assert Alert.objects.get().kind == "double_subscription"
    assert newer.status == "active"
    assert shop.sandbox.objects("refund") == []


def test_a_delayed_payment_that_fails_closes_the_attempt(shop: Shop, article: Any) -> None:
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt)
    session = shop.sandbox.get(attempt.session_id or "")
    session["payment_status"] = "unpaid"
    shop.sandbox.set_status(session["subscription"], "incomplete")
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PROCESSING
    assert not reads(browser, article)
    shop.sandbox.set_status(session["subscription"], "incomplete_expired")
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.FAILED
    assert "Nothing was charged" in shop.welcome(browser, attempt).content.decode()
