"""What one subscription gives: a pure function of the mirrored record and the time.

It knows neither Django nor Stripe, asks nobody and writes nothing. A subscription is judged by itself; the union of
what a reader holds is made in `subscriptions/entitlements.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

OVERDUE_MINUTES = 15  # of access after the one sync that is asked for when a period's end was never confirmed
UNKNOWN_HOURS = 72  # for which the last decision holds while Stripe says a word that is not known here
# Stripe begins nothing sooner than 48 hours after its payment page was made, so a gift may end some two days before the
# subscription behind it begins: so long before its first payment that opens the library, and no day is missing.
BEFORE_BEGINNING = timedelta(hours=50)

# Those that block a second checkout.
LIVE_STATUSES = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
KNOWN_STATUSES = LIVE_STATUSES | {"incomplete", "incomplete_expired", "canceled"}


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """The record as it is mirrored; statuses as Stripe spells them, all moments in UTC.

    `known_status` is the last one that was a known word. `period_end` is the largest of the items' ends.
    `paused_from`: up to when it is paid for, where the reader has paused it; no longer there once it is paid again.
    `overdue_since`: when a sync was asked for because the end of the period had passed without a word.
    `suspended_at`: since when a payment for it is contested (`subscriptions/money_back/disputes.py`).
    `begins_at`: when it was sold to begin, where that is the end of a gift.
    """

    status: str
    known_status: str = ""
    unknown_since: datetime | None = None
    period_end: datetime | None = None
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    cancel_at_period_end: bool = False
    ended_at: datetime | None = None
    is_collection_paused: bool = False
    paused_from: datetime | None = None
    has_been_paid: bool = False
    past_due_since: datetime | None = None
    overdue_since: datetime | None = None
    suspended_at: datetime | None = None
    begins_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a publication decides. The slack is as long as Stripe repeats a delivery that failed."""

    renewal_slack: timedelta = timedelta(hours=72)
    grace: timedelta = timedelta(days=7)
    first_payment_grace: timedelta = timedelta()
    paused_collection_reads: bool = True
    unpaid_reads: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """`until` (UTC, exclusive): up to when this answer holds for the record as it is; always there where granted.

    `needs_sync`: Stripe must be asked, and `overdue_since` stored, from which the last minutes run.
    """

    granted: bool
    until: datetime | None
    needs_sync: bool = False


NO = Standing(granted=False, until=None)


def entitlement(subscription: SubscriptionFacts, now: datetime, rules: Rules) -> Standing:
    """Whether the subscription opens the library at `now` (UTC). Never raises, whatever the status says."""
    if subscription.suspended_at is not None:
        return NO
    if subscription.status in KNOWN_STATUSES:
        standing = by_status(subscription.status, subscription, now, rules)
    elif subscription.unknown_since is None:
        return NO
    else:
        last = by_status(subscription.known_status, subscription, now, rules)
        standing = at_most_until(subscription.unknown_since + timedelta(hours=UNKNOWN_HOURS), last, now)
    return at_most_until(subscription.ended_at, standing, now)


def by_status(status: str, subscription: SubscriptionFacts, now: datetime, rules: Rules) -> Standing:
    """The table of the billing specification, before what bounds every row. A status that gives nothing is a no."""
    if status == "trialing":
        standing = on_trial(subscription, now)
    elif status == "active" and (rules.paused_collection_reads or not is_paused_by_publisher(subscription)):
        standing = renewed(subscription, now, rules)
    elif status == "past_due":
        standing = in_grace(subscription, now, rules)
    elif status == "unpaid" and rules.unpaid_reads:
        standing = renewed(subscription, now, rules)
    else:
        return NO
    return at_most_until(subscription.paused_from, at_most_until(contract_end(subscription), standing, now), now)


def is_paused_by_publisher(subscription: SubscriptionFacts) -> bool:
    """Who pauses it themselves reads what they have paid for, and nothing after it."""
    return subscription.is_collection_paused and subscription.paused_from is None


def on_trial(subscription: SubscriptionFacts, now: datetime) -> Standing:
    if waits_for_gift(subscription.begins_at, now):
        return NO
    end = subscription.trial_end or subscription.period_end
    return overdue(subscription, now) if end is None else until(end, now)


def waits_for_gift(begins_at: datetime | None, now: datetime) -> bool:
    """Whether what was sold to begin then, behind a gift, opens nothing by itself yet: the gift does while it holds."""
    return begins_at is not None and now < begins_at - BEFORE_BEGINNING


def renewed(subscription: SubscriptionFacts, now: datetime, rules: Rules) -> Standing:
    """Up to the end of the period and the slack in which news of the next may come; after it, the last minutes."""
    if subscription.period_end is None or now >= subscription.period_end + rules.renewal_slack:
        return overdue(subscription, now)
    return Standing(granted=True, until=subscription.period_end + rules.renewal_slack)


def in_grace(subscription: SubscriptionFacts, now: datetime, rules: Rules) -> Standing:
    """Counted from the first failure and never from `period_end`, which has moved on to a period nobody paid for.

    A record that does not say since when is asked about once, like one that is overdue: the payer reads meanwhile.
    """
    grace = rules.grace if subscription.has_been_paid else rules.first_payment_grace
    if not grace:
        return NO
    if subscription.past_due_since is None:
        return overdue(subscription, now)
    return until(subscription.past_due_since + grace, now)


def overdue(subscription: SubscriptionFacts, now: datetime) -> Standing:
    """One sync is asked for, and from then on there are some minutes in which its answer may come."""
    last_minutes = timedelta(minutes=OVERDUE_MINUTES)
    if subscription.overdue_since is None:
        return Standing(granted=True, until=now + last_minutes, needs_sync=True)
    return until(subscription.overdue_since + last_minutes, now)


def until(end: datetime, now: datetime) -> Standing:
    return Standing(granted=True, until=end) if now < end else NO


def contract_end(subscription: SubscriptionFacts) -> datetime | None:
    """When it ends for good, where that is decided; Stripe says it by date or by flag. There is no slack after it."""
    return subscription.cancel_at or (subscription.period_end if subscription.cancel_at_period_end else None)


def at_most_until(end: datetime | None, standing: Standing, now: datetime) -> Standing:
    """The standing, cut off at `end` if there is one."""
    if end is None or not standing.granted or standing.until is None:
        return standing
    if now >= end:
        return NO
    return Standing(granted=True, until=min(end, standing.until), needs_sync=standing.needs_sync)
