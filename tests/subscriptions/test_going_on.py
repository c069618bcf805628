"""A cancellation that Stripe does not carry out at once, and what is written down of whoever goes on after all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from subscriptions.contracts.ending import end_later
from subscriptions.contracts.pausing import boundaries
from subscriptions.leaving.deeds import WAITS
from subscriptions.models import Agreement, Alert, OutgoingMail, PlanPrice, Subscription
from subscriptions.stripe_gateway import Gateway, StripeAway
from tests.shop import Shop
from tests.subscriptions.changes import (
    account,
    add_plan,
    address,
    again,
    at,
    at_stripe,
    change_to,
    hidden,
    invoices,
    period_of,
    text_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def light(shop: Shop) -> PlanPrice:
    return add_plan(shop, "light", 400, allowance=3)


@pytest.fixture
def row(shop: Shop, light: PlanPrice) -> Subscription:
    """Of $9 a month."""
    return shop.subscribe(again(), plan="monthly")


# --- Cancelling ---------------------------------------------------------------------------------------------------
@pytest.fixture
def failing(shop: Shop, row: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe releases the schedule and is too busy for all that is asked after that."""
    release = Gateway.release_schedule

    def released(gateway: Gateway, stripe_id: str) -> Any:
        answer = release(gateway, stripe_id)
        shop.sandbox.fail(429, 99, f"/v1/subscriptions/{row.stripe_id}")
        return answer

    monkeypatch.setattr(Gateway, "release_schedule", released)


@pytest.mark.case(65)
@pytest.mark.usefixtures("failing")
def test_a_cancellation_that_fails_after_the_planned_change_was_dropped_is_carried_out_later(
    shop: Shop, row: Subscription, light: PlanPrice
) -> None:
    change_to(again(), row, light)
    told = text_of(again().post(address(row, "cancel"), follow=True))
    assert "Your cancellation is noted." in told
    assert "could not confirm" not in told
    shop.sandbox.fail(count=0)
    with shop.later(minutes=1):
        row.refresh_from_db()
        assert row.ends_at == period_of(shop, row)[1]
        assert OutgoingMail.objects.filter(dedupe_key__startswith=f"cancelled:{row.stripe_id}").count() == 1
    with shop.at(period_of(shop, row)[1] + timedelta(hours=1)):
        row.refresh_from_db()
        assert row.status == "canceled"
        assert len(invoices(shop, row)) == 1


@pytest.mark.usefixtures("failing")
def test_it_is_repeated_until_stripe_has_done_it(shop: Shop, row: Subscription, light: PlanPrice) -> None:
    change_to(again(), row, light)
    again().post(address(row, "cancel"))
    with shop.later(minutes=1):
        assert at_stripe(shop, row)["cancel_at_period_end"] is False
    shop.sandbox.fail(count=0)
    with shop.later(minutes=30):
        row.refresh_from_db()
        assert row.ends_at == period_of(shop, row)[1]
    assert not Alert.objects.exists()


def test_after_the_last_try_a_person_is_told(shop: Shop, row: Subscription) -> None:
    shop.sandbox.fail(429, 99, f"/v1/subscriptions/{row.stripe_id}")
    wished_at = timezone.now().isoformat()
    end_later.func(subscription_pk=row.pk, wished_at=wished_at, attempt=len(WAITS) - 1)
    assert "End it by hand." in Alert.objects.get().text
    shop.sandbox.fail(count=0)


def test_who_takes_it_back_meanwhile_is_not_cancelled_by_the_queue(
    shop: Shop, row: Subscription, light: PlanPrice
) -> None:
    change_to(again(), row, light)
    again().post(address(row, "cancel"))
    again().post(address(row, "keep"))
    with shop.later(minutes=1):
        row.refresh_from_db()
        assert row.ends_at is None
        assert at_stripe(shop, row)["cancel_at_period_end"] is False


# --- Going on -----------------------------------------------------------------------------------------------------
def cancelled(shop: Shop, row: Subscription, light: PlanPrice) -> dict[str, str]:
    again().post(address(row, "cancel"))
    return {}


def about_to_change(shop: Shop, row: Subscription, light: PlanPrice) -> dict[str, str]:
    change_to(again(), row, light)
    return {}


def paused(shop: Shop, row: Subscription, light: PlanPrice) -> dict[str, str]:
    until = boundaries(at(at_stripe(shop, row)["billing_cycle_anchor"]), period_of(shop, row)[1], 3)[2]
    again().post(address(row, "pause"), {"until": str(int(until.timestamp()))})
    return {"due": hidden(again().get(address(row, "resume")), "due")}


type Brought = Callable[[Shop, Subscription, PlanPrice], dict[str, str]]

WAYS = [
    pytest.param(cancelled, "keep", ["Monthly, $9 a month: ends on", "[Do not cancel]"], id="keep"),
    pytest.param(
        about_to_change,
        "change/undo",
        ["Monthly, $9 a month: you have this until", "[Keep the present plan]"],
        id="keep the plan",
    ),
    pytest.param(paused, "resume", ["Resume your subscription?", "you are next charged on", "[Resume]"], id="resume"),
]


def agreed(row: Subscription) -> Agreement:
    return Agreement.objects.filter(kind="change", subscription=row, price__plan__key="monthly").get()


@pytest.mark.parametrize(("brought", "what", "words"), WAYS)
def test_who_goes_on_has_agreed_to_the_charges_that_come_back_with_it(
    brought: Brought, what: str, words: list[str], shop: Shop, row: Subscription, light: PlanPrice
) -> None:
    form = brought(shop, row, light)
    assert not Agreement.objects.filter(kind="change", price__plan__key="monthly").exists()
    again().post(address(row, what), form)
    note = agreed(row)
    assert (note.user, note.price_label) == (row.user, "$9 a month")
    assert all(word in note.wording for word in words), note.wording


@pytest.mark.parametrize(("brought", "what", "words"), WAYS)
def test_an_answer_that_is_lost_loses_no_agreement(
    brought: Brought,
    what: str,
    words: list[str],
    shop: Shop,
    row: Subscription,
    light: PlanPrice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = brought(shop, row, light)
    for name in ("update_subscription", "release_schedule"):
        monkeypatch.setattr(Gateway, name, lost(getattr(Gateway, name)))
    told = text_of(again().post(address(row, what), form, follow=True))
    assert "could not confirm the change" in told
    assert words[-1] in agreed(row).wording


def lost(call: Callable[..., Any]) -> Callable[..., Any]:
    """Stripe does it, and the connection breaks."""

    def called(*arguments: Any, **named: Any) -> Any:
        call(*arguments, **named)
        raise StripeAway("the connection broke")

    return called


def test_who_pays_to_read_on_has_agreed_to_the_figures_that_were_shown(shop: Shop, row: Subscription) -> None:
    until = boundaries(at(at_stripe(shop, row)["billing_cycle_anchor"]), period_of(shop, row)[1], 3)[2]
    since = period_of(shop, row)[1]
    again().post(address(row, "pause"), {"until": str(int(until.timestamp()))})
    with shop.at(since + timedelta(days=5)):
        browser = again()
        page = browser.get(address(row, "resume"))
        assert browser.post(address(row, "resume")).status_code == 409
        assert not Agreement.objects.filter(kind="change").exists()
        browser.post(address(row, "resume"), {"due": hidden(page, "due")})
        wording = agreed(row).wording
        assert "Due today: $9" in wording
        assert "Next payment: $9 on" in wording
        assert "[Pay $9 and read on]" in wording
        assert "Pay $9 and read on" in text_of(page)
        assert "renews on" in account(browser)
