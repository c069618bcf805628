"""Ending a subscription with its period, at once, and taking that back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.models import Subscription
from subscriptions.stripe_gateway import Gateway
from tests.shop import Shop
from tests.subscriptions.changes import account, add_plan, address, again, at_stripe, invoices, period_of, text_of
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def cancel(browser: Client, shop: Shop, row: Subscription, by: str) -> None:
    if by == "flag":
        assert browser.post(address(row, "cancel")).status_code == 302
    else:
        end = int(period_of(shop, row)[1].timestamp())
        Gateway().update_subscription(row.stripe_id, {"cancel_at": end})
        shop.settle()


@pytest.mark.parametrize(
    "by", [pytest.param("flag", marks=pytest.mark.case(49)), pytest.param("date", marks=pytest.mark.case(50))]
)
def test_who_cancels_reads_to_the_end_of_what_is_paid(
    by: str, shop: Shop, browser: Client, row: Subscription, article: Any
) -> None:
    cancel(browser, shop, row, by)
    end = period_of(shop, row)[1]
    assert f"ends on {timezone.localtime(end):%-d %B %Y}" in account(browser)
    assert reads(browser, article)
    with shop.at(end - HOUR):
        assert reads(again(), article)
    with shop.at(end + HOUR):
        assert not reads(again(), article)
        row.refresh_from_db()
        assert row.status == "canceled"
        assert len(invoices(shop, row)) == 1


@pytest.mark.case(51)
@pytest.mark.parametrize("by", ["flag", "date"])
def test_a_cancellation_that_is_taken_back_renews(
    by: str, shop: Shop, browser: Client, row: Subscription, article: Any
) -> None:
    cancel(browser, shop, row, by)
    assert browser.post(address(row, "keep")).status_code == 302
    row.refresh_from_db()
    assert row.ends_at is None
    end = period_of(shop, row)[1]
    with shop.at(end + HOUR):
        assert reads(again(), article)
        assert [one["status"] for one in invoices(shop, row)] == ["paid", "paid"]


@pytest.mark.case(52)
def test_what_is_cancelled_at_once_ends_now(shop: Shop, browser: Client, row: Subscription, article: Any) -> None:
    assert reads(browser, article)
    Gateway().cancel_subscription(row.stripe_id, key="test:cancel")
    shop.settle()
    assert not reads(browser, article)
    assert "ended on" in account(browser)


def test_less_of_it_is_offered_beside_the_button_and_nowhere_before(
    shop: Shop, browser: Client, row: Subscription
) -> None:
    add_plan(shop, "light", 400, allowance=3)
    page = text_of(browser.get(address(row, "cancel")))
    before, _button, beside = page.partition("Cancel my subscription</button>")
    for offer in ("Pause it instead", "Choose a cheaper plan"):
        assert offer not in before
        assert offer in beside
    assert at_stripe(shop, row)["cancel_at"] is None


def test_nothing_is_offered_beside_the_button_where_there_is_nothing_less(
    shop: Shop, browser: Client, settings: Any
) -> None:
    settings.PAUSE_MONTHS = 0
    yearly = shop.subscribe(browser, plan="annual")
    page = text_of(browser.get(address(yearly, "cancel")))
    assert "Cancel my subscription</button>" in page
    assert "instead" not in page
    assert "cheaper" not in page
