"""The billing periods of a subscription, and the invoice lines that a period makes. Moments in UTC seconds."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

from stripe_sandbox import collection
from stripe_sandbox.faults import Thing


def next_period_end(start: int, recurring: Thing, anchor: int) -> int:
    """Months and years keep the anchor's day, or take the month's last one (31 January -> 28 February -> 31 March)."""
    count, interval = recurring["interval_count"], recurring["interval"]
    begin = datetime.fromtimestamp(start, UTC)
    if interval in ("day", "week"):
        return int((begin + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = begin.year * 12 + begin.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = min(datetime.fromtimestamp(anchor, UTC).day, calendar.monthrange(year, month + 1)[1])
    return int(begin.replace(year=year, month=month + 1, day=day).timestamp())


def period_end(subscription: Thing) -> int:
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def next_end(subscription: Thing) -> int:
    """When the next renewal is due: items with several intervals have periods of their own."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def lines_for(subscription: Thing, *, trial: bool = False) -> list[Thing]:
    """The invoice lines of the period that the items are in."""
    lines = []
    for item in subscription["items"]["data"]:
        period = {"start": item["current_period_start"], "end": item["current_period_end"]}
        text = "Trial period" if trial else f"{item['quantity']} × subscription"
        lines.append(collection.line(item, text, period, amount=0 if trial else None))
    return lines
