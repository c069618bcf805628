"""Invoices and how they are paid: made, finalised, charged, retried, refunded. Amounts in minor units."""

from __future__ import annotations

from stripe_sandbox import cards, discounts, objects, receipts
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger, identity

DAY = 24 * 60 * 60
FAILING_FINALIZATIONS = "control_finalizations"  # where the ledger keeps how many are to fail
NO_LOCATION: Thing = {
    "type": "invalid_request_error",
    "code": "customer_tax_location_invalid",
    "message": "The customer's location isn't recognized. Set a valid customer address to automatically calculate tax.",
}
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


def composed(ledger: Ledger, subscription: Thing, lines: list[Thing], reason: str, invoice_id: str = "") -> Thing:
    """An invoice with the subscription's discounts and tax, which is neither kept nor told."""
    customer = ledger.get(subscription["customer"])
    is_taxed = subscription["automatic_tax"]["enabled"]
    sums = receipts.amounts(ledger, customer, lines, discounts.of(ledger, subscription), is_taxed=is_taxed)
    made_id, now, currency = invoice_id or identity("in"), ledger.now(), subscription["currency"]
    return receipts.invoice(made_id, now, customer, currency, lines, reason, sums, subscription, is_taxed=is_taxed)


def draft(ledger: Ledger, subscription: Thing, lines: list[Thing], reason: str, invoice_id: str = "") -> Thing:
    invoice = composed(ledger, subscription, lines, reason, invoice_id)
    ledger.put(invoice, first_attempt=ledger.now())
    subscription["latest_invoice"] = invoice["id"]
    discounts.use_up(ledger, subscription, invoice)
    ledger.announce("invoice.created", invoice)
    return invoice


def make_invoice(ledger: Ledger, subscription: Thing, lines: list[Thing], reason: str, invoice_id: str = "") -> Thing:
    """Draft, then open. Stripe leaves about an hour between the two for renewals; here they follow at once."""
    return finalize(ledger, draft(ledger, subscription, lines, reason, invoice_id))


def finalize(ledger: Ledger, invoice: Thing) -> Thing:
    """From draft to open: number, addresses, and the customer's credit that it uses.

    Stays a draft while a control lets finalisations fail; what is bought on the payment page is spared.
    """
    failing = ledger.private.get(FAILING_FINALIZATIONS, {})
    if failing.get("count") and invoice["billing_reason"] not in ("subscription_create", "manual"):
        failing["count"] -= 1
        invoice["last_finalization_error"] = dict(NO_LOCATION)
        ledger.announce("invoice.finalization_failed", invoice)
        return invoice
    customer = ledger.get(invoice["customer"])
    invoice.update(status="open", last_finalization_error=None)
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    invoice["effective_at"] = invoice["status_transitions"]["finalized_at"] = ledger.now()
    invoice["hosted_invoice_url"] = f"{ledger.origin}/c/invoice/{invoice['id']}"
    invoice["invoice_pdf"] = f"{invoice['hosted_invoice_url']}/pdf"
    invoice["ending_balance"] = min(0, customer["balance"] + invoice["total"])
    customer["next_invoice_sequence"] += 1
    move_balance(
        ledger, customer, invoice["ending_balance"] - customer["balance"], invoice["currency"], invoice=invoice["id"]
    )
    ledger.announce("invoice.finalized", invoice)
    return invoice


def move_balance(
    ledger: Ledger, customer: Thing, amount: int, currency: str, *, invoice: str | None = None, text: str | None = None
) -> Thing | None:
    """The customer's balance by an amount, with its record; a negative balance is credit."""
    if not amount:
        return None
    customer["balance"] += amount
    kind = ("applied_to_invoice" if amount > 0 else "unapplied_from_invoice") if invoice else "adjustment"
    made = objects.balance_transaction(identity("cbtxn"), ledger.now(), customer, amount, currency, kind)
    made.update(invoice=invoice, description=text)
    return ledger.put(made)


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
    """A new charge that fails; one that was pending fails itself."""
    pending = _pending_charge(ledger, intent)
    if pending:
        pending.update(status="failed", failure_code=decline["code"], failure_message=decline["message"])
    charge = pending or ledger.put(receipts.charge(identity("ch"), ledger.now(), intent, method, decline))
    intent.update(status="requires_payment_method", latest_charge=charge["id"], next_action=None, payment_method=None)
    intent["last_payment_error"] = {**decline, "charge": charge["id"], "payment_method": method}
    ledger.announce("charge.failed", charge)
    ledger.announce("payment_intent.payment_failed", intent)


def charge_paid(ledger: Ledger, intent: Thing, method: Thing) -> None:
    """A new charge that is paid; one that was pending is paid itself."""
    pending = _pending_charge(ledger, intent)
    if pending:
        pending.update(status="succeeded", paid=True, captured=True, amount_captured=pending["amount"])
    charge = pending or ledger.put(receipts.charge(identity("ch"), ledger.now(), intent, method, None))
    charge["receipt_url"] = f"{ledger.origin}/c/receipt/{charge['id']}"
    intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"])
    intent.update(payment_method=method["id"], last_payment_error=None, next_action=None)
    ledger.announce("charge.succeeded", charge)
    ledger.announce("payment_intent.succeeded", intent)


def charge_pending(ledger: Ledger, intent: Thing, method: Thing) -> None:
    """A debit that the bank has not answered yet."""
    charge = ledger.put(receipts.charge(identity("py"), ledger.now(), intent, method, None, is_pending=True))
    intent.update(status="processing", payment_method=method["id"], latest_charge=charge["id"])
    intent.update(payment_method_types=[method["type"]], next_action=None, last_payment_error=None)
    ledger.announce("charge.pending", charge)
    ledger.announce("payment_intent.processing", intent)


def _pending_charge(ledger: Ledger, intent: Thing) -> Thing | None:
    charge = ledger.get(intent["latest_charge"]) if intent["latest_charge"] else None
    return charge if charge and charge["status"] == "pending" else None


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
    """Charges the customer's card for an open invoice, without its holder; True when nothing is left to collect.

    A draft that could not be finalised has nothing to collect yet. Debits, which take days, are paid at once here.
    """
    if invoice["status"] == "draft":
        return True
    if invoice["amount_due"] == 0:
        mark_paid(ledger, invoice, attempted=False)
        return True
    found = cards.for_invoice(ledger, invoice)
    intent = _intent_of(ledger, invoice)
    if found and found[1].pays_later and not found[1].asks_later:
        mark_paid(ledger, invoice, attempted=True)
        charge_paid(ledger, intent, found[0])
        return True
    if found and found[1].asks_later:
        ask_for_action(ledger, intent, found[0])
    elif found:
        charge_failed(ledger, intent, found[0], cards.DECLINED)
    note_failure(ledger, invoice)
    if found and found[1].asks_later:
        ledger.announce("invoice.payment_action_required", invoice)
    return False


def _intent_of(ledger: Ledger, invoice: Thing) -> Thing:
    payment = payment_of(ledger, invoice)
    if payment:
        return ledger.get(payment["payment"]["payment_intent"])
    intent = new_intent(ledger, invoice["amount_due"], invoice["currency"], invoice["customer"], {})
    attach_intent(ledger, invoice, intent)
    return intent


def ask_for_action(ledger: Ledger, intent: Thing, method: Thing) -> None:
    """The bank wants the card's holder."""
    intent.update(status="requires_action", payment_method=method["id"])
    intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    ledger.announce("payment_intent.requires_action", intent)


def note_failure(ledger: Ledger, invoice: Thing) -> None:
    invoice["attempted"] = True
    invoice["attempt_count"] += 1
    tries = invoice["attempt_count"] - 1
    first = ledger.private[invoice["id"]]["first_attempt"]
    is_last = tries >= len(RETRY_DAYS) or ledger.private[invoice["id"]].get("tries_once", False)
    invoice["next_payment_attempt"] = None if is_last else first + RETRY_DAYS[tries] * DAY
    invoice["auto_advance"] = invoice["next_payment_attempt"] is not None
    ledger.announce("invoice.payment_failed", invoice)


def refund(ledger: Ledger, charge: Thing, params: Thing) -> Thing:
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["refunded"]:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if charge["disputed"] and not _may_be_refunded(ledger, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise Refused(message, code="charge_disputed")
    amount = params.get("amount", left)
    if not 0 < amount <= left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise Refused(message if amount > left else "Invalid positive integer", param="amount")
    made = ledger.put(receipts.refund(identity("re"), ledger.now(), charge, amount, params))
    ledger.announce("refund.created", made)
    _take_back(ledger, charge, amount)
    return made


def _may_be_refunded(ledger: Ledger, charge: Thing) -> bool:
    return all(one["is_charge_refundable"] for one in ledger.kind("dispute") if one["charge"] == charge["id"])


def _take_back(ledger: Ledger, charge: Thing, amount: int) -> None:
    previous = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    ledger.announce("charge.refunded" if amount > 0 else "charge.updated", charge, previous)


def refund_failed(ledger: Ledger, made: Thing, reason: str) -> None:
    """The bank sends a refund back: the charge counts as not refunded by as much."""
    if made["status"] == "failed":
        return
    previous = {"status": made["status"]}
    made.update(status="failed", failure_reason=reason)
    _take_back(ledger, ledger.get(made["charge"]), -made["amount"])
    ledger.announce("refund.updated", made, previous)
    ledger.announce("refund.failed", made)
