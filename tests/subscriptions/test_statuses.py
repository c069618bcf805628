"""What one subscription gives, row by row of the billing specification and to the second, and the laws behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.statuses import KNOWN_STATUSES, LIVE_STATUSES, Rules, Standing, SubscriptionFacts, entitlement

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULES = Rules(renewal_slack=72 * HOUR, grace=7 * DAY, first_payment_grace=timedelta())
FIRST_GRACE = Rules(first_payment_grace=2 * DAY)
NO = Standing(granted=False, until=None)
ASKS = Standing(granted=True, until=NOW + 15 * MINUTE, needs_sync=True)
MONTH = NOW + 30 * DAY


def yes(until: datetime) -> Standing:
    return Standing(granted=True, until=until)


def standing(rules: Rules = RULES, **facts: Any) -> Standing:
    return entitlement(SubscriptionFacts(**facts), NOW, rules)


ROWS: list[tuple[str, dict[str, Any], Standing]] = [
    ("trial runs", {"status": "trialing", "trial_end": NOW + SECOND, "period_end": MONTH}, yes(NOW + SECOND)),
    ("trial is over", {"status": "trialing", "trial_end": NOW, "period_end": MONTH}, NO),
    ("trial without its end", {"status": "trialing", "period_end": MONTH}, yes(MONTH)),
    ("trial without any end", {"status": "trialing"}, ASKS),
    ("trial cancelled before", {"status": "trialing", "trial_end": MONTH, "cancel_at": NOW + DAY}, yes(NOW + DAY)),
    ("trial cancelled after", {"status": "trialing", "trial_end": NOW + DAY, "cancel_at": MONTH}, yes(NOW + DAY)),
    (
        "trial cancelled by flag",
        {"status": "trialing", "trial_end": MONTH, "period_end": MONTH, "cancel_at_period_end": True},
        yes(MONTH),
    ),
    ("paid period", {"status": "active", "period_end": MONTH}, yes(MONTH + 72 * HOUR)),
    ("last second of the slack", {"status": "active", "period_end": NOW - 72 * HOUR + SECOND}, yes(NOW + SECOND)),
    ("slack is over", {"status": "active", "period_end": NOW - 72 * HOUR}, ASKS),
    (
        "last second after a sync was asked for",
        {"status": "active", "period_end": NOW - 80 * HOUR, "overdue_since": NOW - 15 * MINUTE + SECOND},
        yes(NOW + SECOND),
    ),
    (
        "a sync brought nothing",
        {"status": "active", "period_end": NOW - 80 * HOUR, "overdue_since": NOW - 15 * MINUTE},
        NO,
    ),
    ("no period known", {"status": "active"}, ASKS),
    ("no period known, asked", {"status": "active", "overdue_since": NOW - 15 * MINUTE}, NO),
    ("ends by flag", {"status": "active", "period_end": NOW + SECOND, "cancel_at_period_end": True}, yes(NOW + SECOND)),
    ("ended by flag", {"status": "active", "period_end": NOW, "cancel_at_period_end": True}, NO),
    ("ends by flag, no period known", {"status": "active", "cancel_at_period_end": True}, ASKS),
    ("ends by date", {"status": "active", "period_end": NOW, "cancel_at": NOW + SECOND}, yes(NOW + SECOND)),
    ("ended by date", {"status": "active", "period_end": MONTH, "cancel_at": NOW}, NO),
    (
        "ends by date, renewals before it",
        {"status": "active", "period_end": NOW + DAY, "cancel_at": MONTH},
        yes(NOW + DAY + 72 * HOUR),
    ),
    ("ends by date, no word", {"status": "active", "period_end": NOW - 80 * HOUR, "cancel_at": MONTH}, ASKS),
    (
        "ends by date within the last minutes",
        {"status": "active", "period_end": NOW - 80 * HOUR, "cancel_at": NOW + MINUTE},
        Standing(granted=True, until=NOW + MINUTE, needs_sync=True),
    ),
    (
        "date and flag",
        {"status": "active", "period_end": MONTH, "cancel_at": NOW + DAY, "cancel_at_period_end": True},
        yes(NOW + DAY),
    ),
    (
        "collection paused",
        {"status": "active", "period_end": MONTH, "is_collection_paused": True},
        yes(MONTH + 72 * HOUR),
    ),
    (
        "past due, last second of grace",
        {"status": "past_due", "has_been_paid": True, "past_due_since": NOW - 7 * DAY + SECOND, "period_end": MONTH},
        yes(NOW + SECOND),
    ),
    (
        "past due, grace is over though the period is not",
        {"status": "past_due", "has_been_paid": True, "past_due_since": NOW - 7 * DAY, "period_end": MONTH},
        NO,
    ),
    ("past due, since when unknown", {"status": "past_due", "has_been_paid": True, "period_end": MONTH}, ASKS),
    (
        "past due, since when unknown, asked",
        {"status": "past_due", "has_been_paid": True, "period_end": MONTH, "overdue_since": NOW - 15 * MINUTE},
        NO,
    ),
    (
        "past due and ending",
        {"status": "past_due", "has_been_paid": True, "past_due_since": NOW, "cancel_at": NOW + DAY},
        yes(NOW + DAY),
    ),
    ("past due, never paid", {"status": "past_due", "past_due_since": NOW, "period_end": MONTH}, NO),
    ("past due, never paid, since when unknown", {"status": "past_due", "period_end": MONTH}, NO),
    ("unpaid", {"status": "unpaid", "has_been_paid": True, "period_end": MONTH, "past_due_since": NOW}, NO),
    ("incomplete", {"status": "incomplete", "period_end": MONTH}, NO),
    ("incomplete_expired", {"status": "incomplete_expired", "period_end": MONTH}, NO),
    ("paused", {"status": "paused", "has_been_paid": True, "period_end": MONTH, "trial_end": MONTH}, NO),
    ("canceled", {"status": "canceled", "has_been_paid": True, "period_end": MONTH, "ended_at": NOW}, NO),
    ("canceled, ended in the future", {"status": "canceled", "period_end": MONTH, "ended_at": MONTH}, NO),
    (
        "unknown word, last second",
        {"status": "dozing", "known_status": "active", "unknown_since": NOW - 72 * HOUR + SECOND, "period_end": MONTH},
        yes(NOW + SECOND),
    ),
    (
        "unknown word for three days",
        {"status": "dozing", "known_status": "active", "unknown_since": NOW - 72 * HOUR, "period_end": MONTH},
        NO,
    ),
    (
        "unknown word, contract ended",
        {"status": "dozing", "known_status": "active", "unknown_since": NOW, "period_end": MONTH, "ended_at": NOW},
        NO,
    ),
    (
        "unknown word in the grace",
        {
            "status": "dozing",
            "known_status": "past_due",
            "unknown_since": NOW,
            "has_been_paid": True,
            "past_due_since": NOW - 6 * DAY,
        },
        yes(NOW + DAY),
    ),
    (
        "unknown word over a trial that ends",
        {"status": "dozing", "known_status": "trialing", "unknown_since": NOW, "trial_end": NOW},
        NO,
    ),
    ("unknown word after a no", {"status": "dozing", "known_status": "unpaid", "unknown_since": NOW}, NO),
    ("unknown word, never a known one", {"status": "dozing", "unknown_since": NOW, "period_end": MONTH}, NO),
    ("unknown word since nobody knows when", {"status": "dozing", "known_status": "active", "period_end": MONTH}, NO),
    ("no word at all", {"status": "", "period_end": MONTH}, NO),
]


@pytest.mark.parametrize(("facts", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_row_of_the_table_holds_to_the_second(facts: dict[str, Any], expected: Standing) -> None:
    assert standing(**facts) == expected


def test_a_first_payment_that_fails_has_the_grace_of_its_setting() -> None:
    never_paid = {"status": "past_due", "period_end": MONTH}
    assert standing(FIRST_GRACE, **never_paid, past_due_since=NOW - 2 * DAY + SECOND) == yes(NOW + SECOND)
    assert standing(FIRST_GRACE, **never_paid, past_due_since=NOW - 2 * DAY) == NO


def test_a_publication_may_close_while_collection_is_paused() -> None:
    strict = Rules(paused_collection_reads=False)
    assert standing(strict, status="active", period_end=MONTH, is_collection_paused=True) == NO
    assert standing(strict, status="active", period_end=MONTH) == yes(MONTH + 72 * HOUR)


@pytest.mark.parametrize("rules", [RULES, Rules(paused_collection_reads=False)])
@pytest.mark.parametrize("is_collected", [True, False])
def test_whoever_pauses_reads_what_is_paid_and_not_a_second_more(rules: Rules, is_collected: bool) -> None:
    facts = {"status": "active", "is_collection_paused": not is_collected, "has_been_paid": True}
    paid = facts | {"period_end": NOW + SECOND, "paused_from": NOW + SECOND}
    assert standing(rules, **paid) == yes(NOW + SECOND)
    assert standing(rules, **facts, period_end=MONTH, paused_from=NOW) == NO


def test_a_pause_is_no_grace_and_a_grace_no_longer_than_what_is_paid() -> None:
    failed = {"status": "past_due", "has_been_paid": True, "past_due_since": NOW, "period_end": MONTH}
    assert standing(**failed, paused_from=NOW + DAY) == yes(NOW + DAY)
    assert standing(**failed, paused_from=NOW) == NO


def test_a_publication_may_let_the_unpaid_read_but_not_for_ever() -> None:
    kind = Rules(unpaid_reads=True)
    assert standing(kind, status="unpaid", period_end=MONTH) == yes(MONTH + 72 * HOUR)
    assert standing(kind, status="unpaid", period_end=NOW - 80 * HOUR, overdue_since=NOW - HOUR) == NO


def test_what_has_ended_or_never_begun_blocks_no_new_checkout() -> None:
    assert {"incomplete", "incomplete_expired", "canceled"} == KNOWN_STATUSES - LIVE_STATUSES


moments = st.integers(-(10**7), 10**7).map(lambda seconds: NOW + timedelta(seconds=seconds))
perhaps = st.none() | moments
words = st.sampled_from([*sorted(KNOWN_STATUSES), "dozing", ""])
records = st.builds(
    SubscriptionFacts,
    status=words | st.text(max_size=8),
    known_status=words | st.text(max_size=8),
    unknown_since=perhaps,
    period_end=perhaps,
    trial_end=perhaps,
    cancel_at=perhaps,
    cancel_at_period_end=st.booleans(),
    ended_at=perhaps,
    is_collection_paused=st.booleans(),
    paused_from=perhaps,
    has_been_paid=st.booleans(),
    past_due_since=perhaps,
    overdue_since=perhaps,
)
graces = st.sampled_from([timedelta(), 2 * DAY, 7 * DAY])
all_rules = st.builds(
    Rules,
    renewal_slack=st.sampled_from([timedelta(), 72 * HOUR]),
    grace=graces,
    first_payment_grace=graces,
    paused_collection_reads=st.booleans(),
    unpaid_reads=st.booleans(),
)


@given(records, moments, all_rules)
def test_nobody_reads_without_a_record_of_a_payment_or_a_trial(
    record: SubscriptionFacts, now: datetime, rules: Rules
) -> None:
    if not entitlement(record, now, rules).granted:
        return
    status = record.status if record.status in KNOWN_STATUSES else record.known_status
    has_grace = bool(rules.grace if record.has_been_paid else rules.first_payment_grace)
    assert status in ("trialing", "active") or (status == "past_due" and has_grace) or rules.unpaid_reads
    assert status in LIVE_STATUSES - {"paused"}


@given(records, moments, moments, all_rules)
def test_a_record_that_does_not_change_never_opens_again(
    record: SubscriptionFacts, one: datetime, other: datetime, rules: Rules
) -> None:
    earlier, later = sorted((one, other))
    if not entitlement(record, earlier, rules).granted:
        assert not entitlement(record, later, rules).granted


@given(records, moments, all_rules)
def test_an_answer_holds_up_to_its_moment(record: SubscriptionFacts, now: datetime, rules: Rules) -> None:
    answer = entitlement(record, now, rules)
    if not answer.granted:
        assert answer == NO
        return
    assert answer.until is not None
    assert now < answer.until
    assert entitlement(record, max(now, answer.until - SECOND), rules).granted
    if not answer.needs_sync:
        after = entitlement(record, answer.until, rules)
        assert not after.granted or after.needs_sync or record.overdue_since is not None


@given(records, moments, all_rules)
def test_a_sync_is_asked_for_once_and_the_last_minutes_end(
    record: SubscriptionFacts, now: datetime, rules: Rules
) -> None:
    if record.overdue_since is not None:
        assert not entitlement(record, now, rules).needs_sync
    ages = max(now, NOW) + timedelta(days=400)
    if record.overdue_since is not None or record.cancel_at is not None or record.ended_at is not None:
        assert not entitlement(record, ages, rules).granted
