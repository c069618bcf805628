"""Erasing an account on whose address a stranger has run up a debt; who owes something themselves is asked for it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.models import CheckoutAttempt, Invoice, Subscription
from tests import make
from tests.accounts.doors import ask_at_login, mailed_code, type_code
from tests.shop import Shop
from tests.subscriptions.erasing import DOOR, erase

pytestmark = pytest.mark.django_db(transaction=True)

VICTIM = "victim@example.org"
REFUSED = "An invoice of yours is not paid yet."


def owing(shop: Shop, browser: Client) -> Subscription:
    """A subscription whose renewal has failed, bought with the victim's address."""
    attempt = shop.checkout(browser, VICTIM, plan="monthly")
    shop.pay(attempt, card="fails_at_renewal")
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.subscription is not None
    assert attempt.subscription.period_end is not None
    with shop.at(attempt.subscription.period_end):
        pass
    row = Subscription.objects.get()
    assert (row.status, row.user) == ("past_due", User.objects.get(email=VICTIM))
    assert Invoice.objects.filter(status="open").count() == 1
    return row


def page_of(email: str) -> str:
    return make.logged_in(User.objects.get(email=email)).get(DOOR).content.decode()


@pytest.mark.parametrize("has_account", [True, False])
def test_what_a_stranger_bought_with_an_address_keeps_its_owner_from_nothing(shop: Shop, has_account: bool) -> None:
    if has_account:
        make.user(VICTIM, last_login=timezone.now())
    row = owing(shop, Client())
    assert REFUSED not in page_of(VICTIM)
    erase(User.objects.get(email=VICTIM))
    assert shop.sandbox.get(row.stripe_id)["status"] == "canceled"


def test_who_bought_it_while_logged_in_is_asked_to_pay(shop: Shop) -> None:
    owing(shop, make.logged_in(make.user(VICTIM)))
    assert REFUSED in page_of(VICTIM)


def test_who_logs_in_where_it_was_bought_has_taken_it_up(shop: Shop, client: Client) -> None:
    attempt = shop.checkout(client, VICTIM, plan="monthly")
    shop.pay(attempt, card="fails_at_renewal")
    shop.settle()
    log_in(client)
    attempt.refresh_from_db()
    assert attempt.taken_up_at is not None
    row = Subscription.objects.get()
    assert row.period_end is not None
    with shop.at(row.period_end):
        assert REFUSED in page_of(VICTIM)


def test_a_login_elsewhere_takes_nothing_up(shop: Shop, client: Client) -> None:
    shop.subscribe(Client(), VICTIM)
    log_in(client)
    assert CheckoutAttempt.objects.get().taken_up_at is None


def log_in(browser: Client) -> None:
    """By a code that comes by mail."""
    ask_at_login(browser, VICTIM)
    assert type_code(browser, mailed_code(VICTIM)).status_code == 302
