"""What waits: updates and resumptions for their payment, 23 hours long, and lines for the next invoice."""

from __future__ import annotations

from dataclasses import asdict

from stripe_sandbox import proration, settling
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import next_end

KEPT = 23 * 60 * 60  # seconds; docs.stripe.com/billing/subscriptions/pending-updates
UPDATED = "customer.subscription.updated"


def hold(ledger: Ledger, subscription: Thing, change: proration.Change, invoice: Thing, waiting: list[Thing]) -> None:
    """`waiting` are the lines that had waited for an invoice before; they do so again when the update is dropped."""
    until = min(ledger.now() + KEPT, next_end(subscription))
    _keep(ledger, subscription, change, invoice, waiting, until)
    subscription["pending_update"] = {
        "billing_cycle_anchor": change.fields.get("billing_cycle_anchor"),
        "cancel_at_period_end": change.fields.get("cancel_at_period_end"),
        "discount": None,
        "discounts": None,
        "expires_at": until,
        "metadata": change.fields.get("metadata"),
        "subscription_items": change.items,
        "trial_end": change.fields.get("trial_end"),
        "trial_from_plan": None,
    }
    ledger.announce(UPDATED, subscription, {"pending_update": None})


def hold_resumption(ledger: Ledger, subscription: Thing, change: proration.Change, invoice: Thing) -> None:
    """The subscription stays paused until its invoice is paid."""
    _keep(ledger, subscription, change, invoice, [], ledger.now() + KEPT)


def _keep(
    ledger: Ledger, subscription: Thing, change: proration.Change, invoice: Thing, waiting: list[Thing], until: int
) -> None:
    kept = {"change": asdict(change), "invoice": invoice["id"], "waiting": waiting, "until": until}
    ledger.private[subscription["id"]]["held"] = kept


def waits_for(ledger: Ledger, subscription: Thing, invoice: Thing) -> bool:
    held = ledger.private[subscription["id"]].get("held")
    return held is not None and bool(held["invoice"] == invoice["id"])


def expires_at(ledger: Ledger, subscription: Thing) -> int | None:
    held = ledger.private[subscription["id"]].get("held")
    return held["until"] if held else None


def apply(ledger: Ledger, subscription: Thing) -> None:
    """The payment has come."""
    held = ledger.private[subscription["id"]].pop("held")
    was_paused = subscription["status"] == "paused"
    former = proration.apply(ledger, subscription, proration.Change(**held["change"]))
    if was_paused:
        wake(ledger, subscription, former)
        return
    former["pending_update"], subscription["pending_update"] = subscription["pending_update"], None
    ledger.announce("customer.subscription.pending_update_applied", subscription)
    ledger.announce(UPDATED, subscription, former)


def expire(ledger: Ledger, subscription: Thing) -> None:
    """It has not come in time."""
    former = drop(ledger, subscription)
    if former:
        ledger.announce("customer.subscription.pending_update_expired", subscription)
        ledger.announce(UPDATED, subscription, former)


def drop(ledger: Ledger, subscription: Thing) -> Thing:
    """Gives up what waits, if anything, and voids its invoice; answers what has changed of the subscription."""
    private = ledger.private[subscription["id"]]
    held = private.pop("held", None)
    if held is None:
        return {}
    private["pending_lines"].extend(held["waiting"])
    invoice = ledger.get(held["invoice"])
    if invoice["status"] == "open":
        settling.void(ledger, invoice)
    former, subscription["pending_update"] = subscription["pending_update"], None
    return {"pending_update": former} if former else {}


def take_lines(ledger: Ledger, subscription: Thing) -> list[Thing]:
    """The lines that wait for an invoice, which is made now."""
    lines = list(ledger.private[subscription["id"]]["pending_lines"])
    ledger.private[subscription["id"]]["pending_lines"].clear()
    return lines


def sleep(ledger: Ledger, subscription: Thing, reason: str) -> None:
    """Paused: no period begins, nothing is billed."""
    former: Thing = {"status": subscription["status"], "status_details": subscription.get("status_details")}
    why = {"subscription": {"type": reason}, "transitioned_at": ledger.now(), "type": "subscription"}
    subscription.update(status="paused", status_details={"paused": why})
    ledger.announce("customer.subscription.paused", subscription)
    ledger.announce(UPDATED, subscription, former)


def wake(ledger: Ledger, subscription: Thing, former: Thing) -> None:
    former |= {"status": "paused", "status_details": subscription.get("status_details")}
    subscription.update(status="active", status_details=None)
    ledger.announce("customer.subscription.resumed", subscription)
    ledger.announce(UPDATED, subscription, former)
