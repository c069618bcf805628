"""Reading Stripe's answers: the few places where their shape needs to be known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from subscriptions.stripe_gateway import Answer

LONGEST_STATUS = 40


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
    }


def finalized_at(invoice: Answer) -> datetime | None:
    return moment((invoice.get("status_transitions") or {}).get("finalized_at"))


def is_paid(invoice: Answer) -> bool:
    """Whether money came in by it; an invoice of nothing, as a trial begins with, is no payment."""
    return bool(invoice["status"] == "paid" and invoice["amount_paid"] > 0)


def moment(seconds: Any) -> datetime | None:
    """A moment of Stripe's (seconds since 1970)."""
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
