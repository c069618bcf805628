"""Whom an alert is about: the customer on whose page staff find it, and nobody else's. Over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.leaving import deeds
from subscriptions.models import Alert, AlertKind, Declaration, PlanPrice, StripeCustomer, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.leavers import code_sent_to, declared, type_code

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.fixture
def subscription(shop: Shop) -> Subscription:
    """Between two others, so that neither the first nor the last customer is the one that is meant."""
    shop.subscribe(Client(), "before@example.org", plan="monthly")
    row = shop.subscribe(Client(), ADDRESS)
    shop.subscribe(Client(), "after@example.org", plan="monthly")
    assert not Alert.objects.exists()
    return row


def the_alert(kind: AlertKind) -> Alert:
    return Alert.objects.select_related("customer").get(kind=kind)


def test_an_unknown_status_is_told_of_its_customer(
    shop: Shop, subscription: Subscription, allowed_words: set[str]
) -> None:
    allowed_words.add("hibernating")
    shop.sandbox.set_status(subscription.stripe_id, "hibernating")
    shop.settle()
    assert the_alert(AlertKind.UNKNOWN_STATUS).customer == subscription.customer


def test_an_unknown_price_is_told_of_its_customer(shop: Shop, subscription: Subscription) -> None:
    known = PlanPrice.objects.get(stripe_id=subscription.price_id)
    made: Any = {"product": known.product_id, "currency": "usd", "unit_amount": 5000}
    price = Gateway().create_price(made | {"recurring": {"interval": "year"}})
    item = shop.sandbox.get(subscription.stripe_id)["items"]["data"][0]
    Gateway().update_subscription(subscription.stripe_id, {"items": [{"id": item["id"], "price": price["id"]}]})
    shop.settle()
    assert the_alert(AlertKind.UNKNOWN_PRICE).customer == subscription.customer


def test_a_payment_for_an_account_that_is_switched_off_is_told_of_its_customer(
    shop: Shop, subscription: Subscription
) -> None:
    make.user("closed@example.org", is_active=False)
    paid = shop.subscribe(Client(), "closed@example.org")
    assert paid.customer != subscription.customer
    assert the_alert(AlertKind.SWITCHED_OFF).customer == paid.customer


def confirmed(declaration: Declaration) -> None:
    type_code(Client(), declaration, code_sent_to(ADDRESS))


def too_many_codes(shop: Shop, subscription: Subscription) -> None:
    Declaration.objects.create(kind="cancel", user=subscription.user, codes_sent=10, code_sent_at=timezone.now())
    declared(Client(), ADDRESS)


def withdraws_from_a_pass(shop: Shop, subscription: Subscription) -> None:
    shop.end_now(subscription)
    shop.once("pass")
    reader = make.logged_in(User.objects.get(email=ADDRESS))
    shop.bought(shop.buy(reader))
    declared(Client(), ADDRESS, kind="withdraw")


def nothing_runs_any_more(shop: Shop, subscription: Subscription) -> None:
    declaration = declared(Client(), ADDRESS)
    code = code_sent_to(ADDRESS)
    shop.end_now(subscription)
    type_code(Client(), declaration, code)


def stripe_never_did_it(shop: Shop, subscription: Subscription) -> None:
    declaration = declared(Client(), ADDRESS)
    Declaration.objects.filter(pk=declaration.pk).update(
        user=subscription.user, state="confirmed", confirmed_at=timezone.now()
    )
    shop.sandbox.fail(500, count=20, path=f"/v1/subscriptions/{subscription.stripe_id}")
    deeds.carry_out_later.enqueue(uuid=str(declaration.pk), attempt=len(deeds.WAITS))


@pytest.mark.parametrize("happen", [too_many_codes, withdraws_from_a_pass, nothing_runs_any_more, stripe_never_did_it])
def test_what_staff_have_to_look_at_when_somebody_leaves_is_told_of_who_leaves(
    happen: Callable[[Shop, Subscription], None], shop: Shop, subscription: Subscription
) -> None:
    happen(shop, subscription)
    make.run_tasks()
    alert = the_alert(AlertKind.LEAVING)
    assert alert.customer is not None
    assert alert.customer == StripeCustomer.objects.filter(user=subscription.user).latest("pk")


def test_what_could_not_be_returned_is_told_of_who_left(shop: Shop, subscription: Subscription, settings: Any) -> None:
    settings.REFUND_WHEN_LEAVING = True
    shop.dispute(subscription)
    declaration = declared(Client(), ADDRESS, end="at_once")
    confirmed(declaration)
    assert the_alert(AlertKind.NOT_RETURNED).customer == subscription.customer


def test_a_name_alone_points_at_nobody(shop: Shop, subscription: Subscription) -> None:
    declared(Client(), "", name="Ida Kerr")
    make.run_tasks()
    assert the_alert(AlertKind.LEAVING).customer is None


def test_readers_who_share_an_address_are_not_guessed(shop: Shop, subscription: Subscription) -> None:
    other = Subscription.objects.exclude(pk=subscription.pk).latest("pk")
    StripeCustomer.objects.filter(pk__in=(other.customer_id, subscription.customer_id)).update(
        billing_email="office@example.org"
    )
    declared(Client(), "office@example.org")
    make.run_tasks()
    assert the_alert(AlertKind.LEAVING).customer is None
    assert Alert.objects.get().created_at > timezone.now() - timedelta(minutes=5)
