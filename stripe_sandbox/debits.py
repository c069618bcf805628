"""Payments that a bank answers days later: promised on the payment page, then paid or refused.

What the payment page itself does is in checkout; renewals by debit are paid or refused at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from stripe_sandbox import cards, collection, purchases
from stripe_sandbox.collection import DAY, change
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger

ANSWERED_AFTER = 5 * DAY  # docs.stripe.com/payments/sepa-debit: up to 14 business days, 6 as a rule
SETTING = "control_debits"  # where the ledger keeps what tests have set
REFUSED: Thing = {
    "type": "card_error",
    "code": "payment_method_provider_decline",
    "decline_code": "generic_decline",
    "message": "The bank refused the debit.",
}
UPDATED = "customer.subscription.updated"


def first_status(ledger: Ledger) -> str:
    """Of a subscription whose first payment is on its way: `incomplete`, unless a control says `active`."""
    return str(ledger.private.get(SETTING, {}).get("first_status", "incomplete"))


def begin(ledger: Ledger, session: Thing, intent: Thing, method: Thing) -> None:
    card = cards.CARDS[ledger.private[method["id"]]["card"]]
    ledger.private[session["id"]]["debit"] = {"at": ledger.now() + ANSWERED_AFTER, "ok": card.pays_later}
    collection.charge_pending(ledger, intent, method)


def due(ledger: Ledger) -> Iterator[tuple[int, Callable[[], None]]]:
    """When a bank answers, and what follows."""
    for session in ledger.kind("checkout.session"):
        debit = ledger.private[session["id"]].get("debit")
        if debit:
            yield debit["at"], partial(answer, ledger, session, ok=debit["ok"])


def answer(ledger: Ledger, session: Thing, *, ok: bool) -> None:
    """The bank's answer. Raises Refused where none is awaited."""
    private = ledger.private[session["id"]]
    if not private.pop("debit", None):
        raise Refused("No debit of this Checkout Session is on its way.")
    intent, method = ledger.get(private["intent"]), ledger.get(private["method"])
    invoice = ledger.get(session["invoice"]) if session["invoice"] else None
    if ok:
        _paid(ledger, session, invoice, intent, method)
    else:
        _refused(ledger, session, invoice, intent, method)


def _paid(ledger: Ledger, session: Thing, invoice: Thing | None, intent: Thing, method: Thing) -> None:
    if invoice:
        collection.mark_paid(ledger, invoice, attempted=True)
    elif session["customer"] and session["mode"] == "payment" and session["invoice_creation"]["enabled"]:
        customer = ledger.get(session["customer"])
        if not customer.get("deleted"):  # the money comes all the same, and there is nobody to write the invoice to
            session["invoice"] = purchases.invoice(ledger, session, customer, intent)["id"]
    collection.charge_paid(ledger, intent, method)
    subscription = ledger.get(session["subscription"]) if session["subscription"] else None
    if subscription and subscription["status"] in ("incomplete", "past_due"):
        change(ledger, UPDATED, subscription, status="active")
    session["payment_status"] = "paid"
    ledger.announce("checkout.session.async_payment_succeeded", session)


def _refused(ledger: Ledger, session: Thing, invoice: Thing | None, intent: Thing, method: Thing) -> None:
    """A subscription that never began is over, and its invoice void; one that was active is past due."""
    collection.charge_failed(ledger, intent, method, REFUSED)
    if invoice:
        collection.note_failure(ledger, invoice)
    subscription = ledger.get(session["subscription"]) if session["subscription"] else None
    if invoice and subscription and subscription["status"] == "incomplete":
        invoice.update(status="void", amount_remaining=0, next_payment_attempt=None, auto_advance=False)
        invoice["status_transitions"]["voided_at"] = ledger.now()
        ledger.announce("invoice.voided", invoice)
        change(ledger, UPDATED, subscription, status="incomplete_expired", ended_at=ledger.now())
    elif subscription and subscription["status"] == "active":
        change(ledger, UPDATED, subscription, status="past_due")
    ledger.announce("checkout.session.async_payment_failed", session)
