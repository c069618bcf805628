"""Reading Stripe's answers: the few places where their shape needs to be known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from subscriptions.stripe_gateway import Answer

LONGEST_STATUS = 40
LONGEST_COMMENT = 300  # characters, as the column
# Our marks in a subscription's metadata, and our columns.
PAUSED_FROM = "paused_from"
PAUSED_UNTIL = "paused_until"


def items_of(answer: Answer) -> list[Answer]:
    return list(answer["items"]["data"])


def subscription_of(invoice: Answer) -> str:
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return id_of(details.get("subscription"))


def id_of(named: Any) -> str:
    """The id of what an answer names, where it is expanded to an object too; empty where it names nothing."""
    held = named.get("id") if isinstance(named, dict) else named
    return held if isinstance(held, str) else ""


def period_end_of(subscription: Answer) -> datetime | None:
    """The latest end of its items' periods."""
    ends = (moment(item.get("current_period_end")) for item in items_of(subscription))
    return max(filter(None, ends), default=None)


def terms_of(subscription: Answer) -> dict[str, Any]:
    """What Stripe says of a subscription, under the names of our columns."""
    return {
        "status": str(subscription["status"])[:LONGEST_STATUS],
        "trial_end": moment(subscription.get("trial_end")),
        "cancel_at": moment(subscription.get("cancel_at")),
        "cancel_at_period_end": bool(subscription.get("cancel_at_period_end")),
        "ended_at": moment(subscription.get("ended_at")),
        "period_end": period_end_of(subscription),
        "is_collection_paused": subscription.get("pause_collection") is not None,
        "pending_update_until": moment((subscription.get("pending_update") or {}).get("expires_at")),
        **begun_and_left(subscription),
        **pause_of(subscription),
        **planned_of(subscription),
    }


def begun_and_left(subscription: Answer) -> dict[str, Any]:
    """When a trial began, when it was cancelled or stopped, and why."""
    details = subscription.get("cancellation_details") or {}
    stopped = (subscription.get("status_details") or {}).get("paused") or {}
    return {
        "trial_start": moment(subscription.get("trial_start")),
        "canceled_at": moment(subscription.get("canceled_at")),
        "cancel_reason": str(details.get("reason") or "")[:LONGEST_STATUS],
        "cancel_feedback": str(details.get("feedback") or "")[:LONGEST_STATUS],
        "cancel_comment": str(details.get("comment") or "")[:LONGEST_COMMENT],
        "stopped_at": moment(stopped.get("transitioned_at")),
    }


def period_start_of(subscription: Answer) -> datetime | None:
    """The latest beginning of its items' periods."""
    starts = (moment(item.get("current_period_start")) for item in items_of(subscription))
    return max(filter(None, starts), default=None)


def pause_of(subscription: Answer) -> dict[str, datetime | None]:
    """The reader's own pause, by our marks; over once Stripe collects again and a period has begun since its end."""
    marks = subscription.get("metadata") or {}
    since, until = (moment_in_words(marks.get(name)) for name in (PAUSED_FROM, PAUSED_UNTIL))
    started = period_start_of(subscription)
    is_over = until is None or (not subscription.get("pause_collection") and started is not None and started >= until)
    return dict.fromkeys((PAUSED_FROM, PAUSED_UNTIL)) if is_over else {PAUSED_FROM: since, PAUSED_UNTIL: until}


def moment_in_words(text: Any) -> datetime | None:
    """A moment as our marks carry it: seconds since 1970 in decimal. Whatever else stands there says nothing."""
    return moment(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 12 else None


def planned_of(subscription: Answer) -> dict[str, Any]:
    """What its schedule, which is fetched with it, makes of it next: another price, and from when."""
    schedule = subscription.get("schedule")
    planned: dict[str, Any] = {"schedule_id": id_of(schedule), "pending_price_id": "", "pending_from": None}
    if not isinstance(schedule, dict) or not schedule.get("current_phase"):
        return planned
    present = {item["price"]["id"] for item in items_of(subscription)}
    coming = [phase for phase in schedule["phases"] if phase["start_date"] >= schedule["current_phase"]["end_date"]]
    for phase in sorted(coming, key=lambda phase: phase["start_date"])[:1]:
        others = [id_of(item["price"]) for item in phase["items"] if id_of(item["price"]) not in present]
        if others:
            planned |= {"pending_price_id": others[0], "pending_from": moment(phase["start_date"])}
    return planned


def finalized_at(invoice: Answer) -> datetime | None:
    return moment((invoice.get("status_transitions") or {}).get("finalized_at"))


def is_paid(invoice: Answer) -> bool:
    """Whether money came in by it; an invoice of nothing, as a trial begins with, is no payment."""
    return bool(invoice["status"] == "paid" and invoice["amount_paid"] > 0)


def is_settled_since(invoice: Answer, since: datetime) -> bool:
    """Whether it was made at `since` (UTC) or later and is paid, be it from what the customer had to their credit."""
    made = moment(invoice["created"])
    return bool(invoice["status"] == "paid" and invoice["total"] > 0 and made is not None and made >= since)


def moment(seconds: Any) -> datetime | None:
    """A moment of Stripe's (seconds since 1970)."""
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
