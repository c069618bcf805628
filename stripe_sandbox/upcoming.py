"""The notice of a renewal some days ahead: `invoice.upcoming`, once a period, with what the next invoice would say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from stripe_sandbox.collection import DAY
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import next_end

NOTICE_DAYS = 7  # as Stripe's dashboard has it unless told otherwise
SETTING = "control_upcoming"  # where the ledger keeps what tests have set
RENEWING = ("active", "trialing")


def notice(ledger: Ledger) -> int:
    """Seconds before a renewal; 0 when no notice is given."""
    return int(ledger.private.get(SETTING, {}).get("days", NOTICE_DAYS)) * DAY


def due(ledger: Ledger) -> Iterator[tuple[int, Callable[[], None]]]:
    """When notices are given. A period that is no longer than the notice has none."""
    ahead = notice(ledger)
    for subscription in ledger.kind("subscription") if ahead else ():
        if subscription["status"] not in RENEWING:
            continue
        end = next_end(subscription)
        start = min(item["current_period_start"] for item in subscription["items"]["data"])
        told = ledger.private[subscription["id"]].get("upcoming_told")
        if end - start > ahead and told != end:
            yield end - ahead, partial(tell, ledger, subscription, end)


def tell(ledger: Ledger, subscription: Thing, end: int) -> None:
    # Previews run the clock of a copy, which asks this module what is due.
    from stripe_sandbox.previews import preview

    ledger.private[subscription["id"]]["upcoming_told"] = end
    try:
        invoice = preview(ledger, subscription, lambda copied: None)
    except Refused:
        return  # nothing follows: it is over before the period ends
    ledger.announce("invoice.upcoming", invoice)
