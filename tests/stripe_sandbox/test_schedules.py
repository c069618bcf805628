"""A schedule changes a subscription at its moment, and nobody else may meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.account import Account

DAY = 86400


class Downgrade:
    """A dear subscription whose schedule takes it to the monthly price at the end of the period."""

    def __init__(self, account: Account, card: str = "succeeds", cheap: Any = None) -> None:
        self.account, self.schedules = account, account.client.subscription_schedules
        self.cheap = cheap or account.monthly
        dear = account.price(unit_amount=1900, recurring={"interval": "month"})
        self.subscription = account.subscribe(card, line_items=[{"price": dear.id, "quantity": 1}])
        self.item = self.subscription["items"]["data"][0]
        made = self.schedules.create({"from_subscription": self.subscription["id"]})
        self.first = made.phases[0]
        self.schedule = account.sandbox.get(made.id)

    def update(self, **second: Any) -> None:
        start, end = self.first.start_date, self.first.end_date
        current: Any = {"start_date": start, "end_date": end, "items": [{"price": self.first.items[0].price}]}
        following: Any = {"items": [{"price": self.cheap.id}], **second}
        self.schedules.update(self.schedule["id"], {"phases": [current, following], "end_behavior": "release"})


@pytest.fixture
def downgrade(account: Account) -> Downgrade:
    made = Downgrade(account)
    made.update()
    return made


def test_a_schedule_begins_with_the_period_as_it_is(downgrade: Downgrade) -> None:
    phases = downgrade.schedule["phases"]
    assert downgrade.subscription["schedule"] == downgrade.schedule["id"]
    assert phases[0]["end_date"] == phases[1]["start_date"] == downgrade.item["current_period_end"]
    assert downgrade.item["price"]["unit_amount"] == 1900
    assert "subscription_schedule.created" in downgrade.account.events()
    listed = downgrade.schedules.list({"customer": downgrade.account.customer.id}).data
    assert [one.id for one in listed] == [downgrade.schedule["id"]]
    assert downgrade.schedules.list({"customer": downgrade.account.customer.id, "scheduled": True}).data == []
    assert downgrade.schedules.retrieve(downgrade.schedule["id"]).status == "active"


def test_the_second_phase_begins_at_its_moment_and_is_billed_alone(downgrade: Downgrade) -> None:
    account = downgrade.account
    account.sandbox.advance(seconds=downgrade.item["current_period_end"] - account.sandbox.now() - 60)
    assert downgrade.item["price"]["unit_amount"] == 1900
    told = account.forget_events()
    account.sandbox.advance_to_period_end(downgrade.subscription["id"])
    assert downgrade.item["price"]["unit_amount"] == 900
    invoice = account.sandbox.objects("invoice")[-1]
    assert [line["amount"] for line in invoice["lines"]["data"]] == [900]
    assert told()[:2] == ["subscription_schedule.updated", "customer.subscription.updated"]
    assert downgrade.schedule["current_phase"]["start_date"] == invoice["created"]


def test_after_its_last_phase_the_subscription_runs_on_alone(downgrade: Downgrade) -> None:
    account = downgrade.account
    account.sandbox.advance(days=70)
    assert (downgrade.schedule["status"], downgrade.subscription["schedule"]) == ("released", None)
    assert downgrade.schedule["released_subscription"] == downgrade.subscription["id"]
    assert downgrade.subscription["status"] == "active"
    assert account.events().count("subscription_schedule.released") == 1
    assert [one["amount_paid"] for one in account.sandbox.objects("invoice")] == [1900, 900, 900]


def test_a_phase_may_change_the_interval(account: Account) -> None:
    yearly = account.price(unit_amount=9000, recurring={"interval": "year"})
    downgrade = Downgrade(account, cheap=yearly)
    downgrade.update(duration={"interval": "year", "interval_count": 1})
    end = downgrade.item["current_period_end"]
    account.sandbox.advance_to_period_end(downgrade.subscription["id"])
    assert downgrade.item["current_period_start"] == end
    assert downgrade.item["current_period_end"] - end >= 365 * DAY
    assert account.sandbox.objects("invoice")[-1]["amount_paid"] == 9000
    assert downgrade.schedule["phases"][1]["end_date"] == downgrade.item["current_period_end"]


def test_a_schedule_may_end_its_subscription(downgrade: Downgrade) -> None:
    downgrade.schedules.update(downgrade.schedule["id"], {"end_behavior": "cancel"})
    downgrade.account.sandbox.advance(days=70)
    assert (downgrade.schedule["status"], downgrade.subscription["status"]) == ("completed", "canceled")
    assert len(downgrade.account.sandbox.objects("invoice")) == 2


def test_nothing_that_the_schedule_decides_can_be_changed_until_it_is_released(downgrade: Downgrade) -> None:
    subscriptions, identity = downgrade.account.client.subscriptions, downgrade.subscription["id"]
    refused: list[Any] = [
        {"cancel_at_period_end": True},
        {"cancel_at": downgrade.account.sandbox.now() + DAY},
        {"items": [{"id": downgrade.item["id"], "quantity": 2}]},
    ]
    for params in refused:
        with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
            subscriptions.update(identity, params)
    with pytest.raises(stripe.InvalidRequestError, match="any cancelation behavior"):
        subscriptions.cancel(identity)
    subscriptions.update(identity, {"metadata": {"seen": "yes"}})
    downgrade.schedules.release(downgrade.schedule["id"])
    assert downgrade.subscription["schedule"] is None
    with pytest.raises(stripe.InvalidRequestError, match="`released` status"):
        downgrade.schedules.release(downgrade.schedule["id"])
    for params in refused:
        subscriptions.update(identity, params)
    subscriptions.cancel(identity)
    assert downgrade.subscription["status"] == "canceled"


def test_a_released_downgrade_does_not_come(downgrade: Downgrade) -> None:
    downgrade.schedules.release(downgrade.schedule["id"])
    downgrade.account.sandbox.advance_to_period_end(downgrade.subscription["id"])
    assert downgrade.account.sandbox.objects("invoice")[-1]["amount_paid"] == 1900


def test_the_portal_releases_before_it_cancels(downgrade: Downgrade) -> None:
    downgrade.account.sandbox.portal_cancel(downgrade.subscription["id"])
    assert (downgrade.schedule["status"], downgrade.subscription["schedule"]) == ("released", None)
    assert downgrade.subscription["cancel_at"]


def test_cancelling_the_schedule_ends_the_subscription(downgrade: Downgrade) -> None:
    downgrade.schedules.cancel(downgrade.schedule["id"], {"invoice_now": False, "prorate": False})
    assert (downgrade.schedule["status"], downgrade.subscription["status"]) == ("canceled", "canceled")
    assert "subscription_schedule.canceled" in downgrade.account.events()


def test_a_schedule_is_aborted_when_its_subscription_is_never_paid(account: Account) -> None:
    downgrade = Downgrade(account, "fails_at_renewal")
    downgrade.update()
    account.sandbox.advance(days=45)
    assert downgrade.subscription["status"] == "canceled"
    assert (downgrade.schedule["status"], downgrade.subscription["schedule"]) == ("canceled", None)
    assert "subscription_schedule.aborted" in account.events()


def test_the_current_phase_must_be_passed_and_stay_where_it_began(downgrade: Downgrade) -> None:
    start, end = downgrade.first.start_date, downgrade.first.end_date
    items: Any = [{"price": downgrade.cheap.id}]
    wrong: list[Any] = [
        [{"items": items}],
        [{"items": items, "start_date": start + DAY}],
        [{"items": items, "start_date": start, "end_date": end}, {"items": items, "start_date": end + DAY}],
        [{"items": items, "start_date": start, "end_date": start}],
        [{"items": [{"price": "price_none"}], "start_date": start, "end_date": end}],
    ]
    before = downgrade.schedule["phases"]
    for phases in wrong:
        with pytest.raises(stripe.InvalidRequestError):
            downgrade.schedules.update(downgrade.schedule["id"], {"phases": phases})
    assert downgrade.schedule["phases"] == before


def test_only_a_running_subscription_without_a_schedule_gets_one(downgrade: Downgrade) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        downgrade.schedules.create({"from_subscription": downgrade.subscription["id"]})
    ended = downgrade.account.subscribe()
    downgrade.account.client.subscriptions.cancel(ended["id"])
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        downgrade.schedules.create({"from_subscription": ended["id"]})


def test_a_phase_in_the_midst_of_a_period_is_prorated(account: Account) -> None:
    downgrade = Downgrade(account)
    start, end = downgrade.first.start_date, downgrade.first.end_date
    middle = (start + end) // 2
    current: Any = {"start_date": start, "end_date": middle, "items": [{"price": downgrade.first.items[0].price}]}
    following: Any = {"items": [{"price": downgrade.cheap.id}], "proration_behavior": "always_invoice"}
    downgrade.schedules.update(downgrade.schedule["id"], {"phases": [current, following]})
    account.sandbox.advance(seconds=middle - account.sandbox.now())
    assert [line["amount"] for line in account.sandbox.objects("invoice")[-1]["lines"]["data"]] == [-950, 450]
    assert downgrade.item["current_period_end"] == end
