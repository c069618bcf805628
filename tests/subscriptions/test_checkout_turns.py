"""Turns that a checkout may take between two requests: what a payer loses in none of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone

from subscriptions import sync
from subscriptions.catalogue import sync_plans
from subscriptions.mirroring import mirror
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import AttemptState, CheckoutAttempt, PlanPrice, StripeCustomer, SyncJob
from subscriptions.selling import checkout
from subscriptions.stripe_gateway import Gateway, StripeBusy, StripeMissing
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.mark.case(13)
@pytest.mark.parametrize("state", [AttemptState.OPEN, AttemptState.PROCESSING])
def test_a_customer_that_was_removed_is_replaced_and_its_attempts_are_closed(shop: Shop, state: str) -> None:
    browser = make.logged_in(make.user(ADDRESS))
    attempt = shop.checkout(browser)
    CheckoutAttempt.objects.update(state=state)
    assert attempt.customer is not None
    shop.sandbox.delete_customer(attempt.customer.stripe_id)
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.EXPIRED
    again = shop.checkout(browser)
    assert again.customer != attempt.customer
    assert StripeCustomer.objects.filter(deleted_at=None).get() == again.customer


@pytest.mark.case(13)
def test_a_customer_whose_removal_nobody_told_is_replaced_on_the_way(shop: Shop) -> None:
    user = make.user(ADDRESS)
    browser = make.logged_in(user)
    first = shop.checkout(browser)
    assert first.customer is not None
    shop.sandbox.delivery.mode = "drop"
    shop.sandbox.delete_customer(first.customer.stripe_id)
    again = shop.checkout(browser, plan="monthly")
    assert again.customer != first.customer


def test_who_paid_and_cancelled_before_anybody_looked_has_paid(shop: Shop) -> None:
    shop.sandbox.delivery.mode = "drop"
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt)
    Gateway().cancel_subscription(shop.sandbox.get(attempt.session_id or "")["subscription"], key="cancel")
    page = shop.welcome(browser, attempt).content.decode()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PAID
    assert "Nothing was charged" not in page
    assert attempt.subscription is not None
    assert attempt.subscription.user is not None


def test_a_late_second_click_does_not_write_over_a_payment(shop: Shop, article: Any) -> None:
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    late = CheckoutAttempt.objects.get(pk=attempt.pk)
    shop.pay(attempt)
    shop.welcome(browser, attempt)
    assert reads(browser, article)
    with pytest.raises(checkout.AlreadyPaid):
        checkout.open_session(late, Gateway(), "http://testserver")
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PAID
    assert reads(browser, article)


def test_a_removed_customer_whom_a_worker_is_at_is_answered_in_words(shop: Shop) -> None:
    browser = make.logged_in(make.user(ADDRESS))
    first = shop.checkout(browser)
    assert first.customer is not None
    shop.sandbox.delivery.mode = "drop"
    shop.sandbox.delete_customer(first.customer.stripe_id)
    with transaction.atomic():
        SyncJob.objects.update(lease="00000000-0000-0000-0000-000000000001", lease_until=timezone.now() + sync.LEASE)
    assert shop.start(browser, plan="monthly").status_code == 503


def test_a_payment_that_takes_days_is_not_sold_twice(shop: Shop) -> None:
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt)
    session = shop.sandbox.get(attempt.session_id or "")
    session["payment_status"] = "unpaid"
    shop.sandbox.set_status(session["subscription"], "incomplete")
    shop.settle()
    for plan in ("annual", "monthly"):
        response = shop.start(browser, ADDRESS, plan)
        assert response["Location"].startswith("/subscribe/welcome/"), plan
    assert len(shop.sandbox.objects("checkout.session")) == 1


def test_the_day_of_the_pass_begins_with_the_payment(shop: Shop, article: Any) -> None:
    browser = Client()
    shop.sandbox.delivery.mode = "drop"
    with time_machine.travel(timezone.now() - timedelta(hours=23), tick=False):
        attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt)
    assert shop.welcome(browser, attempt).status_code == 200
    assert reads(browser, article)
    attempt.refresh_from_db()
    assert attempt.paid_at is not None
    with time_machine.travel(attempt.paid_at + timedelta(hours=23, minutes=50), tick=False):
        assert reads(browser, article)
    with time_machine.travel(attempt.paid_at + timedelta(hours=24, minutes=1), tick=False):
        assert not reads(browser, article)


def test_who_is_logged_in_gets_no_pass_that_would_outlast_the_login(shop: Shop, article: Any) -> None:
    browser = make.logged_in(make.user(ADDRESS))
    shop.subscribe(browser)
    assert reads(browser, article)
    assert "pass" not in browser.cookies
    browser.logout()
    assert not reads(browser, article)


def test_another_accounts_key_changes_nothing(shop: Shop) -> None:
    subscription = shop.subscribe(make.logged_in(make.user(ADDRESS)))
    StripeCustomer.objects.update(stripe_id="cus_unknown_here")
    with pytest.raises(StripeMissing):
        sync_customer(StripeCustomer.objects.get())
    sync.mark_dirty(subscription.customer_id)
    assert any("not known to the Stripe account" in line for line in reconcile())
    subscription.refresh_from_db()
    assert subscription.status == "active"
    assert StripeCustomer.objects.get().deleted_at is None


def test_a_mistake_of_ours_leaves_no_lease_and_is_tried_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = shop.subscribe(make.logged_in(make.user(ADDRESS)))

    def broken(*_arguments: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(mirror, "save_subscription", broken)
        sync.mark_dirty(subscription.customer_id)
        with pytest.raises(ZeroDivisionError):
            sync.run_sync.func(customer_pk=subscription.customer_id)
    job = SyncJob.objects.get()
    assert job.lease is None
    assert "ZeroDivisionError" in job.last_error
    assert job.attempts == 1
    SyncJob.objects.update(not_before=None)
    make.run_tasks()
    job.refresh_from_db()
    assert job.done_generation == job.generation


def test_a_price_that_could_not_be_made_is_made_in_the_next_round(shop: Shop) -> None:
    PlanPrice.objects.update(is_active=False)
    shop.sandbox.fail(status=429, count=1)
    with pytest.raises(StripeBusy):
        sync_plans()
    assert shop.start(Client(), ADDRESS).status_code == 200
    sync_plans()
    assert shop.start(Client(), ADDRESS).status_code == 303
    assert len(shop.sandbox.objects("price")) == 2
