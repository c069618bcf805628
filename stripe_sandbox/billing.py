"""What time does to subscriptions and sessions: renewals, retries, trial ends, cancellations, expiry. UTC seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from stripe_sandbox import cards, checkout, collection
from stripe_sandbox.collection import DAY, change
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import lines_for, next_period_end, period_end

UPDATED = "customer.subscription.updated"
DELETED = "customer.subscription.deleted"
TRIAL_NOTICE = 3 * DAY  # docs.stripe.com/billing/subscriptions/trials
LIVE = ("active", "past_due", "trialing")
ENDED = ("canceled", "incomplete_expired")
KEPT: Thing = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}  # nothing is cancelled


@dataclass(frozen=True, slots=True)
class Due:
    """Something that happens at a moment. Of several at one moment the lower rank comes first."""

    at: int
    rank: int
    act: Callable[[], None]


def run_until(ledger: Ledger, moment: int) -> None:
    """Carries out everything due up to a moment, in the order of time, with the clock at each."""
    with ledger.changing():
        before = ledger.moment
        try:
            while due := min(_due(ledger), key=lambda one: (one.at, one.rank), default=None):
                if due.at > moment:
                    return
                ledger.moment = due.at
                due.act()
        finally:
            ledger.moment = before


def next_due(ledger: Ledger) -> int | None:
    return min((due.at for due in _due(ledger)), default=None)


def _due(ledger: Ledger) -> Iterator[Due]:
    for session in ledger.kind("checkout.session"):
        if session["status"] == "open":
            yield Due(session["expires_at"], 0, partial(checkout.expire, ledger, session))
    for invoice in ledger.kind("invoice"):
        if invoice["status"] == "open" and invoice["next_payment_attempt"]:
            yield Due(invoice["next_payment_attempt"], 1, partial(retry, ledger, invoice))
    for subscription in ledger.kind("subscription"):
        if subscription["status"] in LIVE:
            yield from _due_of(ledger, subscription)


def _due_of(ledger: Ledger, subscription: Thing) -> Iterator[Due]:
    end, trial_end = period_end(subscription), subscription["trial_end"]
    pause = subscription["pause_collection"]
    if subscription["cancel_at"]:
        yield Due(subscription["cancel_at"], 2, lambda: end_now(ledger, subscription, "cancellation_requested"))
    if pause and pause["resumes_at"]:
        yield Due(pause["resumes_at"], 3, lambda: change(ledger, UPDATED, subscription, pause_collection=None))
    if subscription["status"] == "trialing" and not ledger.private[subscription["id"]]["will_end_told"]:
        start = subscription["trial_start"]
        yield Due(max(start, trial_end - TRIAL_NOTICE), 4, lambda: _tell_trial_end(ledger, subscription))
    yield Due(end, 5, lambda: renew(ledger, subscription))


def _tell_trial_end(ledger: Ledger, subscription: Thing) -> None:
    ledger.private[subscription["id"]]["will_end_told"] = True
    ledger.announce("customer.subscription.trial_will_end", subscription)


def _move_on(ledger: Ledger, subscription: Thing, start: int) -> None:
    for item in subscription["items"]["data"]:
        recurring = item["price"]["recurring"]
        item["current_period_start"] = start
        item["current_period_end"] = next_period_end(start, recurring, subscription["billing_cycle_anchor"])


def renew(ledger: Ledger, subscription: Thing) -> None:
    """The next period begins: a new invoice, charged at once. A trial that cannot be paid ends as its settings say."""
    was_trial = subscription["status"] == "trialing"
    behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if was_trial and behaviour != "create_invoice" and not cards.default_method(ledger, subscription["customer"]):
        if behaviour == "cancel":
            end_now(ledger, subscription, "cancellation_requested")
        else:
            change(ledger, UPDATED, subscription, status="paused")
            ledger.announce("customer.subscription.paused", subscription)
        return
    former: Thing = {"items": {"data": [dict(item) for item in subscription["items"]["data"]]}}
    _move_on(ledger, subscription, period_end(subscription))
    if was_trial:
        subscription["status"] = "active"
        former["status"] = "trialing"
    bill(ledger, subscription, lines_for(subscription), "subscription_cycle", former)


def bill(ledger: Ledger, subscription: Thing, lines: list[Thing], reason: str, former: Thing) -> None:
    """Makes the invoice and collects it, in the order in which Stripe tells it."""
    pause = subscription["pause_collection"]
    pending = ledger.private[subscription["id"]]["pending_lines"]
    lines = [*pending, *lines]
    pending.clear()
    former["latest_invoice"] = subscription["latest_invoice"]
    invoice = collection.make_invoice(ledger, subscription, lines, reason)
    ledger.announce(UPDATED, subscription, former)
    if pause:
        _pass_over(ledger, invoice, pause["behavior"])
    else:
        after_collection(ledger, subscription, invoice, is_paid=collection.collect(ledger, invoice))


def _pass_over(ledger: Ledger, invoice: Thing, behaviour: str) -> None:
    invoice["auto_advance"] = False
    if behaviour == "void":
        invoice.update(status="void", amount_remaining=0)
        invoice["status_transitions"]["voided_at"] = ledger.now()
        ledger.announce("invoice.voided", invoice)
    elif behaviour == "mark_uncollectible":
        invoice["status"] = "uncollectible"
        invoice["status_transitions"]["marked_uncollectible_at"] = ledger.now()
        ledger.announce("invoice.marked_uncollectible", invoice)


def after_collection(ledger: Ledger, subscription: Thing, invoice: Thing, *, is_paid: bool) -> None:
    """What a payment or its failure means for the subscription."""
    if subscription["status"] in ENDED:
        return
    if is_paid:
        if subscription["status"] in ("past_due", "unpaid", "incomplete") and not unpaid_invoices(ledger, subscription):
            change(ledger, UPDATED, subscription, status="active")
    elif invoice["next_payment_attempt"] is None:
        end_now(ledger, subscription, "payment_failed")
    else:
        change(ledger, UPDATED, subscription, status="past_due")


def subscription_of(ledger: Ledger, invoice: Thing) -> Thing:
    return ledger.get(invoice["parent"]["subscription_details"]["subscription"])


def unpaid_invoices(ledger: Ledger, subscription: Thing) -> list[Thing]:
    invoices = ledger.kind("invoice")
    return [one for one in invoices if one["status"] == "open" and subscription_of(ledger, one) is subscription]


def retry(ledger: Ledger, invoice: Thing) -> None:
    subscription = subscription_of(ledger, invoice)
    after_collection(ledger, subscription, invoice, is_paid=collection.collect(ledger, invoice))


def end_now(ledger: Ledger, subscription: Thing, reason: str) -> None:
    """Canceled, now. Its open invoices are no longer retried."""
    now = ledger.now()
    for invoice in unpaid_invoices(ledger, subscription):
        invoice.update(next_payment_attempt=None, auto_advance=False)
    details = {**subscription["cancellation_details"], "reason": reason}
    subscription.update(status="canceled", ended_at=now, cancellation_details=details)
    subscription["canceled_at"] = subscription["canceled_at"] or now
    ledger.announce(DELETED, subscription)


def cancel_at_end(ledger: Ledger, subscription: Thing) -> None:
    """As the portal does it in flexible billing mode: the moment is set and the flag stays false."""
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
