"""Why readers leave: asked on both pages, never demanded, told to Stripe, and counted on the dashboard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.figures import dashboard
from subscriptions.models import Subscription
from subscriptions.stripe_gateway import Gateway
from tests.shop import Shop
from tests.subscriptions.changes import READER, add_plan, address, at_stripe, change_to, period_of, text_of
from tests.subscriptions.leavers import code_sent_to, declared, type_code
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

SAID = {"feedback": "too_expensive", "reason": "The rent went up."}


def details(shop: Shop, row: Subscription) -> tuple[Any, Any]:
    found = at_stripe(shop, row)["cancellation_details"]
    return found["feedback"], found["comment"]


def gone() -> dict[str, int]:
    """Of this month, by cause."""
    (line, *_former) = dashboard.figures(timezone.now(), 1).months
    return {cause: number for cause, number in zip(dashboard.Cause.values, line.churned, strict=True) if number}


@pytest.mark.parametrize(("said", "cause"), [(SAID, "price"), ({}, "wish")], ids=["said", "not said"])
def test_the_reason_on_the_account_is_told_to_stripe_and_counted_as_the_cause(
    said: dict[str, str], cause: str, shop: Shop, browser: Client, row: Subscription
) -> None:
    page = text_of(browser.get(address(row, "cancel")))
    assert "Why you leave, if you like to say" in page
    assert "required" not in page
    assert browser.post(address(row, "cancel"), said).status_code == 302
    row.refresh_from_db()
    assert row.cancel_at_period_end
    assert details(shop, row) == (said.get("feedback"), said.get("reason"))
    assert (row.cancel_feedback, row.cancel_comment) == (said.get("feedback", ""), said.get("reason", ""))
    with shop.at(period_of(shop, row)[1] + timedelta(hours=1)):
        row.refresh_from_db()
        assert row.status == "canceled"
        assert gone() == {cause: 1}


def test_a_reason_that_is_none_keeps_nobody_from_leaving(shop: Shop, browser: Client, row: Subscription) -> None:
    assert browser.post(address(row, "cancel"), {"feedback": "the_moon", "reason": " \x00 "}).status_code == 302
    row.refresh_from_db()
    assert row.cancel_at_period_end
    assert details(shop, row) == (None, None)


def test_who_stays_has_given_no_reason(shop: Shop, browser: Client, row: Subscription) -> None:
    """Else an end of another kind would count as leaving for the price."""
    browser.post(address(row, "cancel"), SAID)
    browser.post(address(row, "keep"))
    assert details(shop, row) == (None, None)
    row.refresh_from_db()
    assert (row.cancel_feedback, row.cancel_comment) == ("", "")


def test_a_cancellation_that_the_queue_carries_out_keeps_its_reason(
    shop: Shop, browser: Client, row: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_to(browser, row, add_plan(shop, "light", 400, allowance=3))
    release = Gateway.release_schedule

    def released(gateway: Gateway, stripe_id: str) -> Any:
        answer = release(gateway, stripe_id)
        shop.sandbox.fail(429, 99, f"/v1/subscriptions/{row.stripe_id}")
        return answer

    monkeypatch.setattr(Gateway, "release_schedule", released)
    browser.post(address(row, "cancel"), SAID)
    with shop.later(minutes=1):  # once more in vain
        shop.sandbox.fail(count=0)
        assert details(shop, row) == (None, None)
    with shop.later(minutes=30):
        assert details(shop, row) == tuple(SAID.values())


@pytest.mark.parametrize("end", ["period_end", "at_once"])
def test_the_reason_of_a_declaration_is_told_to_stripe(end: str, shop: Shop, settings: Any) -> None:
    settings.REFUND_WHEN_LEAVING = True
    row = shop.subscribe(Client(), READER, "monthly")
    assert '<option value="unused">' in Client().get("/cancel/").content.decode()
    browser = Client()
    declaration = declared(browser, READER, feedback="unused", reason="No time", end=end)
    assert "I read too little of it" in text_of(browser.get(f"/cancel/{declaration.pk}/"))
    assert details(shop, row) == (None, None)
    assert type_code(browser, declaration, code_sent_to(READER)).status_code == 200
    assert details(shop, row) == ("unused", "No time")
    row.refresh_from_db()
    assert (row.cancel_feedback, row.cancel_comment) == ("unused", "No time")
    assert declaration.feedback == "unused"


def test_what_ends_anyway_gets_the_reason_alone(shop: Shop, browser: Client, row: Subscription, article: Any) -> None:
    browser.post(address(row, "cancel"))
    before = at_stripe(shop, row)
    declaration = declared(Client(), READER, **SAID)
    assert type_code(Client(), declaration, code_sent_to(READER)).status_code == 200
    after = at_stripe(shop, row)
    assert details(shop, row) == tuple(SAID.values())
    assert (after["cancel_at"], after["canceled_at"]) == (before["cancel_at"], before["canceled_at"])
    assert reads(browser, article)
