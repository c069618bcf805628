"""How subscriptions are billed and what follows: renewals, retries, ends of trials, cancellations. UTC seconds."""

from __future__ import annotations

from stripe_sandbox import cards, collection, pending, schedules, settling
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import lines_for, next_end, next_period_end, period_end

UPDATED = "customer.subscription.updated"
DELETED = "customer.subscription.deleted"
RUNNING = ("active", "past_due", "paused", "trialing", "unpaid")
ENDED = ("canceled", "incomplete_expired")
RETRIES_END_IN = "retries_end_in"  # where the account's setting is kept: {"status": "canceled" or "unpaid"}
KEPT: Thing = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}  # nothing is cancelled


def renew(ledger: Ledger, subscription: Thing) -> None:
    """The next period begins: a new invoice, charged at once. A trial that cannot be paid ends as its settings say."""
    was_trial = subscription["status"] == "trialing"
    behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if was_trial and behaviour != "create_invoice" and not cards.default_method(ledger, subscription["customer"]):
        if behaviour == "cancel":
            end_now(ledger, subscription, "cancellation_requested")
        else:
            pending.sleep(ledger, subscription, "trial_end_without_payment_method")
        return
    former: Thing = {"items": {"data": [dict(item) for item in subscription["items"]["data"]]}}
    start = next_end(subscription)
    due = [item for item in subscription["items"]["data"] if item["current_period_end"] == start]
    for item in due:
        end = next_period_end(start, item["price"]["recurring"], subscription["billing_cycle_anchor"])
        item.update(current_period_start=start, current_period_end=end)
    if was_trial:
        subscription["status"] = "active"
        former["status"] = "trialing"
    bill(ledger, subscription, lines_for({"items": {"data": due}}), "subscription_cycle", former)


def bill(
    ledger: Ledger, subscription: Thing, lines: list[Thing], reason: str, former: Thing, *, collects: bool = True
) -> None:
    """Makes the invoice, with what has waited for one, and collects it, in the order in which Stripe tells it."""
    pause = subscription["pause_collection"]
    stays_draft = subscription["status"] == "unpaid" or (pause and pause["behavior"] == "keep_as_draft")
    lines = [*pending.take_lines(ledger, subscription), *lines]
    former["latest_invoice"] = subscription["latest_invoice"]
    invoice = collection.draft(ledger, subscription, lines, reason)
    if stays_draft:
        invoice["auto_advance"] = False
    else:
        collection.finalize(ledger, invoice)
    ledger.announce(UPDATED, subscription, former)
    if invoice["status"] == "draft":
        return
    if pause:
        (settling.void if pause["behavior"] == "void" else settling.write_off)(ledger, invoice)
    elif collects or not invoice["amount_due"]:
        after_collection(ledger, subscription, invoice, is_paid=collection.collect(ledger, invoice))
    else:
        settling.intent_of(ledger, invoice)
        change(ledger, UPDATED, subscription, status="past_due")


def after_collection(ledger: Ledger, subscription: Thing, invoice: Thing, *, is_paid: bool) -> None:
    """What a payment or its failure means for the subscription."""
    if subscription["status"] in ENDED:
        return
    if pending.waits_for(ledger, subscription, invoice):
        if is_paid:
            pending.apply(ledger, subscription)
    elif subscription["status"] == "paused":
        return
    elif is_paid:
        if subscription["status"] in ("past_due", "unpaid", "incomplete") and not unpaid_invoices(ledger, subscription):
            change(ledger, UPDATED, subscription, status="active")
    elif invoice["next_payment_attempt"] is not None:
        change(ledger, UPDATED, subscription, status="past_due")
    elif ledger.private.get(RETRIES_END_IN, {}).get("status") == "unpaid":
        change(ledger, UPDATED, subscription, status="unpaid")
    else:
        end_now(ledger, subscription, "payment_failed")


def subscription_of(ledger: Ledger, invoice: Thing) -> Thing:
    return ledger.get(invoice["parent"]["subscription_details"]["subscription"])


def unpaid_invoices(ledger: Ledger, subscription: Thing) -> list[Thing]:
    invoices = ledger.kind("invoice")
    mine = [one for one in invoices if (one["parent"] or {}).get("subscription_details") and one["status"] == "open"]
    return [one for one in mine if subscription_of(ledger, one) is subscription]


def retry(ledger: Ledger, invoice: Thing) -> None:
    subscription = subscription_of(ledger, invoice)
    after_collection(ledger, subscription, invoice, is_paid=collection.collect(ledger, invoice))


def end_now(ledger: Ledger, subscription: Thing, reason: str) -> None:
    """Canceled, now. Its open invoices are no longer retried, and nothing waits any longer."""
    now = ledger.now()
    pending.drop(ledger, subscription)
    schedules.abandon(ledger, subscription, is_delinquent=reason == "payment_failed")
    for invoice in unpaid_invoices(ledger, subscription):
        invoice.update(next_payment_attempt=None, auto_advance=False)
    details = {**subscription["cancellation_details"], "reason": reason}
    subscription.update(status="canceled", ended_at=now, cancellation_details=details)
    subscription["canceled_at"] = subscription["canceled_at"] or now
    ledger.announce(DELETED, subscription)


def cancel_at_end(ledger: Ledger, subscription: Thing) -> None:
    """As the portal does it in flexible billing mode: the moment is set and the flag stays false."""
    if subscription["schedule"]:
        schedules.release(ledger, ledger.get(subscription["schedule"]))
    details = {**subscription["cancellation_details"], "reason": "cancellation_requested"}
    change(
        ledger,
        UPDATED,
        subscription,
        cancel_at=period_end(subscription),
        canceled_at=ledger.now(),
        cancellation_details=details,
    )


def keep(ledger: Ledger, subscription: Thing) -> None:
    """Undoes a cancellation that has not come yet."""
    details = {**subscription["cancellation_details"], "reason": None}
    change(ledger, UPDATED, subscription, **KEPT, cancellation_details=details)


def set_card(ledger: Ledger, customer: Thing, card: str) -> Thing:
    """A new default card, with which open invoices are tried at once, as the portal does."""
    method = cards.new_method(ledger, customer, card)
    chosen = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    change(ledger, "customer.updated", customer, invoice_settings=chosen)
    for subscription in ledger.kind("subscription"):
        if subscription["customer"] == customer["id"] and subscription["status"] not in ENDED:
            change(ledger, UPDATED, subscription, default_payment_method=method["id"])
            for invoice in unpaid_invoices(ledger, subscription):
                retry(ledger, invoice)
    return method
