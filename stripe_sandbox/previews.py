"""Invoices that are not made: a change is carried out on a copy of what the customer has, up to the first draft."""

from __future__ import annotations

import copy
from collections.abc import Callable

from stripe_sandbox import clock
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger, identity

LEFT_OUT = ("charge", "checkout.session", "event", "invoice_payment", "payment_intent")
COUNTED = ("coupon", "promotion_code")  # shared by customers, and changed by use
FURTHEST = 1000  # things that may happen before an invoice comes


class _Drafted(Exception):
    """The copy has made its draft."""

    def __init__(self, invoice: Thing) -> None:
        super().__init__(invoice["id"])
        self.invoice = invoice


def preview(ledger: Ledger, subscription: Thing, act: Callable[[Ledger], object]) -> Thing:
    """The first invoice that follows from `act`, at once or later. Raises Refused where none does."""
    rehearsal = _copied(ledger, subscription["customer"])
    rehearsal.on_event = _stop_at_draft
    try:
        act(rehearsal)
        for _ in range(FURTHEST):
            due = clock.first(clock.due_of(rehearsal, rehearsal.get(subscription["id"])))
            if due is None:
                break
            rehearsal.moment = max(due.at, rehearsal.now())
            due.act()
    except _Drafted as drafted:
        return _shown(drafted.invoice)
    message = f"No upcoming invoices for customer: {subscription['customer']}"
    raise Refused(message, status=404, code="invoice_upcoming_none")


def _stop_at_draft(event: Thing) -> None:
    if event["type"] == "invoice.created":
        raise _Drafted(event["data"]["object"])


def _copied(ledger: Ledger, customer_id: str) -> Ledger:
    """The customer's own things are copied, what is sold is shared, others' things are left out."""
    copied = Ledger()
    copied.origin, copied.moment = ledger.origin, ledger.now()
    for thing in ledger.things.values():
        if thing["object"] in LEFT_OUT:
            continue
        if thing["id"] == customer_id or thing.get("customer") == customer_id or thing["object"] in COUNTED:
            copied.put(copy.deepcopy(thing))
        elif "customer" not in thing and thing["object"] != "customer":
            copied.put(thing)
    for key, private in ledger.private.items():
        if key in copied.things or key not in ledger.things:
            copied.private[key] = copy.deepcopy(private)
    return copied


def _shown(invoice: Thing) -> Thing:
    shown_id = identity("upcoming_in")
    invoice.update(id=shown_id, billing_reason="upcoming", next_payment_attempt=invoice["created"])
    invoice["lines"]["url"] = f"/v1/invoices/{shown_id}/lines"
    for line in invoice["lines"]["data"]:
        line["invoice"] = shown_id
    return invoice
