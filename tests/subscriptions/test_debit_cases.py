"""Payments that take days: cases 16 and 17 of the billing specification, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from subscriptions.catalogue import sync_plans
from subscriptions.models import AttemptState, CheckoutAttempt, OutgoingMail, Plan, Subscription
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.fixture
def debited(shop: Shop, article: Any) -> CheckoutAttempt:
    """An attempt whose payment is under way: completed at Stripe, and unpaid."""
    Plan.objects.update(currency="EUR")
    sync_plans()
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt, card="sepa")
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PROCESSING
    assert shop.welcome(browser, attempt).status_code == 200
    assert not reads(browser, article)
    assert not OutgoingMail.objects.exists()
    return attempt


def browser_of(attempt: CheckoutAttempt) -> Client:
    assert attempt.user is not None
    return make.logged_in(attempt.user)


@pytest.mark.case(16)
def test_a_debit_opens_nothing_before_it_has_come(shop: Shop, debited: CheckoutAttempt, article: Any) -> None:
    shop.sandbox.settle_debit(debited.session_id or "")
    shop.settle()
    debited.refresh_from_db()
    assert debited.state == AttemptState.PAID
    assert Subscription.objects.get().status == "active"
    assert reads(browser_of(debited), article)
    assert OutgoingMail.objects.filter(dedupe_key__startswith="receipt:").count() == 1
    assert not OutgoingMail.objects.filter(dedupe_key__startswith="debit_failed:").exists()


@pytest.mark.case(17)
def test_a_debit_that_fails_gives_nothing_and_one_mail(shop: Shop, debited: CheckoutAttempt, article: Any) -> None:
    shop.sandbox.settle_debit(debited.session_id or "", ok=False)
    shop.settle()
    debited.refresh_from_db()
    assert debited.state == AttemptState.FAILED
    assert not reads(make.logged_in(make.user(ADDRESS)), article)
    told = OutgoingMail.objects.get()
    assert (told.dedupe_key, told.recipient) == (f"debit_failed:{debited.uuid}", ADDRESS)
    assert "nothing was charged" in told.text
    assert "€89 a year" in told.text
    shop.settle()
    assert OutgoingMail.objects.count() == 1
