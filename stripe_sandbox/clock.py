"""What is due, and when: carries everything out in the order of time. UTC seconds. It decides nothing itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from stripe_sandbox import billing, checkout, debits, pending, phases, upcoming
from stripe_sandbox.collection import DAY, change
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import next_end

TRIAL_NOTICE = 3 * DAY  # docs.stripe.com/billing/subscriptions/trials


@dataclass(frozen=True, slots=True)
class Due:
    """Something that happens at a moment. Of several at one moment the lower rank comes first."""

    at: int
    rank: int
    act: Callable[[], None]


def catch_up(ledger: Ledger) -> None:
    """Carries out what is due by now. With nothing changed since, the answer is known: calls come by the thousand."""
    generation, quiet_until = ledger.quiet
    if generation != ledger.generation or ledger.now() >= quiet_until:
        following = run_until(ledger, ledger.now())
        ledger.quiet = (ledger.generation, following)


def run_until(ledger: Ledger, moment: int) -> float:
    """Carries out everything due up to a moment, in the order of time, with the clock at each.

    Answers the moment of what is due next, which is infinite where nothing is.
    """
    with ledger.changing():
        before = ledger.moment
        try:
            while due := first(_due(ledger)):
                if due.at > moment:
                    return due.at
                ledger.moment = due.at
                due.act()
            return math.inf
        finally:
            ledger.moment = before


def first(dues: Iterator[Due]) -> Due | None:
    return min(dues, key=lambda one: (one.at, one.rank), default=None)


def _due(ledger: Ledger) -> Iterator[Due]:
    for session in ledger.kind("checkout.session"):
        if session["status"] == "open":
            yield Due(session["expires_at"], 0, partial(checkout.expire, ledger, session))
    for invoice in ledger.kind("invoice"):
        if invoice["status"] == "open" and invoice["next_payment_attempt"]:
            yield Due(invoice["next_payment_attempt"], 1, partial(billing.retry, ledger, invoice))
    for subscription in ledger.kind("subscription"):
        yield from due_of(ledger, subscription)
    yield from (Due(at, 8, act) for at, act in debits.due(ledger))
    yield from (Due(at, 9, act) for at, act in upcoming.due(ledger))


def due_of(ledger: Ledger, subscription: Thing) -> Iterator[Due]:
    """What is due for one subscription."""
    if subscription["status"] not in billing.RUNNING:
        return
    until = pending.expires_at(ledger, subscription)
    if until:
        yield Due(until, 2, lambda: pending.expire(ledger, subscription))
    if subscription["cancel_at"]:
        reason = "cancellation_requested"
        yield Due(subscription["cancel_at"], 3, lambda: billing.end_now(ledger, subscription, reason))
    if subscription["status"] == "paused":
        return
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"]:
        yield Due(pause["resumes_at"], 4, lambda: change(ledger, billing.UPDATED, subscription, pause_collection=None))
    if subscription["status"] == "trialing" and not ledger.private[subscription["id"]]["will_end_told"]:
        start, end = subscription["trial_start"], subscription["trial_end"]
        yield Due(max(start, end - TRIAL_NOTICE), 5, lambda: _tell_trial_end(ledger, subscription))
    if subscription["schedule"]:
        schedule = ledger.get(subscription["schedule"])
        yield Due(schedule["current_phase"]["end_date"], 6, lambda: phases.move_on(ledger, schedule))
    yield Due(next_end(subscription), 7, lambda: billing.renew(ledger, subscription))


def _tell_trial_end(ledger: Ledger, subscription: Thing) -> None:
    ledger.private[subscription["id"]]["will_end_told"] = True
    ledger.announce("customer.subscription.trial_will_end", subscription)
