"""A subscription that begins when a gift ends. Stripe holds it as a trial until its first payment; nobody here calls it
one, over HTTP with the stand-in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.account.due_notices import queue_notices
from subscriptions.figures import dashboard
from subscriptions.models import Gift, OutgoingMail, Subscription, TrialUse
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import account, text_of
from tests.subscriptions.giving import FRIEND, reader

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def begins(row: Subscription) -> datetime:
    assert row.trial_end is not None
    return row.trial_end


def day_of(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %B %Y}"


def mails() -> dict[str, OutgoingMail]:
    """By the first word of their keys."""
    return {mail.dedupe_key.partition(":")[0]: mail for mail in OutgoingMail.objects.filter(recipient=FRIEND)}


def test_the_account_page_says_when_it_begins_and_never_calls_it_a_trial(friend: Client, waiting: Subscription) -> None:
    assert waiting.status == "trialing"
    day = day_of(begins(waiting))
    page = account(friend)
    assert f"Annual, $89 a year: begins on {day}, when the first payment is taken with the card ending 4242." in page
    assert "trial" not in page
    assert "free until" not in page


def test_a_group_begins_at_once_and_the_gift_waits_behind_it(selling: Shop, friend: Client) -> None:
    selling.group_plan(is_at_gate=True)
    assert "after your gift" in text_of(friend.get("/subscribe/"))
    bought = selling.buy_seats(friend, 3)
    assert (bought.status, bought.begins_at) == ("active", None)
    assert "Team" in account(friend)
    gift = Gift.objects.get()
    assert gift.remainder is not None
    assert gift.remainder > 39 * DAY


def test_cancelled_before_it_begins_it_is_said_to_end_without_having_begun(
    selling: Shop, friend: Client, waiting: Subscription
) -> None:
    asked = text_of(friend.get(f"/account/subscription/{waiting.pk}/cancel/"))
    assert f"You read everything until <strong>{day_of(begins(waiting))}</strong>. Then the subscription ends" in asked
    friend.post(f"/account/subscription/{waiting.pk}/cancel/")
    page = account(friend)
    assert f"ends on {day_of(begins(waiting))} without having begun, and you are not charged." in page
    assert "trial" not in page + asked
    with selling.at(begins(waiting) + DAY):
        waiting.refresh_from_db()
        assert waiting.status == "canceled"
        assert "receipt" not in mails()


def test_the_pages_on_the_way_say_it_as_the_account_page_does(selling: Shop, friend: Client) -> None:
    attempt = selling.bought(selling.start(friend, plan="monthly"))
    row = attempt.subscription
    assert row is not None
    welcome = text_of(selling.welcome(friend, attempt))
    assert f"It begins on {day_of(begins(row))}, after your gift. On that day the first payment is taken" in welcome
    pause = text_of(friend.get(f"/account/subscription/{row.pk}/pause/"))
    assert "Nothing has been paid for it yet." in pause
    change = friend.get(f"/account/subscription/{row.pk}/change/{make.plan_price('annual').pk}/")
    assert "The day of the first payment stays as it is." in text_of(change)
    for page in (welcome, pause, text_of(change)):
        assert "trial" not in page.lower()
        assert "free of charge" not in page


def test_the_first_payment_is_announced_a_week_before_and_not_as_the_end_of_a_trial(
    selling: Shop, waiting: Subscription, settings: Any
) -> None:
    day = day_of(begins(waiting))
    welcome = mails()["welcome"]
    assert "Your subscription begins when your gift ends." in welcome.text
    assert f"Begins on: {day}. On that day the first payment is taken" in welcome.text
    with selling.at(begins(waiting) - 9 * DAY):
        queue_notices()
        make.run_tasks()
        assert "trial_ending" not in mails(), "too early"
    with selling.at(begins(waiting) - 7 * DAY - timedelta(hours=1)):
        queue_notices()
        make.run_tasks()
        notice = mails()["trial_ending"]
    assert notice.subject == f"Your subscription to {settings.SITE_NAME} begins on {day}"
    assert f"begins on {day}, after your gift." in notice.text
    assert f"First payment: $89 a year, on {day}" in notice.text
    assert "card or account ending 4242" in notice.text
    assert "cancel before that day" in notice.text
    with selling.at(begins(waiting) - 2 * DAY):  # Stripe has told of it by now, as of a trial's end
        queue_notices()
        make.run_tasks()
        assert OutgoingMail.objects.filter(dedupe_key__startswith="trial_ending:").count() == 1
    assert all("trial" not in mail.text + mail.subject for mail in OutgoingMail.objects.filter(recipient=FRIEND))


def test_a_trial_beside_it_is_still_called_one(selling: Shop) -> None:
    """The same states at Stripe, without a gift."""
    make.plans()["annual"].__class__.objects.filter(key="annual").update(trial_days=14)
    client = reader("tries@example.org")
    selling.bought(selling.start(client))
    page = account(client)
    assert "free until" in page
    assert "begins on" not in page
    assert "Your free trial has begun." in OutgoingMail.objects.get(recipient="tries@example.org").text


def test_it_uses_no_trial_up_even_of_a_plan_that_has_one(selling: Shop, friend: Client) -> None:
    make.plans()["annual"].__class__.objects.filter(key="annual").update(trial_days=14)
    attempt = selling.bought(selling.start(friend))
    assert (attempt.trial_days, attempt.subscription.status if attempt.subscription else "") == (0, "trialing")
    assert not TrialUse.objects.exists()


def test_the_dashboard_counts_a_subscriber_and_no_trial(selling: Shop, waiting: Subscription) -> None:
    before = dashboard.figures(timezone.now(), 3)
    (line,) = before.plans
    assert dict(zip(dashboard.State.values, line.numbers, strict=True)) == {
        **dict.fromkeys(dashboard.State.values, 0),
        "active": 1,
    }
    assert (line.total, before.incomes) == (1, [])
    assert [(month.trials, month.converted, month.new) for month in before.months] == [(0, 0, 0)] * 3
    with selling.at(begins(waiting) + DAY):
        waiting.refresh_from_db()
        assert (waiting.status, waiting.has_been_paid) == ("active", True)
        after = dashboard.figures(datetime.fromtimestamp(selling.sandbox.now(), UTC), 3)
        assert sum(month.trials + month.converted for month in after.months) == 0
        assert (after.months[0].new, after.months[0].subscribers) == (1, 1)
        assert [income.monthly_minor for income in after.incomes] == [742]


def test_a_trial_is_counted_as_one_beside_it(selling: Shop, waiting: Subscription) -> None:
    row = make.subscription(make.user(), status="trialing", trial_start=timezone.now(), trial_end=timezone.now() + DAY)
    found = dashboard.figures(timezone.now(), 1)
    assert sum(line.numbers[dashboard.State.values.index("trialing")] for line in found.plans) == 1
    assert found.months[0].trials == 1
    assert not row.is_behind_gift()
    assert waiting.is_behind_gift()
