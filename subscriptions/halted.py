"""Why a subscription that has not ended opens nothing: its reader has paused it, or something is to be done about it.
What it gives is decided in `subscriptions/statuses.py`; here that is explained by the same record, and nobody is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from subscriptions.models import Subscription
from subscriptions.statuses import KNOWN_STATUSES, LIVE_STATUSES, waits_for_gift


class Halt(StrEnum):
    PAUSED = "paused"  # by its reader, or by Stripe
    HELD = "held"  # its payments are paused by the publisher
    SUSPENDED = "suspended"  # a payment for it is contested, or was lost by that
    FAILING = "failing"  # the last payment did not go through, and grace is over
    WAITING = "waiting"  # it was sold to begin behind a gift, which is not given any more
    UNCONFIRMED = "unconfirmed"  # what Stripe said last is too old, or a word that is not known here


@dataclass(frozen=True, slots=True)
class Halted:
    """A subscription that runs at Stripe and opens nothing. `day` (UTC): until when it is paused, since when it is
    suspended, when it begins, when the payment was due that is not confirmed. `via`: the group whose owner pays for it.
    """

    halt: Halt
    subscription_id: int
    day: datetime | None = None
    ends_at: datetime | None = None  # where its end is decided
    plan_id: int | None = None
    via: str = ""

    @property
    def precedence(self) -> tuple[bool, int]:
        """Of two the higher one is told: the reader's own before a group's, then the newer."""
        return not self.via, self.subscription_id


def halted_of(subscription: Subscription, now: datetime, via: str = "") -> Halted | None:
    """Of one that opens nothing at `now` (UTC); None where it has ended or never began."""
    if subscription.status in KNOWN_STATUSES - LIVE_STATUSES or is_over(subscription, now):
        return None
    halt, day = halt_of(subscription, now)
    return Halted(halt, subscription.pk, day, subscription.ends_at, subscription.plan_id, via)


def is_over(subscription: Subscription, now: datetime) -> bool:
    ends = (subscription.ended_at, subscription.ends_at)
    return any(end is not None and end <= now for end in ends)


def halt_of(subscription: Subscription, now: datetime) -> tuple[Halt, datetime | None]:
    if subscription.suspended_at is not None:
        return Halt.SUSPENDED, subscription.suspended_at
    match subscription.status:
        case "past_due" | "unpaid":
            return Halt.FAILING, None
        case "paused":
            return Halt.PAUSED, None
        case "active" if subscription.paused_from is not None and subscription.paused_from <= now:
            return Halt.PAUSED, returns_on(subscription)
        case "active" if subscription.is_collection_paused and subscription.paused_from is None:
            return Halt.HELD, None
        case "active":
            return Halt.UNCONFIRMED, subscription.period_end
        case "trialing" if waits_for_gift(subscription.begins_at, now):
            return Halt.WAITING, subscription.trial_end or subscription.begins_at
        case "trialing":
            return Halt.UNCONFIRMED, subscription.trial_end or subscription.period_end
        case _:
            return Halt.UNCONFIRMED, None


def returns_on(subscription: Subscription) -> datetime | None:
    """Its day; once Stripe collects again the end of the period, which is paid then at the latest."""
    if subscription.is_collection_paused:
        return subscription.paused_until
    return subscription.period_end or subscription.paused_until
