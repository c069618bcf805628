"""The account page on cards, several subscriptions, and what other parts of billing have to say there."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from subscriptions.account import account_parts
from subscriptions.models import Card, Subscription
from tests import make

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RENEWAL = datetime(2027, 11, 23, 12, tzinfo=UTC)
CARD = {"method_id": "pm_1", "kind": "card", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2040}
DEBIT = {"method_id": "pm_2", "kind": "sepa_debit", "last4": "3000"}
ON_TRIAL = {"status": "trialing", "trial_end": NOON + 8 * DAY, "has_been_paid": False}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def reader() -> User:
    return make.user("reader@example.org")


def words(client: Client) -> str:
    response = client.get("/account/")
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.mark.parametrize(
    ("fields", "card", "sentence"),
    [
        ({}, CARD, "renews on 23 November 2027 with the card ending 4242."),
        ({}, DEBIT, "renews on 23 November 2027 from the account ending 3000."),
        ({}, {}, "renews on 23 November 2027."),
        (ON_TRIAL, CARD, "free until 1 December 2026, when the first payment is taken with the card ending 4242."),
        (ON_TRIAL, {}, "free until 1 December 2026. Then it ends, unless you add a card."),
        ({"cancel_at_period_end": True}, CARD, "ends on 23 November 2027, and you are not charged again."),
    ],
)
def test_the_sentence_says_what_the_next_payment_is_made_with(
    fields: dict[str, Any], card: dict[str, Any], sentence: str, reader: User
) -> None:
    Card.objects.create(subscription=make.subscription(reader, **({"period_end": RENEWAL} | fields)), **card)
    assert f"<p>Annual, $89 a year: {sentence}</p>" in words(make.logged_in(reader))


@pytest.mark.parametrize(
    ("expiry", "renewal", "warning"),
    [
        ((11, 2026), NOON + 20 * DAY, "The card ending 4242 runs out with 11/2026, before the next payment."),
        ((10, 2026), NOON + 20 * DAY, "The card ending 4242 ran out with 10/2026."),
        ((12, 2026), NOON + 20 * DAY, ""),  # good for the next payment
        ((11, 2026), NOON + 300 * DAY, "The card ending 4242 runs out with 11/2026, before the next payment."),
        ((6, 2027), NOON + 300 * DAY, ""),  # a long time ahead
    ],
)
def test_a_card_that_will_not_do_for_the_next_payment_is_warned_of(
    expiry: tuple[int, int], renewal: datetime, warning: str, reader: User
) -> None:
    row = make.subscription(reader, period_end=renewal)
    Card.objects.create(subscription=row, **(CARD | {"exp_month": expiry[0], "exp_year": expiry[1]}))
    text = words(make.logged_in(reader))
    assert ("The card ending 4242" in text) is bool(warning)
    assert warning in text
    assert ('class="button button--primary" type="submit">Update your card' in text) is bool(warning)
    Subscription.objects.update(cancel_at_period_end=True)
    assert "The card ending 4242" not in words(make.logged_in(reader))


def test_of_several_each_has_its_own_part_with_its_own_buttons(reader: User) -> None:
    rows = {plan: make.subscription(reader, plan=plan) for plan in ("annual", "monthly")}
    parts = words(make.logged_in(reader)).split('<section class="account__part">')
    for plan, row in rows.items():
        (part,) = [part for part in parts if f"<p>{plan.capitalize()}, " in part]
        assert f'href="/account/subscription/{row.pk}/cancel/"' in part
        assert part.count("/cancel/") == 1


@pytest.mark.parametrize(
    ("ends_at", "sentence"),
    [
        (
            NOON + 5 * DAY,
            "Given to you: the whole library until 28 November 2026. It costs nothing and is not renewed.",
        ),
        (None, "Given to you: the whole library, without an end and without a payment."),
        (NOON - timedelta(seconds=1), ""),
    ],
)
def test_what_was_given_is_said_with_its_end(ends_at: datetime | None, sentence: str, reader: User) -> None:
    make.grant(reader, starts_at=NOON - 9 * DAY, ends_at=ends_at)
    text = words(make.logged_in(reader))
    assert sentence in text
    assert ("Given to you" in text) is bool(sentence)


def test_what_another_part_of_billing_plans_stands_where_the_renewal_would(reader: User) -> None:
    row = make.subscription(reader, period_end=RENEWAL)

    def planned(subscription: Subscription, _now: datetime) -> str:
        return f"something else for {subscription.pk}."

    with mock.patch.object(account_parts, "_next_makers", [lambda *_: "", planned]):
        assert f"<p>Annual, $89 a year: something else for {row.pk}.</p>" in words(make.logged_in(reader))
        Subscription.objects.update(cancel_at_period_end=True)
        assert "ends on 23 November 2027" in words(make.logged_in(reader))
