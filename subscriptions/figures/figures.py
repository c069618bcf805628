"""What a subscription is worth and when it was first paid, read from Stripe's answers for the dashboard. Nothing here
decides about access.
"""

from __future__ import annotations

from typing import Any

from subscriptions.answers import id_of, is_paid, items_of, moment
from subscriptions.stripe_gateway import Answer

# How often a year, by Stripe's word for the interval.
A_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}
UNBILLED = ("draft", "void")


def figures_of(subscription: Answer, invoices: list[Answer]) -> dict[str, Any]:
    """Under the names of our columns; `invoices` are those of the subscription."""
    paid = (moment((row.get("status_transitions") or {}).get("paid_at")) for row in invoices if is_paid(row))
    return {
        "yearly_minor": yearly_minor(subscription, invoices),
        "first_paid_at": min(filter(None, paid), default=None),
    }


def yearly_minor(subscription: Answer, invoices: list[Answer]) -> int:
    """Twelve months of all its items, each less what its latest invoice took off, in the same proportion."""
    billed = sorted((row for row in invoices if row["status"] not in UNBILLED), key=lambda row: -int(row["created"]))
    lines = [line for row in billed for line in (row.get("lines") or {}).get("data") or []]
    return sum(yearly_of_item(item, lines) for item in items_of(subscription))


def yearly_of_item(item: Answer, lines: list[Answer]) -> int:
    """`lines`: the newest first. One that gives something back says nothing of a price."""
    recurring = item["price"].get("recurring") or {}
    times = A_YEAR.get(str(recurring.get("interval")), 0)
    full = int(item["price"].get("unit_amount") or 0) * int(item.get("quantity") or 1) * times
    full //= int(recurring.get("interval_count") or 1)
    line = next((line for line in lines if line["amount"] > 0 and is_for(line, item)), None)
    if line is None:
        return full
    off = sum(int(row["amount"]) for row in line.get("discount_amounts") or [])
    billed = int(line["amount"])
    return full - (2 * full * off + billed) // (2 * billed)


def is_for(line: Answer, item: Answer) -> bool:
    details = (line.get("parent") or {}).get("subscription_item_details") or {}
    price = ((line.get("pricing") or {}).get("price_details") or {}).get("price")
    return bool(details.get("subscription_item") == item["id"]) and id_of(price) == item["price"]["id"]
