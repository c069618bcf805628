"""What a discount that goes on makes of a subscription's price, from Stripe's own lines: of the invoice to come or,
where that will be of something else, of the last one. Only a sync, which holds the lease, comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from subscriptions.answers import id_of, moment
from subscriptions.models import StripeCustomer, Subscription
from subscriptions.stripe_gateway import Answer, Gateway, StripeRefused

RUNNING = ("active", "trialing", "past_due")
type Net = tuple[int | None, datetime | None]
NONE: Net = (None, None)


@dataclass(frozen=True, slots=True)
class Lowered:
    """`ends`: of each discount for more than one payment, by its id, until when it counts (UTC); None: for good."""

    ends: dict[str, datetime | None]
    lines: list[Answer]


def fetch_lowered(gateway: Gateway, _customer: StripeCustomer, subscriptions: list[Answer]) -> dict[str, Lowered]:
    """By the subscription's id at Stripe. Nothing is asked about who has no such discount."""
    running = [answer for answer in subscriptions if answer["status"] in RUNNING]
    lasting = {answer["id"]: (answer, lasting_of(answer)) for answer in running}
    return {key: Lowered(ends, lines_for(gateway, answer)) for key, (answer, ends) in lasting.items() if ends}


def lasting_of(answer: Answer) -> dict[str, datetime | None]:
    return {row["id"]: moment(row["end"]) for row in answer.get("discounts") or [] if is_lasting(row)}


def is_lasting(discount: Answer) -> bool:
    return bool(discount["source"]["coupon"]["duration"] != "once")


def lines_for(gateway: Gateway, answer: Answer) -> list[Answer]:
    """Of what is charged next; where a schedule or an end lets something else come, of what was charged last."""
    is_ending = answer.get("cancel_at") or answer.get("cancel_at_period_end")
    if not is_ending and not answer.get("schedule"):
        try:
            return lines_of(gateway.preview_invoice({"subscription": answer["id"]}))
        except StripeRefused:  # nothing comes
            pass
    latest = id_of(answer.get("latest_invoice"))
    return lines_of(gateway.invoice(latest)) if latest else []


def lines_of(invoice: Answer) -> list[Answer]:
    return list(invoice["lines"]["data"])


def save_lowered(customer: StripeCustomer, found: dict[str, Lowered], _now: datetime) -> Iterator[str]:
    for row in Subscription.objects.filter(customer=customer).order_by("pk"):
        lowered = found.get(row.stripe_id)
        net = NONE if lowered is None else net_of(row, lowered)
        if net != (row.net_minor, row.net_until):
            yield f"{row.stripe_id}: net_minor {row.net_minor} -> {net[0]}"
            row.net_minor, row.net_until = net
            row.save(update_fields=["net_minor", "net_until"])


def net_of(row: Subscription, lowered: Lowered) -> Net:
    """Nothing where the next renewal is not lowered, or by something that is for one payment too."""
    line = next((line for line in lowered.lines if is_full(line, row)), None)
    if line is None:
        return NONE
    taken = {id_of(each["discount"]): int(each["amount"]) for each in line.get("discount_amounts") or []}
    ends = [lowered.ends.get(key) for key, amount in taken.items() if amount]
    until = min(filter(None, ends), default=None)
    is_over = until is not None and row.period_end is not None and until <= row.period_end
    if not ends or is_over or not lowered.ends.keys() >= {key for key, amount in taken.items() if amount}:
        return NONE
    return int(line["amount"]) - sum(taken.values()), until


def is_full(line: Answer, row: Subscription) -> bool:
    """Whether it is for a whole period at the subscription's price."""
    price = ((line.get("pricing") or {}).get("price_details") or {}).get("price")
    return id_of(price) == row.price_id and line["amount"] == row.amount_minor
