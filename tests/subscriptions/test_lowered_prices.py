"""What a subscription costs is said as it is charged, where a code goes on lowering it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from subscriptions.models import Plan, Subscription
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import (
    account,
    add_plan,
    address,
    again,
    at_stripe,
    change_to,
    hidden,
    invoices,
    period_of,
    quote_page,
    text_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

HALF = {"percent_off": 50, "duration": "forever"}
SOME_MONTHS = {"percent_off": 50, "duration": "repeating", "duration_in_months": 6}
DAY = r"\d{1,2} \w+ \d{4}"


def bought(shop: Shop, **coupon: Any) -> Subscription:
    """$9 a month, with a code that is typed at the gate and agreed to."""
    shop.promotion(**coupon)
    browser = again()
    first = shop.start_with(browser, "monthly", {"code": "SPRING"})
    second = shop.start_with(browser, "monthly", {"code": "SPRING", "agreed": hidden(first, "agreed")})
    shop.bought(second)
    return Subscription.objects.get()


@pytest.mark.parametrize(
    ("coupon", "costs"),
    [
        (HALF, r"Monthly, \$4\.50 a month \(instead of \$9, for good\): renews on"),
        (SOME_MONTHS, rf"Monthly, \$4\.50 a month \(instead of \$9, until {DAY}\): renews on"),
        ({"percent_off": 50, "duration": "once"}, r"Monthly, \$9 a month: renews on"),
        (
            {"amount_off": 200, "currency": "usd", "duration": "forever"},
            r"Monthly, \$7 a month \(instead of \$9, for good\): renews on",
        ),
    ],
    ids=["for good", "for some months", "once", "an amount"],
)
def test_account_and_welcome_say_what_is_charged(shop: Shop, coupon: dict[str, Any], costs: str) -> None:
    row = bought(shop, **coupon)
    assert re.search(costs, account(again()))
    make.run_tasks()
    (welcome,) = [str(message.body) for message in mail.outbox if "Welcome to" in str(message.body)]
    assert re.search(costs.replace("Monthly, ", "Price: ").removesuffix(": renews on"), welcome)
    assert sync_customer(row.customer).changes == ()
    with shop.at(period_of(shop, row)[1] + timedelta(hours=1)):
        row.refresh_from_db()
        assert invoices(shop, row)[-1]["amount_paid"] == (row.net_minor or row.amount_minor)


@pytest.mark.parametrize(
    ("coupon", "costs"),
    [(HALF, "$4.50 a month (instead of $9, for good)"), (HALF | {"duration": "once"}, "$9 a month")],
    ids=["for good", "once"],
)
def test_before_the_first_payment_of_a_trial_it_is_said_too(shop: Shop, coupon: dict[str, Any], costs: str) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=14)
    bought(shop, **coupon)
    assert f"Monthly, {costs}: free until" in account(again())


def test_a_discount_that_is_over_or_taken_away_is_not_spoken_of(shop: Shop) -> None:
    row = bought(shop, **(SOME_MONTHS | {"duration_in_months": 1}))
    with shop.at(period_of(shop, row)[1] + timedelta(hours=1)):
        assert "Monthly, $9 a month: renews on" in account(again())
    Gateway().update_subscription(row.stripe_id, {"discounts": ""})
    shop.settle()
    row.refresh_from_db()
    assert row.net_minor is None


def test_what_is_given_at_stripe_later_is_seen(shop: Shop) -> None:
    row = shop.subscribe(again(), plan="monthly")
    assert "Monthly, $9 a month: renews" in account(again())
    coupon = shop.promotion(**HALF)["promotion"]["coupon"]
    Gateway().update_subscription(row.stripe_id, {"discounts": [{"coupon": coupon}]})
    shop.settle()
    assert "Monthly, $4.50 a month (instead of $9, for good): renews" in account(again())


def test_a_planned_change_and_an_end_leave_what_is_said_of_the_price(shop: Shop) -> None:
    light = add_plan(shop, "light", 400, allowance=3)
    row = bought(shop, **HALF)
    assert "From" in (page := text_of(quote_page(again(), row, light)))
    assert "instead of $4.50 a month" in page
    change_to(again(), row, light)
    assert "Monthly, $4.50 a month (instead of $9, for good): you have this until" in account(again())
    again().post(address(row, "cancel"))
    assert "Monthly, $4.50 a month (instead of $9, for good): ends on" in account(again())


def test_the_page_of_resuming_says_the_next_payment_as_it_will_be(shop: Shop) -> None:
    row = bought(shop, **HALF)
    since = period_of(shop, row)[1]
    choices = re.findall(r'name="until" value="(\d+)"', again().get(address(row, "pause")).content.decode())
    again().post(address(row, "pause"), {"until": choices[-1]})
    with shop.at(since + timedelta(days=5)):
        page = text_of(again().get(address(row, "resume")))
        assert "<dt>Due today</dt><dd>$4.50</dd>" in page
        assert re.search(rf"<dt>Next payment</dt><dd>\$4\.50 on {DAY}</dd>", page)
        assert at_stripe(shop, row)["discounts"]
