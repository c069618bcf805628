"""Invoices and how they are paid: made, finalised, charged, retried, refunded. Amounts in minor units."""

from __future__ import annotations

from stripe_sandbox import cards, receipts
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger, identity

DAY = 24 * 60 * 60
RETRY_DAYS = (3, 5, 7)  # after the first attempt, as a retry schedule in Stripe's dashboard may say


def change(ledger: Ledger, kind: str, thing: Thing, **fields: object) -> None:
    """Sets fields and announces it with the former values, if anything differs."""
    previous = {name: thing.get(name) for name, value in fields.items() if thing.get(name) != value}
    thing.update(fields)
    if previous:
        ledger.announce(kind, thing, previous)


def line(item: Thing, text: str, period: Thing, *, amount: int | None = None, proration: bool = False) -> Thing:
    price = item["price"]
    full = price["unit_amount"] * item["quantity"] if amount is None else amount
    return receipts.invoice_line(identity("il"), item, full, period, text, proration=proration)


def make_invoice(ledger: Ledger, subscription: Thing, lines: list[Thing], reason: str, invoice_id: str = "") -> Thing:
    """Draft, then open. Stripe leaves about an hour between the two for renewals; here they follow at once."""
    customer, now = ledger.get(subscription["customer"]), ledger.now()
    invoice = receipts.invoice(invoice_id or identity("in"), now, customer, subscription, lines, reason)
    ledger.put(invoice, first_attempt=now)
    subscription["latest_invoice"] = invoice["id"]
    ledger.announce("invoice.created", invoice)
    invoice["status"] = "open"
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    invoice["effective_at"] = invoice["status_transitions"]["finalized_at"] = now
    invoice["hosted_invoice_url"] = f"{ledger.origin}/c/invoice/{invoice['id']}"
    invoice["invoice_pdf"] = f"{invoice['hosted_invoice_url']}/pdf"
    invoice["ending_balance"] = min(0, customer["balance"] + invoice["total"])
    customer["next_invoice_sequence"] += 1
    customer["balance"] = invoice["ending_balance"]
    ledger.announce("invoice.finalized", invoice)
    return invoice


def new_intent(ledger: Ledger, amount: int, currency: str, customer: str | None, data: Thing) -> Thing:
    intent = ledger.put(receipts.payment_intent(identity("pi"), ledger.now(), amount, currency, customer, data))
    ledger.announce("payment_intent.created", intent)
    return intent


def attach_intent(ledger: Ledger, invoice: Thing, intent: Thing) -> Thing:
    """The record that ties an invoice to the payment which settles it."""
    payment = receipts.invoice_payment(identity("inpay"), ledger.now(), invoice, intent["id"])
    return ledger.put(payment)


def payment_of(ledger: Ledger, invoice: Thing) -> Thing | None:
    payments = ledger.kind("invoice_payment")
    return next((payment for payment in payments if payment["invoice"] == invoice["id"]), None)


def charge_failed(ledger: Ledger, intent: Thing, method: Thing, decline: Thing) -> None:
    charge = ledger.put(receipts.charge(identity("ch"), ledger.now(), intent, method, decline))
    intent.update(status="requires_payment_method", latest_charge=charge["id"], next_action=None, payment_method=None)
    intent["last_payment_error"] = {**decline, "charge": charge["id"], "payment_method": method}
    ledger.announce("charge.failed", charge)
    ledger.announce("payment_intent.payment_failed", intent)


def charge_paid(ledger: Ledger, intent: Thing, method: Thing) -> None:
    charge = ledger.put(receipts.charge(identity("ch"), ledger.now(), intent, method, None))
    charge["receipt_url"] = f"{ledger.origin}/c/receipt/{charge['id']}"
    intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"])
    intent.update(payment_method=method["id"], last_payment_error=None, next_action=None)
    ledger.announce("charge.succeeded", charge)
    ledger.announce("payment_intent.succeeded", intent)


def mark_paid(ledger: Ledger, invoice: Thing, *, attempted: bool) -> None:
    invoice.update(status="paid", amount_paid=invoice["amount_due"], amount_remaining=0, next_payment_attempt=None)
    invoice["status_transitions"]["paid_at"] = ledger.now()
    invoice["attempted"] = True
    if attempted:
        invoice["attempt_count"] += 1
    payment = payment_of(ledger, invoice)
    if payment:
        payment.update(status="paid", amount_paid=payment["amount_requested"])
        payment["status_transitions"]["paid_at"] = ledger.now()
    ledger.announce("invoice.paid", invoice)
    ledger.announce("invoice.payment_succeeded", invoice)
    if payment:
        ledger.announce("invoice_payment.paid", payment)


def settle(ledger: Ledger, invoice: Thing, method: Thing, intent: Thing) -> None:
    """The payment page's own payment of the first invoice."""
    attach_intent(ledger, invoice, intent)
    mark_paid(ledger, invoice, attempted=True)
    charge_paid(ledger, intent, method)


def collect(ledger: Ledger, invoice: Thing) -> bool:
    """Charges the customer's card for an open invoice, without its holder; True when it is paid."""
    if invoice["amount_due"] == 0:
        mark_paid(ledger, invoice, attempted=False)
        return True
    found = cards.default_method(ledger, invoice["customer"])
    payment = payment_of(ledger, invoice)
    if payment is None:
        intent = new_intent(ledger, invoice["amount_due"], invoice["currency"], invoice["customer"], {})
        attach_intent(ledger, invoice, intent)
    else:
        intent = ledger.get(payment["payment"]["payment_intent"])
    if found and found[1].pays_later:
        mark_paid(ledger, invoice, attempted=True)
        charge_paid(ledger, intent, found[0])
        return True
    if found:
        charge_failed(ledger, intent, found[0], cards.DECLINED)
    _note_failure(ledger, invoice)
    return False


def _note_failure(ledger: Ledger, invoice: Thing) -> None:
    invoice["attempted"] = True
    invoice["attempt_count"] += 1
    tries = invoice["attempt_count"] - 1
    first = ledger.private[invoice["id"]]["first_attempt"]
    invoice["next_payment_attempt"] = first + RETRY_DAYS[tries] * DAY if tries < len(RETRY_DAYS) else None
    invoice["auto_advance"] = invoice["next_payment_attempt"] is not None
    ledger.announce("invoice.payment_failed", invoice)


def refund(ledger: Ledger, charge: Thing, params: Thing) -> Thing:
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["refunded"]:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = params.get("amount", left)
    if not 0 < amount <= left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise Refused(message if amount > left else "Invalid positive integer", param="amount")
    made = ledger.put(receipts.refund(identity("re"), ledger.now(), charge, amount, params))
    previous = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    ledger.announce("refund.created", made)
    ledger.announce("charge.refunded", charge, previous)
    return made
