"""What is told to whom, and what is not: the rules behind the mails about a subscription, without Stripe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from subscriptions.account.notices import (
    Told,
    save_told,
    tell_card_expiring,
    tell_ended,
    tell_price_change,
    tell_renewal,
    tell_trial_ending,
)
from subscriptions.models import Alert, AlertKind, Card, Invoice, OutgoingMail, StripeCustomer, Subscription
from tests import make

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NOTHING_TOLD = Told({}, frozenset())

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def reader() -> User:
    return make.user("reader@example.org")


def running(reader: User | None, *, known_for: timedelta = DAY, **fields: Any) -> Subscription:
    """Begun just now, with a customer whom the site has known for so long."""
    row = make.subscription(reader, **({"started_at": NOON, "period_end": NOON + 365 * DAY} | fields))
    StripeCustomer.objects.filter(pk=row.customer_id).update(created_at=NOON - known_for)
    return Subscription.objects.get(pk=row.pk)


def invoice(row: Subscription, **fields: Any) -> Invoice:
    amounts = {"currency": "USD", "total_minor": 8900, "due_minor": 8900, "attempt_count": 1, "status": "open"}
    given = {"stripe_id": f"in_{next(make.numbers)}", "finalized_at": NOON, "hosted_url": "https://pay.example.org/i/1"}
    return Invoice.objects.create(customer=row.customer, subscription=row, **(amounts | given | fields))


def keys() -> list[str]:
    """What was told, without the ids."""
    return sorted(mail.dedupe_key.partition(":")[0] for mail in OutgoingMail.objects.all())


def save(row: Subscription, told: Told = NOTHING_TOLD) -> None:
    assert save_told(row.customer, told, NOON) == []


def text() -> str:
    return OutgoingMail.objects.get().text


def test_a_subscription_that_has_begun_is_welcomed_once_with_the_way_to_log_in(reader: User) -> None:
    row = running(reader)
    save(row)
    save(row)
    assert keys() == ["welcome"]
    assert "/account/login/" in text()
    assert "Price: $89 a year" in text()
    assert "Next payment: 23 November 2027" in text()
    assert "cancel at any time" in text()


def test_the_welcome_of_a_trial_names_the_day_of_the_first_payment(reader: User) -> None:
    save(running(reader, status="trialing", trial_end=NOON + 7 * DAY, has_been_paid=False))
    assert "Free until: 30 November 2026. On that day the first payment is taken" in text()


def test_a_trial_without_a_card_is_said_to_end(reader: User) -> None:
    row = running(reader, status="trialing", trial_end=NOON + 7 * DAY, has_been_paid=False)
    Card.objects.create(subscription=row)
    save(row)
    assert "Free until: 30 November 2026. Then it ends, unless you add a card." in text()


@pytest.mark.parametrize(
    ("fields", "known_for"),
    [
        ({"started_at": NOON - 3 * DAY}, DAY),  # before the site knew the customer
        ({"started_at": NOON - 30 * DAY}, 40 * DAY),  # long ago
        ({"status": "past_due", "past_due_since": NOON}, DAY),
        ({"status": "incomplete", "has_been_paid": False}, DAY),
    ],
)
def test_what_is_old_and_what_has_not_begun_is_not_welcomed(
    fields: dict[str, Any], known_for: timedelta, reader: User
) -> None:
    save(running(reader, known_for=known_for, **fields))
    assert keys() == []


def test_a_second_one_beside_another_is_not_welcomed(reader: User) -> None:
    running(reader, started_at=NOON - 60 * DAY)
    save(running(reader))
    assert keys() == []


@pytest.mark.parametrize(("is_active", "told"), [(True, ["welcome"]), (False, [])])
def test_a_switched_off_account_hears_nothing_but_of_money(is_active: bool, told: list[str], reader: User) -> None:
    reader.is_active = is_active
    reader.save()
    row = running(reader)
    save(row)
    assert keys() == told
    tell_renewal(row, 8900, "USD")
    assert keys() == sorted(["renewal", *told])


def test_nobody_is_told_of_a_subscription_that_has_no_reader() -> None:
    row = running(None)
    save(row)
    assert not tell_renewal(row, 8900, "USD")
    assert keys() == []


def owing(reader: User, **fields: Any) -> Subscription:
    return running(reader, started_at=NOON - 365 * DAY, known_for=400 * DAY, status="past_due", **fields)


def test_each_attempt_is_told_once(reader: User) -> None:
    row = owing(reader, past_due_since=NOON)
    missed = invoice(row, number="N-1", next_attempt_at=NOON + 3 * DAY)
    for _ in range(2):
        save(row)
    assert keys() == ["payment_failed"]
    assert "You read on until: 30 November 2026" in text()
    assert "We try again on: 26 November 2026" in text()
    assert "N-1" in text()
    Invoice.objects.filter(pk=missed.pk).update(attempt_count=2)
    save(row)
    assert keys() == ["payment_failed", "payment_failed"]


def test_where_the_bank_asks_the_reader_is_sent_to_confirm(reader: User) -> None:
    row = owing(reader, past_due_since=NOON)
    missed = invoice(row)
    save(row, Told({}, frozenset({missed.stripe_id})))
    assert keys() == ["action_needed"]
    assert "https://pay.example.org/i/1" in text()


@pytest.mark.parametrize(
    "fields", [{"status": "paid"}, {"status": "void"}, {"attempt_count": 0}, {"finalized_at": NOON - 500 * DAY}]
)
def test_what_was_paid_not_tried_or_older_than_the_customer_is_not_told_as_missed(
    fields: dict[str, Any], reader: User
) -> None:
    row = owing(reader, past_due_since=NOON)
    invoice(row, **fields)
    save(row)
    assert keys() == []


def test_an_open_invoice_of_a_subscription_that_runs_is_no_failure(reader: User) -> None:
    row = running(reader, started_at=NOON - 365 * DAY, known_for=400 * DAY)
    invoice(row)
    save(row)
    assert keys() == []


def test_each_cancellation_is_confirmed_once_and_one_after_an_undoing_again(reader: User) -> None:
    row = running(reader, started_at=NOON - 30 * DAY, known_for=40 * DAY, cancel_at_period_end=True)
    for at in (NOON, NOON, NOON + timedelta(hours=1)):
        save(row, Told({row.stripe_id: at}, frozenset()))
    assert keys() == ["cancelled", "cancelled"]
    assert "Ends on: 23 November 2027" in OutgoingMail.objects.first().text


def test_a_cancellation_that_was_taken_back_or_is_old_is_not_confirmed(reader: User) -> None:
    kept = running(reader, started_at=NOON - 30 * DAY, known_for=40 * DAY)
    save(kept, Told({kept.stripe_id: NOON}, frozenset()))
    Subscription.objects.update(cancel_at_period_end=True)
    save(kept, Told({kept.stripe_id: NOON - 8 * DAY}, frozenset()))
    assert keys() == []


def over(reader: User, **fields: Any) -> Subscription:
    given = {"status": "canceled", "ended_at": NOON - DAY, "started_at": NOON - 30 * DAY}
    return running(reader, known_for=40 * DAY, **(given | fields))


def test_an_end_is_told_once_with_the_way_back(reader: User) -> None:
    row = over(reader)
    for _ in range(2):
        tell_ended(row.customer, NOON)
    assert keys() == ["ended"]
    assert "ended on 22 November 2026" in text()
    assert "/subscribe/" in text()
    assert "did not go through" not in text()


@pytest.mark.parametrize("fields", [{"returned_at": NOON}, {"ended_at": NOON - 20 * DAY}, {"status": "active"}])
def test_an_end_that_is_old_or_told_otherwise_brings_no_mail(fields: dict[str, Any], reader: User) -> None:
    tell_ended(over(reader, **fields).customer, NOON)
    assert keys() == []


def test_a_double_that_the_site_ends_has_its_own_mail_and_not_this_one(reader: User) -> None:
    row = over(reader)
    Alert.objects.create(key=f"{AlertKind.DOUBLE_SUBSCRIPTION}:{row.stripe_id}", kind=AlertKind.DOUBLE_SUBSCRIPTION)
    tell_ended(row.customer, NOON)
    assert keys() == []
    Alert.objects.update(created_at=NOON - 200 * DAY)  # a person let both go on
    tell_ended(row.customer, NOON)
    assert keys() == ["ended"]


def test_a_new_price_is_told_thirty_days_ahead_or_not_at_all(reader: User) -> None:
    row = running(reader)
    with pytest.raises(ValueError, match="30 days"):
        tell_price_change(row, 9900, "USD", "year", NOON + 29 * DAY)
    for _ in range(2):
        tell_price_change(row, 9900, "USD", "year", NOON + 31 * DAY)
    assert keys() == ["price_change"]
    assert "Until then: $89 a year" in text()
    assert "From 24 December 2026: $99 a year" in text()


@pytest.mark.parametrize(
    "fields",
    [{"cancel_at_period_end": True}, {"cancel_at": NOON + DAY}, {"status": "canceled"}, {"period_end": None}],
)
def test_no_renewal_is_announced_that_will_not_come(fields: dict[str, Any], reader: User) -> None:
    assert not tell_renewal(running(reader, **fields), 8900, "USD")
    assert not tell_trial_ending(running(reader, **fields), 8900, "USD")
    assert tell_renewal(running(reader), 8900, "USD")
    assert keys() == ["renewal"]


def test_what_costs_nothing_is_not_announced(reader: User) -> None:
    assert not tell_renewal(running(reader), 0, "USD")
    assert not tell_trial_ending(running(reader, status="trialing", trial_end=NOON + DAY), 0, "USD")


def test_one_card_behind_two_subscriptions_is_told_once(reader: User) -> None:
    rows = [running(reader), running(reader)]
    label = {"method_id": "pm_1", "kind": "card", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2026}
    cards = [Card.objects.create(subscription=row, **label) for row in rows]
    assert [tell_card_expiring(row, card) for row, card in zip(rows, cards, strict=True)] == [True, False]
    assert "good until the end of 12/2026" in text()
    assert cards[0].expires_at == datetime(2027, 1, 1, tzinfo=UTC)
