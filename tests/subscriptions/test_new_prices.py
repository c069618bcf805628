"""Other prices for who has subscribed already: theirs stays until somebody moves them, and then they are told first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.contracts import changing
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Agreement, Plan, PlanPrice, Subscription
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests.shop import Shop
from tests.subscriptions.changes import (
    add_plan,
    address,
    at_stripe,
    change_to,
    invoices,
    period_of,
    sold,
)
from tests.subscriptions.new_prices import day_of, price_at_stripe, reprice, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def monthly(shop: Shop, browser: Client) -> Subscription:
    return shop.subscribe(browser, plan="monthly")


def set_price(shop: Shop, row: Subscription, price: PlanPrice) -> None:
    """As in Stripe's dashboard."""
    item = at_stripe(shop, row)["items"]["data"][0]
    params = {"items": [{"id": item["id"], "price": price.stripe_id}], "proration_behavior": "none"}
    Gateway().update_subscription(row.stripe_id, params)
    shop.settle()


# --- Kept, and changed at Stripe --------------------------------------------------------------------------------------
def test_who_has_subscribed_keeps_the_price_and_hears_nothing(shop: Shop, monthly: Subscription) -> None:
    reprice(shop, "monthly", 1000)
    for number in (2, 3):
        shop.sandbox.advance_to_period_end(monthly.stripe_id)
        shop.settle()
        billed = invoices(shop, monthly)
        assert (len(billed), billed[-1]["amount_paid"]) == (number, 900)
    assert told() == []


def test_a_price_that_is_changed_at_stripe_is_told_once_with_both_prices_and_the_day(
    shop: Shop, monthly: Subscription
) -> None:
    price = reprice(shop, "monthly", 1000)
    end = period_of(shop, monthly)[1]
    set_price(shop, monthly, price)
    (text,) = told()
    assert f"changes on {day_of(end)}" in text
    assert "Until then: $9 a month" in text
    assert f"From {day_of(end)}: $10 a month" in text
    assert sync_customer(monthly.customer).changes == ()
    assert list(reconcile()) == []
    assert len(told()) == 1


def test_a_price_that_was_charged_before_anybody_heard_of_it_is_told_as_it_is(
    shop: Shop, monthly: Subscription
) -> None:
    price = reprice(shop, "monthly", 1000)
    shop.sandbox.delivery.mode = "drop"
    set_price(shop, monthly, price)
    shop.sandbox.advance_to_period_end(monthly.stripe_id)
    assert told() == []
    list(reconcile())
    shop.settle()
    (text,) = told()
    assert "has changed." in text
    assert f"From {day_of(timezone.now())}: $10 a month" in text


def test_a_price_that_a_schedule_brings_is_told_ahead_and_not_again_when_it_comes(
    shop: Shop, monthly: Subscription
) -> None:
    price = reprice(shop, "monthly", 1000)
    end = period_of(shop, monthly)[1]
    gateway = Gateway()
    changing.change_at_period_end(gateway, changing.contract_of(gateway, monthly), price, "in the dashboard")
    shop.settle()
    (text,) = told()
    assert f"From {day_of(end)}: $10 a month" in text
    with shop.at(end + timedelta(hours=2)):
        assert price_at_stripe(shop, monthly) == price.stripe_id
        assert len(told()) == 1


def test_the_same_amount_by_another_price_is_no_news(shop: Shop, monthly: Subscription) -> None:
    former = sold("monthly")
    params: Any = {
        "product": former.product_id,
        "currency": "usd",
        "unit_amount": 900,
        "recurring": {"interval": "month"},
    }
    fresh = Gateway().create_price(params)
    PlanPrice.objects.filter(pk=former.pk).update(is_active=False)
    other = PlanPrice.objects.create(
        plan=former.plan, stripe_id=fresh["id"], amount_minor=900, currency="USD", interval="month"
    )
    set_price(shop, monthly, other)
    monthly.refresh_from_db()
    assert monthly.price_id == other.stripe_id
    assert told() == []


def test_who_leaves_is_not_told_of_a_price_that_never_comes(shop: Shop, browser: Client, monthly: Subscription) -> None:
    browser.post(address(monthly, "cancel"))
    set_price(shop, monthly, reprice(shop, "monthly", 1000))
    assert told() == []


# --- Changed by the reader --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("first", "then"), [("light", "grand"), ("grand", "light")])
def test_what_the_reader_changes_is_not_told_as_news(shop: Shop, browser: Client, first: str, then: str) -> None:
    add_plan(shop, "light", 400, allowance=3)
    add_plan(shop, "grand", 1500)
    row = shop.subscribe(browser, plan=first)
    assert change_to(browser, row, sold(then)).status_code == 302
    shop.settle()
    with shop.at(period_of(shop, row)[1] + timedelta(hours=2)):
        row.refresh_from_db()
        assert row.plan == Plan.objects.get(key=then)
        assert told() == []


def test_what_was_agreed_to_is_written_down_also_where_stripe_gives_no_answer(shop: Shop, browser: Client) -> None:
    light = add_plan(shop, "light", 400, allowance=3)
    row = shop.subscribe(browser, plan="monthly")
    shop.sandbox.fail("lost", count=20, path="/v1/subscription_schedules")
    assert change_to(browser, row, light).status_code == 302
    assert Agreement.objects.get(kind="change").price == light


def test_a_worker_that_hears_of_it_first_knows_that_the_reader_wished_it(
    shop: Shop, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_plan(shop, "light", 400, allowance=3)
    row = shop.subscribe(browser, plan="light")
    add_plan(shop, "grand", 1500)
    carry_out = changing.carry_out

    def slowly(*arguments: Any) -> None:
        carry_out(*arguments)
        shop.settle()

    monkeypatch.setattr(changing, "carry_out", slowly)
    assert change_to(browser, row, sold("grand")).status_code == 302
    row.refresh_from_db()
    assert row.price_id == sold("grand").stripe_id
    assert told() == []
