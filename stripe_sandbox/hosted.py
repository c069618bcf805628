"""What a reader does on an invoice's own page, and what follows from it for the subscription."""

from __future__ import annotations

from stripe_sandbox import billing, cards, settling
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger

MESSAGES = {
    "paid": "",
    "declined": cards.DECLINED["message"],
    "needs_3ds": "Your bank asks for authentication.",
}


def pay(ledger: Ledger, invoice_id: str, card: str) -> Thing:
    """Pays with a card of CARDS, or with the one on file where none is named; see Sandbox.pay_invoice."""
    invoice = ledger.need("invoice", invoice_id)
    if invoice["status"] not in ("open", "uncollectible"):
        return _result(invoice, "closed", f"This invoice is {invoice['status']}.")
    if card:
        method = cards.new_method(ledger, ledger.get(invoice["customer"]), card)
    else:
        found = cards.for_invoice(ledger, invoice)
        if found is None:
            raise Refused("There is no card on file.")
        method = found[0]
    return _finish(ledger, invoice, settling.pay(ledger, invoice, method, is_present=True))


def confirm(ledger: Ledger, invoice_id: str, *, ok: bool) -> Thing:
    invoice = ledger.need("invoice", invoice_id)
    try:
        outcome = settling.confirm(ledger, invoice, ok=ok)
    except Refused as refusal:
        return _result(invoice, "closed", str(refusal))
    result = _finish(ledger, invoice, outcome)
    return result if ok else {**result, "message": cards.NOT_AUTHENTICATED["message"]}


def paid(ledger: Ledger, invoice: Thing) -> None:
    """The method that has paid becomes the subscription's own, and the subscription goes on."""
    if not (invoice["parent"] or {}).get("subscription_details"):
        return
    subscription = billing.subscription_of(ledger, invoice)
    method = settling.intent_of(ledger, invoice)["payment_method"]
    if subscription["status"] not in billing.ENDED:
        change(ledger, billing.UPDATED, subscription, default_payment_method=method)
    billing.after_collection(ledger, subscription, invoice, is_paid=True)


def _finish(ledger: Ledger, invoice: Thing, outcome: str) -> Thing:
    if outcome == "paid":
        paid(ledger, invoice)
    return _result(invoice, outcome, MESSAGES[outcome])


def _result(invoice: Thing, outcome: str, message: str) -> Thing:
    return {"outcome": outcome, "message": message, "invoice": invoice["id"]}
