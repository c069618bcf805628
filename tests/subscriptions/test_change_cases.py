"""Changing to another plan or interval: what it costs is said before, and nothing else is charged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from subscriptions.catalogue import sync_plans
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Agreement, Plan, PlanPrice, Subscription
from subscriptions.models.plan import money
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
    sold,
    text_of,
)
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

LIGHT = 400
LIBRARY = 900


@pytest.fixture
def library(shop: Shop) -> PlanPrice:
    return add_plan(shop, "library", LIBRARY)


@pytest.fixture
def light(shop: Shop) -> PlanPrice:
    return add_plan(shop, "light", LIGHT, allowance=3)


@pytest.fixture
def on_light(shop: Shop, browser: Client, light: PlanPrice, library: PlanPrice) -> Subscription:
    return shop.subscribe(browser, plan="light")


@pytest.fixture
def on_library(shop: Shop, browser: Client, light: PlanPrice, library: PlanPrice) -> Subscription:
    return shop.subscribe(browser, plan="library")


def half_way(shop: Shop, row: Subscription) -> Any:
    start, end = period_of(shop, row)
    return shop.at(start + (end - start) / 2)


@pytest.mark.case(61)
def test_an_upgrade_that_is_paid_holds_at_once_and_costs_what_was_said(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    with half_way(shop, on_light):
        browser = again()
        page = quote_page(browser, on_light, library)
        end = period_of(shop, on_light)[1]
        answer = browser.post(address(on_light, f"change/{library.pk}"), {"quote": hidden(page, "quote")})
        assert answer.status_code == 302
        billed = invoices(shop, on_light)[-1]
        assert billed["status"] == "paid"
        assert billed["amount_paid"] == pytest.approx((LIBRARY - LIGHT) / 2, abs=1)
        text = text_of(page)
        assert f"<dt>Due today</dt><dd>{money(billed['amount_paid'], 'USD')}</dd>" in text
        credit = -sum(line["amount"] for line in billed["lines"]["data"] if line["amount"] < 0)
        assert f"Taken off for time not used</dt><dd>{money(credit, 'USD')}</dd>" in text
        assert f"$9 on {timezone.localtime(end):%-d %B %Y}" in text
        on_light.refresh_from_db()
        assert on_light.plan == library.plan
        assert on_light.period_end == end
        assert "Library, $9 a month: renews on" in account(browser)
        shop.sandbox.advance_to_period_end(on_light.stripe_id)
        shop.settle()
        assert invoices(shop, on_light)[-1]["amount_paid"] == LIBRARY


@pytest.mark.parametrize("credit", [0, 100, 2000])
def test_credit_is_counted_in_what_is_due_what_is_left_and_what_comes_next(
    credit: int, shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    Gateway().update_customer(on_light.customer.stripe_id, {"balance": -credit})
    with half_way(shop, on_light):
        browser = again()
        page = text_of(quote_page(browser, on_light, library))
        assert change_to(browser, on_light, library).status_code == 302
        due = invoices(shop, on_light)[-1]["amount_paid"]
        left = -shop.sandbox.get(on_light.customer.stripe_id)["balance"]
        assert (due == 0) is (credit > LIBRARY)
        assert (left > 0) is (credit > LIBRARY)
        assert f"<dt>Due today</dt><dd>{money(due, 'USD')}</dd>" in page
        assert ("Left over, for payments to come" in page) is (left > 0)
        assert not left or f"<dt>Left over, for payments to come</dt><dd>{money(left, 'USD')}</dd>" in page
        shop.sandbox.advance_to_period_end(on_light.stripe_id)
        shop.settle()
        paid = invoices(shop, on_light)[-1]["amount_paid"]
        assert f"<dt>Next payment</dt><dd>{money(paid, 'USD')} on " in page


def test_credit_is_taken_off_the_first_payment_of_a_cheaper_plan(
    shop: Shop, browser: Client, on_library: Subscription, light: PlanPrice
) -> None:
    Gateway().update_customer(on_library.customer.stripe_id, {"balance": -150})
    assert "<dt>Next payment</dt><dd>$2.50 on " in text_of(quote_page(browser, on_library, light))
    assert change_to(browser, on_library, light).status_code == 302
    shop.sandbox.advance_to_period_end(on_library.stripe_id)
    shop.settle()
    assert invoices(shop, on_library)[-1]["amount_paid"] == 250


def test_the_same_form_sent_twice_is_charged_once(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    form = {"quote": hidden(quote_page(browser, on_light, library), "quote")}
    for _ in range(2):
        assert browser.post(address(on_light, f"change/{library.pk}"), form).status_code == 302
    assert len(invoices(shop, on_light)) == 2  # the first period, and the change


@pytest.mark.case(62)
def test_an_upgrade_that_the_bank_asks_about_leaves_the_old_plan_and_names_the_banks_page(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    shop.sandbox.set_card(on_light.customer.stripe_id, "needs_3ds_later")
    assert change_to(browser, on_light, library).status_code == 302
    on_light.refresh_from_db()
    waiting = invoices(shop, on_light)[-1]
    assert waiting["status"] == "open"
    assert on_light.plan == sold("light").plan
    assert on_light.status == "active"
    assert on_light.pending_update_until is not None
    text = account(browser)
    assert "Light, $4 a month: your change waits for its payment." in text
    assert f'href="{waiting["hosted_invoice_url"]}"' in text
    assert "Pay it first" in text_of(browser.get(address(on_light, "change")))
    shop.sandbox.confirm_invoice(waiting["id"])
    shop.settle()
    on_light.refresh_from_db()
    assert on_light.plan == library.plan
    assert on_light.pending_update_until is None
    assert on_light.pending_update_url == ""
    assert "waits for its payment" not in account(browser)


@pytest.mark.case(63)
def test_an_upgrade_that_is_never_paid_lapses_and_the_old_plan_stays(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    shop.sandbox.set_card(on_light.customer.stripe_id, "declined")
    change_to(browser, on_light, library)
    on_light.refresh_from_db()
    assert on_light.pending_update_until is not None
    shop.sandbox.advance(days=1)
    shop.settle()
    on_light.refresh_from_db()
    assert invoices(shop, on_light)[-1]["status"] == "void"
    assert on_light.plan == sold("light").plan
    assert on_light.status == "active"
    assert on_light.pending_update_until is None
    assert "Change plan" in account(browser)


@pytest.mark.case(64)
def test_a_downgrade_waits_for_the_end_of_what_is_paid_and_is_shown_until_then(
    shop: Shop, browser: Client, on_library: Subscription, light: PlanPrice, article: Any
) -> None:
    page = text_of(quote_page(browser, on_library, light))
    end = period_of(shop, on_library)[1]
    day = f"{timezone.localtime(end):%-d %B %Y}"
    assert "<dt>Due today</dt><dd>$0</dd>" in page
    assert f"<dt>Next payment</dt><dd>$4 on {day}</dd>" in page
    assert change_to(browser, on_library, light).status_code == 302
    on_library.refresh_from_db()
    assert on_library.plan == sold("library").plan
    assert on_library.pending_plan == light.plan
    assert on_library.pending_from == end
    assert f"Library, $9 a month: you have this until {day}, and then Light, $4 a month." in account(browser)
    assert reads(browser, article)
    assert sync_customer(on_library.customer).changes == ()
    assert list(reconcile()) == []
    with shop.at(end + timedelta(hours=2)):
        on_library.refresh_from_db()
        assert on_library.plan == light.plan
        assert on_library.pending_plan is None
        assert invoices(shop, on_library)[-1]["amount_paid"] == LIGHT
    end = period_of(shop, on_library)[1]
    with shop.at(end + timedelta(hours=2)):
        on_library.refresh_from_db()
        assert on_library.schedule_id == ""
        assert on_library.plan == light.plan
        assert invoices(shop, on_library)[-1]["amount_paid"] == LIGHT


def test_a_downgrade_is_taken_back_until_its_day(
    shop: Shop, browser: Client, on_library: Subscription, light: PlanPrice
) -> None:
    change_to(browser, on_library, light)
    assert f'action="{address(on_library, "change/undo")}"' in account(browser)
    assert "Keep the present plan first" in text_of(browser.get(address(on_library, "change")))
    for _ in range(2):
        assert browser.post(address(on_library, "change/undo")).status_code == 302
    on_library.refresh_from_db()
    assert (on_library.schedule_id, on_library.pending_plan, on_library.pending_from) == ("", None, None)
    assert at_stripe(shop, on_library)["schedule"] is None
    shop.sandbox.advance_to_period_end(on_library.stripe_id)
    shop.settle()
    assert invoices(shop, on_library)[-1]["amount_paid"] == LIBRARY


@pytest.mark.case(65)
def test_cancelling_drops_what_was_planned_first(
    shop: Shop, browser: Client, on_library: Subscription, light: PlanPrice
) -> None:
    change_to(browser, on_library, light)
    assert "Light" in text_of(browser.get(address(on_library, "cancel")))
    assert browser.post(address(on_library, "cancel")).status_code == 302
    on_library.refresh_from_db()
    assert on_library.schedule_id == ""
    assert on_library.pending_plan is None
    assert on_library.ends_at == period_of(shop, on_library)[1]
    shop.sandbox.advance_to_period_end(on_library.stripe_id)
    shop.settle()
    on_library.refresh_from_db()
    assert on_library.status == "canceled"
    assert len(invoices(shop, on_library)) == 1


@pytest.mark.case(66)
def test_of_two_items_the_latest_end_and_the_highest_plan_count(
    shop: Shop, browser: Client, on_library: Subscription
) -> None:
    """The yearly light plan costs more at a time, and less counts for it: the library is higher."""
    yearly = add_plan(shop, "light-year", 4000, "year", allowance=3)
    items: Any = [{"price": yearly.stripe_id}]
    Gateway().update_subscription(on_library.stripe_id, {"items": items})
    shop.settle()
    on_library.refresh_from_db()
    ends = [item["current_period_end"] for item in at_stripe(shop, on_library)["items"]["data"]]
    assert len(set(ends)) == 2
    assert on_library.period_end is not None
    assert on_library.period_end.timestamp() == max(ends)
    assert on_library.plan == sold("library").plan


def test_a_form_older_than_a_quarter_of_an_hour_is_refused_with_the_figures_of_now(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    form = {"quote": hidden(quote_page(browser, on_light, library), "quote")}
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=2)):
        page = browser.post(address(on_light, f"change/{library.pk}"), form)
        assert page.status_code == 409
        assert "The figures have changed since" in text_of(page)
        assert len(invoices(shop, on_light)) == 1
        fresh = {"quote": hidden(page, "quote")}
        assert browser.post(address(on_light, f"change/{library.pk}"), fresh).status_code == 302
    assert len(invoices(shop, on_light)) == 2


def test_a_form_whose_figures_are_no_longer_true_is_refused_with_the_new_ones(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    """A credit came to the customer's account meanwhile, so less is due."""
    form = {"quote": hidden(quote_page(browser, on_light, library), "quote")}
    Gateway().update_customer(on_light.customer.stripe_id, {"balance": -100})
    page = browser.post(address(on_light, f"change/{library.pk}"), form)
    assert page.status_code == 409
    assert "<dt>Due today</dt><dd>$4</dd>" in text_of(page)
    assert len(invoices(shop, on_light)) == 1
    assert at_stripe(shop, on_light)["items"]["data"][0]["price"]["id"] == sold("light").stripe_id


@pytest.mark.parametrize("token", ["", "x", "e30:1abcde:forged"])
def test_a_forged_form_changes_nothing(
    token: str, shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    assert browser.post(address(on_light, f"change/{library.pk}"), {"quote": token}).status_code == 409
    assert len(invoices(shop, on_light)) == 1


def test_a_form_for_one_plan_does_not_do_for_another(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    other = add_plan(shop, "patron", 3000)
    form = {"quote": hidden(quote_page(browser, on_light, library), "quote")}
    assert browser.post(address(on_light, f"change/{other.pk}"), form).status_code == 409
    assert len(invoices(shop, on_light)) == 1


def test_only_what_is_sold_now_in_the_same_currency_is_offered(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    secret = add_plan(shop, "student", 200, is_by_link=True, offer_secret="s" * 43)
    euros = add_plan(shop, "euros", 800, currency="EUR")
    seats = add_plan(shop, "seats", 500, is_group=True)
    gone = add_plan(shop, "gone", 600)
    Plan.objects.filter(key="gone").update(is_offered=False)
    page = browser.get(address(on_light, "change")).content.decode()
    assert address(on_light, f"change/{library.pk}") in page
    assert address(on_light, f"change/{sold('annual').pk}") in page
    for price in (secret, euros, seats, gone, sold("light")):
        assert address(on_light, f"change/{price.pk}") not in page
    assert quote_page(browser, on_light, secret).status_code == 404
    for price in (euros, seats, gone):
        assert quote_page(browser, on_light, price).status_code == 409
    assert browser.get(address(on_light, "change/999999")).status_code == 404


def test_who_is_on_a_plan_by_its_link_changes_its_interval(shop: Shop, browser: Client) -> None:
    secret = add_plan(shop, "student", 200, is_by_link=True, offer_secret="s" * 43)
    row = make.subscription(
        make.User.objects.get(email="reader@example.org"), plan="student", price_id=secret.stripe_id
    )
    secret.plan.amounts.create(amount_minor=2000, currency="USD", interval="year")
    sync_plans()
    yearly = PlanPrice.objects.get(plan=secret.plan, interval="year")
    assert address(row, f"change/{yearly.pk}") in browser.get(address(row, "change")).content.decode()


@pytest.mark.parametrize("what", ["change", "pause", "resume", "cancel"])
def test_anothers_subscription_is_not_there(what: str, browser: Client) -> None:
    row = make.subscription(make.user())
    assert browser.get(address(row, what)).status_code == 404
    assert Client().get(address(row, what)).status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "past_due"}, "Please update your card first."),
        ({"cancel_at_period_end": True}, "Take the cancellation back first."),
        ({"paused_from": timezone.now()}, "Resume it first."),
        ({"is_collection_paused": True}, "Payments are paused at present."),
        ({"status": "paused"}, "does not run at present"),
    ],
)
def test_why_it_cannot_be_changed_now_is_said(fields: dict[str, Any], sentence: str, browser: Client) -> None:
    row = make.subscription(make.User.objects.get(email="reader@example.org"), **fields)
    assert sentence in text_of(browser.get(address(row, "change")))


def test_when_stripe_is_away_nothing_is_said_to_be_changed(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    form = {"quote": hidden(quote_page(browser, on_light, library), "quote")}
    shop.sandbox.fail(500, count=20, path="/v1/invoices/create_preview")
    assert browser.post(address(on_light, f"change/{library.pk}"), form).status_code == 302
    assert "could not confirm the change" in account(browser)
    assert len(invoices(shop, on_light)) == 1


def test_what_was_agreed_to_is_noted_once_with_its_figures(
    shop: Shop, browser: Client, on_light: Subscription, library: PlanPrice
) -> None:
    browser.post(address(on_light, f"change/{library.pk}"), {"quote": "forged"})
    assert not Agreement.objects.filter(kind="change").exists(), "shown is not agreed to"
    change_to(browser, on_light, library)
    row = Agreement.objects.get(kind="change")
    assert (row.price, row.user, row.subscription) == (library, on_light.user, on_light)
    assert "Instead of $4 a month you pay $9 a month, from now on." in row.wording
    assert "Due today: $" in row.wording
