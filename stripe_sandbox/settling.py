"""How an open invoice ends without or beside its automatic collection: voided, written off, paid by its reader."""

from __future__ import annotations

from stripe_sandbox import cards, collection
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger


def void(ledger: Ledger, invoice: Thing) -> None:
    """The credit that it had taken from the customer's balance is given back."""
    customer = ledger.get(invoice["customer"])
    if not customer.get("deleted") and invoice["ending_balance"] is not None:
        given_back = invoice["starting_balance"] - invoice["ending_balance"]
        collection.move_balance(ledger, customer, given_back, invoice["currency"], invoice=invoice["id"])
    invoice.update(status="void", amount_remaining=0, next_payment_attempt=None, auto_advance=False)
    invoice["status_transitions"]["voided_at"] = ledger.now()
    ledger.announce("invoice.voided", invoice)


def write_off(ledger: Ledger, invoice: Thing) -> None:
    invoice.update(status="uncollectible", next_payment_attempt=None, auto_advance=False)
    invoice["status_transitions"]["marked_uncollectible_at"] = ledger.now()
    ledger.announce("invoice.marked_uncollectible", invoice)


def intent_of(ledger: Ledger, invoice: Thing) -> Thing:
    """The payment that settles the invoice, made where there is none yet."""
    payment = collection.payment_of(ledger, invoice)
    if payment is None:
        intent = collection.new_intent(ledger, invoice["amount_due"], invoice["currency"], invoice["customer"], {})
        collection.attach_intent(ledger, invoice, intent)
        return intent
    return ledger.get(payment["payment"]["payment_intent"])


def pay(ledger: Ledger, invoice: Thing, method: Thing, *, is_present: bool) -> str:
    """One more attempt, with the card's holder there or not: "paid", "declined" or "needs_3ds"."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise Refused(f"Invoice is already {invoice['status']}", code="invoice_not_editable")
    card = cards.CARDS[ledger.private[method["id"]]["card"]]
    intent = intent_of(ledger, invoice)
    if card.asks_later or (is_present and card.needs_3ds):
        collection.ask_for_action(ledger, intent, method)
        return "needs_3ds"
    if not (card.pays_now if is_present else card.pays_later):
        collection.charge_failed(ledger, intent, method, cards.DECLINED)
        return "declined"
    _paid(ledger, invoice, intent, method)
    return "paid"


def confirm(ledger: Ledger, invoice: Thing, *, ok: bool) -> str:
    """Ends an authentication that is under way: "paid" or "declined". Raises Refused where none is."""
    intent = intent_of(ledger, invoice)
    if invoice["status"] not in ("open", "uncollectible") or intent["status"] != "requires_action":
        raise Refused("Nothing waits for authentication.", code="payment_intent_unexpected_state")
    method = ledger.get(intent["payment_method"])
    if not ok:
        collection.charge_failed(ledger, intent, method, cards.NOT_AUTHENTICATED)
        return "declined"
    _paid(ledger, invoice, intent, method)
    return "paid"


def _paid(ledger: Ledger, invoice: Thing, intent: Thing, method: Thing) -> None:
    collection.mark_paid(ledger, invoice, attempted=True)
    collection.charge_paid(ledger, intent, method)
