"""Pauses: a reader's own, which is not paid and not read, the publisher's, and Stripe's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from subscriptions.contracts import pausing
from subscriptions.contracts.pausing import MARGIN, boundaries
from subscriptions.entitlements import standing_of
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Subscription
from subscriptions.stripe_gateway import Gateway, StripeAway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import READER, account, address, again, at_stripe, hidden, invoices, period_of, text_of
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def days(shop: Shop, row: Subscription, months: int = 3) -> list[datetime]:
    answer = at_stripe(shop, row)
    return boundaries(datetime.fromtimestamp(answer["billing_cycle_anchor"], UTC), period_of(shop, row)[1], months)


def pause(browser: Client, row: Subscription, until: datetime) -> Any:
    return browser.post(address(row, "pause"), {"until": str(int(until.timestamp()))})


def day_of(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %B %Y}"


def test_the_days_offered_are_the_next_boundaries_as_stripe_reckons_them() -> None:
    anchor = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    end = datetime(2026, 2, 28, 9, 30, tzinfo=UTC)
    assert [f"{day:%Y-%m-%d %H:%M}" for day in boundaries(anchor, end, 3)] == [
        "2026-03-31 09:30",
        "2026-04-30 09:30",
        "2026-05-31 09:30",
    ]
    assert boundaries(anchor, datetime(2026, 12, 31, 9, 30, tzinfo=UTC), 2)[1] == datetime(
        2027, 2, 28, 9, 30, tzinfo=UTC
    )


def test_a_pause_begins_when_what_is_paid_ends_and_is_charged_again_on_its_day(
    shop: Shop, browser: Client, row: Subscription, article: Any
) -> None:
    since = period_of(shop, row)[1]
    until = days(shop, row)[1]
    page = text_of(browser.get(address(row, "pause")))
    assert all(day_of(day) in page for day in days(shop, row))
    assert pause(browser, row, until).status_code == 302
    row.refresh_from_db()
    assert (row.paused_from, row.paused_until) == (since, until)
    assert at_stripe(shop, row)["pause_collection"]["resumes_at"] == int((until - MARGIN).timestamp())
    assert f"you read until {day_of(since)}. Then it is paused until {day_of(until)}" in account(browser)
    assert reads(browser, article)
    assert sync_customer(row.customer).changes == ()
    for moment, opens, paid in (
        (since - HOUR, True, 1),
        (since + HOUR, False, 1),
        (days(shop, row)[0] + HOUR, False, 1),
        (until - HOUR, False, 1),  # Stripe collects again, and nothing is paid yet
        (until + HOUR, True, 2),
    ):
        with shop.at(moment):
            assert reads(again(), article) is opens, moment
            assert len([one for one in invoices(shop, row) if one["status"] == "paid"]) == paid
            assert list(reconcile()) == []
    row.refresh_from_db()
    assert (row.paused_from, row.paused_until) == (None, None)
    assert [one["status"] for one in invoices(shop, row)] == ["paid", "void", "void", "paid"]


def test_a_failing_payment_on_the_day_of_return_is_an_overdue_renewal(
    shop: Shop, browser: Client, row: Subscription
) -> None:
    until = days(shop, row)[0]
    pause(browser, row, until)
    shop.sandbox.set_card(row.customer.stripe_id, "fails_at_renewal")
    with shop.at(until + 2 * HOUR):
        row.refresh_from_db()
        assert row.status == "past_due"
        assert row.paused_from is None


def test_a_pause_that_has_not_begun_is_taken_back_without_a_payment(
    shop: Shop, browser: Client, row: Subscription
) -> None:
    pause(browser, row, days(shop, row)[0])
    page = browser.get(address(row, "resume"))
    assert "The pause has not begun yet" in text_of(page)
    assert browser.post(address(row, "resume"), {"due": hidden(page, "due")}).status_code == 302
    row.refresh_from_db()
    assert (row.paused_from, row.is_collection_paused) == (None, False)
    assert len(invoices(shop, row)) == 1
    shop.sandbox.advance_to_period_end(row.stripe_id)
    assert invoices(shop, row)[-1]["status"] == "paid"


def test_who_returns_early_is_told_what_is_due_pays_it_and_reads(
    shop: Shop, browser: Client, row: Subscription, article: Any
) -> None:
    since, until = period_of(shop, row)[1], days(shop, row)[2]
    pause(browser, row, until)
    with shop.at(since + timedelta(days=5)):
        browser = again()
        assert not reads(browser, article)
        assert "Then you are charged again, and read on." in account(browser)
        page = browser.get(address(row, "resume"))
        assert "<dt>Due today</dt><dd>$9</dd>" in text_of(page)
        assert browser.post(address(row, "resume")).status_code == 409
        assert not reads(browser, article)
        assert browser.post(address(row, "resume"), {"due": hidden(page, "due")}).status_code == 302
        assert reads(browser, article)
        row.refresh_from_db()
        assert (row.paused_from, row.is_collection_paused) == (None, False)
        assert invoices(shop, row)[-1]["amount_paid"] == 900
        assert list(reconcile()) == []
        start, end = period_of(shop, row)
        assert start >= since + timedelta(days=5)
    with shop.at(end + HOUR):
        assert reads(again(), article)
        assert invoices(shop, row)[-1]["amount_paid"] == 900


def test_who_returns_early_and_is_asked_by_the_bank_reads_once_that_is_done(
    shop: Shop, browser: Client, row: Subscription, article: Any
) -> None:
    since = period_of(shop, row)[1]
    pause(browser, row, days(shop, row)[2])
    with shop.at(since + timedelta(days=5)):
        browser = again()
        shop.sandbox.set_card(row.customer.stripe_id, "needs_3ds_later")
        page = browser.get(address(row, "resume"))
        browser.post(address(row, "resume"), {"due": hidden(page, "due")})
        row.refresh_from_db()
        assert row.pending_update_url
        assert not reads(browser, article)
        shop.sandbox.confirm_invoice(invoices(shop, row)[-1]["id"])
        shop.settle()
        assert reads(browser, article)
        assert "renews on" in account(browser)


def agreed(browser: Client, row: Subscription) -> str:
    return hidden(browser.get(address(row, "resume")), "due")


def test_two_tabs_that_go_on_at_one_time_pay_one_period(
    shop: Shop, browser: Client, row: Subscription, article: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause(browser, row, days(shop, row)[2])
    resting = period_of(shop, row)[1] + timedelta(days=5)
    with shop.at(resting):
        early = again()
        former = agreed(early, row)
    with shop.at(resting + timedelta(minutes=1)):
        late = again()
        tabs, tokens = [early, late], [former, agreed(late, row)]
        assert tokens[0] != tokens[1]
        asked, both = pausing.resumption, threading.Barrier(2)

        def read_by_both(gateway: Gateway, answer: dict[str, Any]) -> pausing.Resumption:
            found = asked(gateway, answer)
            both.wait()
            return found

        def go_on(tab: Client, token: str) -> int:
            try:
                return tab.post(address(row, "resume"), {"due": token}).status_code
            finally:
                connection.close()

        monkeypatch.setattr(pausing, "resumption", read_by_both)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(go_on, tab, token) for tab, token in zip(tabs, tokens, strict=True)]
            assert [job.result() for job in jobs] == [302, 302]
        shop.settle()
        row.refresh_from_db()
        assert (row.paused_from, row.is_collection_paused) == (None, False)
        assert [one["amount_paid"] for one in invoices(shop, row)][1:].count(900) == 1
        assert reads(tabs[0], article)


@pytest.mark.parametrize("is_done", [True, False], ids=["only the answer was lost", "nothing was done"])
def test_going_on_again_after_a_failure_pays_one_period(
    shop: Shop, browser: Client, row: Subscription, article: Any, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    pause(browser, row, days(shop, row)[2])
    update, keys = Gateway.update_subscription, list[str]()

    def fails_once(gateway: Gateway, stripe_id: str, params: Any, *, key: str = "") -> Any:
        keys.extend([key] if key else [])
        is_failing = bool(key) and len(keys) == 1
        answer = update(gateway, stripe_id, params, key=key) if is_done or not is_failing else {}
        if is_failing:
            raise StripeAway("500")
        return answer

    monkeypatch.setattr(Gateway, "update_subscription", fails_once)
    with shop.at(period_of(shop, row)[1] + timedelta(days=5)):
        browser = again()
        held = at_stripe(shop, row)["pause_collection"]
        browser.post(address(row, "resume"), {"due": agreed(browser, row)})
        assert at_stripe(shop, row)["pause_collection"] == (None if is_done else held)
        browser.post(address(row, "resume"), {"due": agreed(browser, row)})
        assert [one["amount_paid"] for one in invoices(shop, row)][1:].count(900) == 1
        assert (keys[0] == keys[1]) is is_done
        row.refresh_from_db()
        assert (row.paused_from, row.is_collection_paused) == (None, False)
        assert at_stripe(shop, row)["metadata"].keys().isdisjoint(["paused_from", "resume_tries"])
        assert reads(browser, article)


@pytest.mark.parametrize("until", ["", "x", "1"])
def test_another_day_than_those_offered_changes_nothing(
    until: str, shop: Shop, browser: Client, row: Subscription
) -> None:
    page = browser.post(address(row, "pause"), {"until": until})
    assert page.status_code == 409
    assert "Nothing was changed." in text_of(page)
    assert at_stripe(shop, row)["pause_collection"] is None


def test_only_monthly_plans_are_paused_and_the_others_are_told_why(shop: Shop, browser: Client) -> None:
    yearly = shop.subscribe(browser, plan="annual")
    page = text_of(browser.get(address(yearly, "pause")))
    assert "Only monthly subscriptions can be paused." in page
    assert f"paid until {day_of(period_of(shop, yearly)[1])}" in page
    assert pause(browser, yearly, timezone.now()).status_code == 409
    assert f'href="{address(yearly, "pause")}"' not in account(browser)


def test_no_pause_is_offered_where_the_publisher_gives_none(browser: Client, settings: Any) -> None:
    row = make.subscription(make.User.objects.get(email=READER), plan="monthly")
    assert f'href="{address(row, "pause")}"' in account(browser)
    settings.PAUSE_MONTHS = 0
    assert "Pauses are not offered here." in text_of(browser.get(address(row, "pause")))
    assert f'href="{address(row, "pause")}"' not in account(browser)


@pytest.mark.case(53)
@pytest.mark.parametrize("reads_on", [True, False])
def test_a_pause_by_the_publisher_reads_as_the_setting_says(
    reads_on: bool, shop: Shop, browser: Client, row: Subscription, article: Any, settings: Any
) -> None:
    settings.PAUSED_COLLECTION_READS = reads_on
    Gateway().update_subscription(row.stripe_id, {"pause_collection": {"behavior": "void"}})
    shop.settle()
    row.refresh_from_db()
    assert row.is_collection_paused
    assert row.paused_from is None
    assert reads(browser, article) is reads_on
    with shop.at(period_of(shop, row)[1] + timedelta(days=4)):
        assert reads(again(), article) is reads_on
        assert f'href="{address(row, "resume")}"' not in account(again())


def test_whoever_pauses_reads_what_is_paid_even_where_a_publishers_pause_closes(
    shop: Shop, browser: Client, row: Subscription, article: Any, settings: Any
) -> None:
    settings.PAUSED_COLLECTION_READS = False
    pause(browser, row, days(shop, row)[0])
    assert reads(browser, article)


@pytest.mark.case(54)
def test_what_stripe_pauses_opens_nothing_until_it_is_resumed(
    shop: Shop, browser: Client, row: Subscription, article: Any
) -> None:
    shop.sandbox.call(
        "POST", f"/v1/subscriptions/{row.stripe_id}/pause", {}, {"authorization": f"Bearer {shop.sandbox.key}"}
    )
    shop.settle()
    row.refresh_from_db()
    assert row.status == "paused"
    assert not reads(browser, article)
    page = browser.get(address(row, "resume"))
    assert "Due today" in text_of(page)
    assert browser.post(address(row, "resume"), {"due": hidden(page, "due")}).status_code == 302
    row.refresh_from_db()
    assert row.status == "active"
    assert reads(browser, article)


def test_a_paused_one_is_cancelled_and_never_charged_again(shop: Shop, browser: Client, row: Subscription) -> None:
    since = period_of(shop, row)[1]
    pause(browser, row, days(shop, row)[2])
    with shop.at(since + HOUR):
        browser = again()
        assert "The subscription is paused. It ends on" in text_of(browser.get(address(row, "cancel")))
        browser.post(address(row, "cancel"))
        end = period_of(shop, row)[1]
    with shop.at(end + HOUR):
        row.refresh_from_db()
        assert row.status == "canceled"
        assert [one["status"] for one in invoices(shop, row)] == ["paid", "void"]


def test_collection_that_the_publisher_takes_up_again_before_the_day_is_read_once_it_is_paid(
    shop: Shop, browser: Client, row: Subscription, article: Any
) -> None:
    since, ends = period_of(shop, row)[1], days(shop, row)
    pause(browser, row, ends[2])
    with shop.at(since + HOUR):
        Gateway().update_subscription(row.stripe_id, {"pause_collection": ""})
        shop.settle()
        assert not reads(again(), article)
    with shop.at(ends[0] + HOUR):
        assert invoices(shop, row)[-1]["status"] == "paid"
        assert reads(again(), article)


def test_a_mark_that_says_nothing_pauses_nothing(shop: Shop, browser: Client, row: Subscription) -> None:
    Gateway().update_subscription(row.stripe_id, {"metadata": {"paused_from": "soon", "paused_until": "later"}})
    shop.settle()
    row.refresh_from_db()
    assert row.paused_from is None
    assert standing_of(row, timezone.now()).granted


def test_the_part_about_reading_says_that_it_is_paused_and_how_to_resume(
    shop: Shop, browser: Client, row: Subscription
) -> None:
    until = timezone.now() + timedelta(days=30)
    Subscription.objects.filter(pk=row.pk).update(
        is_collection_paused=True, paused_from=timezone.now() - HOUR, paused_until=until
    )
    page = account(browser)
    assert f"Your subscription is paused until {day_of(until)}." in page
    assert "Your access to the whole library has ended." not in page
    assert page.count(address(row, "resume")) == 2, "beside the subscription, and beside what it closes"
    Subscription.objects.filter(pk=row.pk).update(paused_from=timezone.now() + HOUR)
    assert "Your subscription is paused" not in account(browser), "what is paid for is read to its end"
