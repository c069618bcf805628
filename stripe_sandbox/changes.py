"""A running subscription gets other items, ends early, is paused and resumed; and what each bills or gives back."""

from __future__ import annotations

from stripe_sandbox import billing, cards, collection, pending, proration
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import next_end, period_end
from stripe_sandbox.proration import Change, Wish


def update_items(ledger: Ledger, subscription: Thing, wish: Wish, behaviour: str) -> None:
    """`behaviour` is the call's `payment_behavior`. What is not billed at once waits for the next invoice."""
    former = pending.drop(ledger, subscription)
    change = proration.plan(ledger, subscription, wish)
    waiting = ledger.private[subscription["id"]]["pending_lines"]
    is_billed = change.restarts or (wish.proration == "always_invoice" and bool(change.lines or waiting))
    if not is_billed:
        waiting.extend(change.lines)
        former |= _apply(ledger, subscription, change)
        ledger.announce(billing.UPDATED, subscription, former)
    elif behaviour == "pending_if_incomplete":
        _pay_first(ledger, subscription, change)
    else:
        if behaviour == "error_if_incomplete":
            _check_payable(ledger, subscription, [*waiting, *change.lines])
        former |= _apply(ledger, subscription, change)
        collects = behaviour != "default_incomplete"
        billing.bill(ledger, subscription, change.lines, "subscription_update", former, collects=collects)


def _apply(ledger: Ledger, subscription: Thing, change: Change) -> Thing:
    former = proration.apply(ledger, subscription, change)
    if subscription["cancel_at_period_end"]:
        former["cancel_at"], subscription["cancel_at"] = subscription["cancel_at"], period_end(subscription)
    return former


def _pay_first(ledger: Ledger, subscription: Thing, change: Change) -> None:
    """The items change when the invoice is paid, now or later."""
    waiting = pending.take_lines(ledger, subscription)
    former: Thing = {"latest_invoice": subscription["latest_invoice"]}
    invoice = collection.make_invoice(ledger, subscription, [*waiting, *change.lines], "subscription_update")
    ledger.private[invoice["id"]]["tries_once"] = True
    if collection.collect(ledger, invoice):
        ledger.announce(billing.UPDATED, subscription, former | _apply(ledger, subscription, change))
    else:
        pending.hold(ledger, subscription, change, invoice, waiting)


def _check_payable(ledger: Ledger, subscription: Thing, lines: list[Thing]) -> None:
    """Raises Refused (402), with nothing changed, where the card would not pay the invoice of these lines."""
    invoice = collection.composed(ledger, subscription, lines, "subscription_update")
    found = cards.for_invoice(ledger, invoice)
    if not invoice["amount_due"] or (found and found[1].pays_later):
        return
    if found and found[1].asks_later:
        message = "Payment for this subscription requires additional user action before it can be completed."
        raise Refused(message, status=402, kind="card_error", code="subscription_payment_intent_requires_action")
    if not found:
        raise Refused(
            "This customer has no attached payment source or default payment method.", code="resource_missing"
        )
    raise Refused(cards.DECLINED["message"], status=402, kind="card_error", code="card_declined")


def cancel_now(ledger: Ledger, subscription: Thing, *, prorate: bool, invoice_now: bool) -> None:
    """With both, what is unused comes back as credit on the customer's balance."""
    pending.drop(ledger, subscription)
    if prorate and subscription["status"] != "paused":
        lines = proration.unused(ledger, subscription, ledger.now())
        ledger.private[subscription["id"]]["pending_lines"].extend(lines)
    if invoice_now and ledger.private[subscription["id"]]["pending_lines"]:
        billing.bill(ledger, subscription, [], "subscription_update", {})
    billing.end_now(ledger, subscription, "cancellation_requested")


def pause(ledger: Ledger, subscription: Thing, *, unused_from: str, is_billed: bool) -> None:
    """`unused_from` is now, item_current_period_start or none: from when the time of the period is given back."""
    if subscription["status"] not in ("active", "trialing"):
        raise Refused(f"This subscription cannot be paused because its status is {subscription['status']}.")
    start = min(item["current_period_start"] for item in subscription["items"]["data"])
    at = start if unused_from == "item_current_period_start" else ledger.now()
    if unused_from != "none":
        ledger.private[subscription["id"]]["pending_lines"].extend(proration.unused(ledger, subscription, at))
    if is_billed and ledger.private[subscription["id"]]["pending_lines"]:
        billing.bill(ledger, subscription, [], "subscription_update", {})
    pending.sleep(ledger, subscription, "pause_requested")


def resume(ledger: Ledger, subscription: Thing, wish: Wish, *, waits: bool) -> None:
    """`wish.restarts`: a new period begins now. `waits`: the subscription stays paused until its invoice is paid."""
    pending.drop(ledger, subscription)
    change = _resumption(ledger, subscription, wish)
    is_billed = change.restarts or (wish.proration == "always_invoice" and bool(change.lines))
    if not is_billed:
        ledger.private[subscription["id"]]["pending_lines"].extend(change.lines)
        pending.wake(ledger, subscription, proration.apply(ledger, subscription, change))
    elif waits:
        lines = [*pending.take_lines(ledger, subscription), *change.lines]
        invoice = collection.make_invoice(ledger, subscription, lines, "subscription_cycle")
        ledger.private[invoice["id"]]["tries_once"] = True
        pending.hold_resumption(ledger, subscription, change, invoice)
        if collection.collect(ledger, invoice):
            pending.apply(ledger, subscription)
    else:
        pending.wake(ledger, subscription, proration.apply(ledger, subscription, change))
        billing.bill(ledger, subscription, change.lines, "subscription_cycle", {})


def _resumption(ledger: Ledger, subscription: Thing, wish: Wish) -> Change:
    """What is left of a period that has not ended costs its share; one that has ended is followed by a new one."""
    now = ledger.now()
    if wish.restarts or next_end(subscription) <= now:
        return proration.anew(ledger, subscription)
    lines = [] if wish.proration == "none" else proration.charged_rest(ledger, subscription, wish.at or now)
    return Change(subscription["items"]["data"], lines, restarts=False)
