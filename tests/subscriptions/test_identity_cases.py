"""Whose subscription it is when addresses change, here and at Stripe: cases 73 to 75 of the billing specification."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from newsroom.lost_tasks import REPEATS
from subscriptions.mirroring.addresses_at_stripe import WAITS, tell_address
from subscriptions.models import Seat, StripeCustomer, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

FORMER, LATER = "former@example.org", "later@example.org"


@pytest.fixture
def subscriber(shop: Shop) -> Client:
    browser = make.logged_in(make.user(FORMER))
    shop.subscribe(browser)
    return browser


def code_in_mail() -> str:
    return re.findall(r"^\d{6}$", str(mail.outbox[-1].body), re.MULTILINE)[0]


def change_login(browser: Client, email: str) -> None:
    """As a reader does it: the new address, and the code that was sent there."""
    browser.post("/account/email/", {"email": email, "action_add": ""})
    make.run_tasks()
    assert mail.outbox[-1].to == [email]
    browser.post("/account/confirm-email/", {"code": code_in_mail()})
    assert User.objects.filter(email=email).exists()


def log_in(email: str) -> Client:
    browser = Client()
    browser.post("/account/login/", {"login": email})
    make.run_tasks()
    assert mail.outbox[-1].to == [email]
    assert browser.post("/account/login/code/confirm/", {"code": code_in_mail()}).status_code == 302
    return browser


def at_stripe(shop: Shop) -> str:
    return str(shop.sandbox.get(StripeCustomer.objects.get().stripe_id)["email"])


@pytest.mark.case(73)
def test_an_address_changed_at_stripe_is_where_invoices_go_and_never_the_login(
    shop: Shop, subscriber: Client, article: Any
) -> None:
    customer = StripeCustomer.objects.get()
    Gateway().update_customer(customer.stripe_id, {"email": "accounts@example.org"})
    shop.settle()
    customer.refresh_from_db()
    assert customer.billing_email == "accounts@example.org"
    assert User.objects.get().email == FORMER
    assert reads(subscriber, article)
    stranger = log_in("accounts@example.org")
    assert not reads(stranger, article)
    assert Subscription.objects.get().user == User.objects.get(email=FORMER)


@pytest.mark.case(74)
def test_a_changed_login_is_told_to_stripe(shop: Shop, subscriber: Client, article: Any) -> None:
    change_login(subscriber, LATER)
    shop.settle()
    assert at_stripe(shop) == LATER
    assert StripeCustomer.objects.get().billing_email == LATER
    assert reads(subscriber, article)


@pytest.mark.case(74)
def test_while_stripe_is_away_the_address_changes_all_the_same_and_is_told_later(
    shop: Shop, subscriber: Client
) -> None:
    shop.sandbox.fail(500, count=2, path="/v1/customers")
    change_login(subscriber, LATER)
    assert User.objects.get().email == LATER
    shop.settle()
    assert at_stripe(shop) == FORMER
    with time_machine.travel(timezone.now() + WAITS[0]):
        shop.settle()
    assert at_stripe(shop) == LATER


@pytest.mark.case(74)
def test_an_address_of_an_accounts_department_stays_when_the_login_changes(shop: Shop, subscriber: Client) -> None:
    Gateway().update_customer(StripeCustomer.objects.get().stripe_id, {"email": "accounts@example.org"})
    change_login(subscriber, LATER)
    shop.settle()
    assert at_stripe(shop) == "accounts@example.org"


@pytest.mark.case(74)
def test_a_change_told_twice_and_in_the_wrong_order_ends_with_the_address_of_now(
    shop: Shop, subscriber: Client
) -> None:
    customer, user = StripeCustomer.objects.get(), User.objects.get()
    User.objects.update(email="last@example.org")
    for former in (LATER, FORMER, FORMER, LATER):
        tell_address.enqueue(customer_pk=customer.pk, user_pk=user.pk, former=former)
    shop.settle()
    assert at_stripe(shop) == "last@example.org"
    assert REPEATS[tell_address.module_path] == 2


@pytest.mark.case(75)
def test_a_stranger_with_a_subscribers_former_address_gets_nothing(
    shop: Shop, subscriber: Client, article: Any
) -> None:
    change_login(subscriber, LATER)
    shop.settle()
    stranger = log_in(FORMER)
    assert not reads(stranger, article)
    subscription = Subscription.objects.get()
    assert subscription.user == User.objects.get(email=LATER)
    for door in ("portal", "cancel", "keep"):
        assert stranger.post(f"/account/subscription/{subscription.pk}/{door}/").status_code == 404
    shop.start(stranger, plan="monthly")
    assert StripeCustomer.objects.filter(user__email=FORMER).exclude(pk=subscription.customer_id).count() == 1
    shop.settle()
    assert not reads(stranger, article)
    assert reads(subscriber, article)


@pytest.mark.case(75)
def test_a_seat_stays_with_its_reader_and_not_with_the_address(shop: Shop, subscriber: Client, article: Any) -> None:
    shop.group_plan()
    owner = make.logged_in(make.user("owner@example.org"))
    group = shop.buy_seats(owner, 2).group
    Seat.objects.create(
        group=group, email=FORMER, user=User.objects.get(email=FORMER), state="taken", taken_at=timezone.now()
    )
    Subscription.objects.exclude(pk=group.subscription_id).update(status="canceled", known_status="canceled")
    assert reads(subscriber, article)
    change_login(subscriber, LATER)
    assert reads(subscriber, article)
    assert not reads(log_in(FORMER), article)
