"""A pause that a reader takes: from the end of what is paid to a later boundary of the billing period. In between
nothing is charged and nothing is read; see `statuses.py` for the rule, `answers.pause_of` for the end of a pause.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from subscriptions.account.sentences import day_of
from subscriptions.answers import PAUSED_FROM, PAUSED_UNTIL, items_of, moment, pause_of, period_end_of
from subscriptions.contracts.changing import ChangeRefused, lines_of, why_not
from subscriptions.models import PlanInterval, Subscription
from subscriptions.stripe_gateway import Answer, Gateway, StripeFailed, StripeUnderWay

# Stripe collects again so long before the boundary at which the next period is to be paid, lest that payment be
# voided by a pause that ends a moment too late. Nothing is due in that time, and by our marks nothing is read.
MARGIN = timedelta(days=1)
# How often going on failed, in strokes: Stripe answers a repetition under the same key as it answered at first.
FAILED_TRIES = "resume_tries"
NO_MARKS = {PAUSED_FROM: "", PAUSED_UNTIL: "", FAILED_TRIES: ""}  # an empty value removes a key at Stripe


@dataclass(frozen=True, slots=True)
class Resumption:
    """What it takes to go on now: nothing while the time that was paid for still runs, else the price of a period,
    which begins anew. `due_minor` in minor units; `next_on`: the payment after that, where it is known.
    """

    is_begun: bool
    due_minor: int = 0
    currency: str = ""
    next_on: datetime | None = None


def why_no_pause(subscription: Subscription) -> str:
    """Why no pause can be taken now, for the reader; empty where one can."""
    if not settings.PAUSE_MONTHS:
        return _("Pauses are not offered here.")
    if subscription.paused_from is not None:
        return _("This subscription is paused already.")
    refused = why_not(subscription)
    if refused:
        return refused
    if subscription.status == "trialing":
        return _("Nothing has been paid for it yet. Once you pay by the month, you can pause.")
    if subscription.interval != PlanInterval.MONTH:
        if subscription.period_end is None:
            return _("Only monthly subscriptions can be paused.")
        return _("Only monthly subscriptions can be paused. Yours is paid until %(day)s, and you read until then.") % {
            "day": day_of(subscription.period_end)
        }
    return ""


def boundaries(anchor: datetime, period_end: datetime, months: int) -> list[datetime]:
    """The next `months` ends of monthly periods after `period_end` (UTC), on the day of the month of `anchor` or, where
    a month has no such day, on its last: docs.stripe.com/billing/subscriptions/billing-cycle.
    """
    ends = []
    for number in range(1, months + 1):
        year, month = divmod(period_end.year * 12 + period_end.month - 1 + number, 12)
        day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
        ends.append(period_end.replace(year=year, month=month + 1, day=day))
    return ends


def choices_of(answer: Answer) -> list[datetime]:
    """On which days one can return. Raises ChangeRefused where Stripe knows of something that stands in the way."""
    period_end, anchor = period_end_of(answer), moment(answer.get("billing_cycle_anchor"))
    is_free = not answer.get("schedule") and not answer.get("pause_collection") and not answer.get("pending_update")
    is_ending = answer.get("cancel_at") or answer.get("cancel_at_period_end")
    if answer["status"] != "active" or not is_free or is_ending or period_end is None or anchor is None:
        raise ChangeRefused(_("This subscription cannot be paused now."))
    return boundaries(anchor.astimezone(UTC), period_end, settings.PAUSE_MONTHS)


def pause(gateway: Gateway, answer: Answer, until: datetime) -> None:
    """From the end of the period that is paid until `until`, one of its choices. Raises StripeFailed."""
    since = max(item["current_period_end"] for item in items_of(answer))
    params: dict[str, Any] = {
        "pause_collection": {"behavior": "void", "resumes_at": seconds(until - MARGIN)},
        "metadata": {PAUSED_FROM: str(since), PAUSED_UNTIL: str(seconds(until))},
    }
    gateway.update_subscription(answer["id"], params)


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def resumption(gateway: Gateway, answer: Answer) -> Resumption:
    """What is due for going on now. Raises ChangeRefused where there is no pause of the reader's, StripeFailed."""
    if answer["status"] == "paused":
        return due_now(gateway, answer, {"resume_at": "now"})
    if answer["status"] != "active":
        raise ChangeRefused(_("This subscription does not run at present."))
    marks = pause_of(answer)
    since, ends = marks[PAUSED_FROM], period_end_of(answer)
    if since is None or ends is None:
        raise ChangeRefused(_("This subscription is not paused."))
    if ends <= since:
        return Resumption(is_begun=False, next_on=ends)
    return due_now(gateway, answer, {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"})


def due_now(gateway: Gateway, answer: Answer, details: dict[str, Any]) -> Resumption:
    preview = gateway.preview_invoice({"subscription": answer["id"], "subscription_details": details})
    return Resumption(
        is_begun=True,
        due_minor=int(preview["amount_due"]),
        currency=str(preview["currency"]).upper(),
        next_on=max(filter(None, (moment(line["period"]["end"]) for line in lines_of(preview))), default=None),
    )


def resume(gateway: Gateway, answer: Answer, resumed: Resumption) -> None:
    """Go on as `resumed` says. A pause that has begun keeps its marks, and so nothing is read, until a new period is
    paid; where that payment waits for the bank, Stripe collects again from the next boundary on in any case.

    Raises StripeFailed.
    """
    stripe_id = answer["id"]
    if answer["status"] == "paused":
        gateway.resume_subscription(stripe_id)
        return
    if not resumed.is_begun:
        gateway.update_subscription(stripe_id, {"pause_collection": "", "metadata": NO_MARKS})
        return
    gateway.update_subscription(stripe_id, {"pause_collection": ""})
    begin_anew: dict[str, Any] = {
        "billing_cycle_anchor": {"type": "now"},
        "proration_behavior": "none",
        "payment_behavior": "pending_if_incomplete",
    }
    try:
        begun = gateway.update_subscription(stripe_id, begin_anew, key=key_of(answer))
    except StripeUnderWay:
        raise
    except StripeFailed:
        pause_again(gateway, answer)
        raise
    if not begun.get("pending_update"):
        gateway.update_subscription(stripe_id, {"metadata": NO_MARKS})


def key_of(answer: Answer) -> str:
    """The idempotency key of going on after this pause: forms in two tabs bill one period, also where the second is
    sent while the first is under way.
    """
    marks = answer["metadata"]
    return f"{settings.STRIPE_APP}:resume:{answer['id']}:{marks[PAUSED_FROM]}:{marks.get(FAILED_TRIES, '')}"


def pause_again(gateway: Gateway, answer: Answer) -> None:
    """As it was before, unless it went on all the same: its answer was lost, or it was asked for in another tab. If
    Stripe is away for this too, it collects at the next boundary.
    """
    held, now = answer.get("pause_collection"), gateway.subscription(answer["id"])
    is_as_before = period_end_of(now) == period_end_of(answer) and now.get("latest_invoice") == answer["latest_invoice"]
    if held and is_as_before:
        tries = {FAILED_TRIES: answer["metadata"].get(FAILED_TRIES, "") + "i"}
        gateway.update_subscription(answer["id"], {"pause_collection": held, "metadata": tries})
