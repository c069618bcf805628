"""The invoice of something that is bought once, where the session asks for one."""

from __future__ import annotations

from stripe_sandbox import collection, pricing, receipts
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger, identity


def invoice(ledger: Ledger, session: Thing, customer: Thing, intent: Thing | None) -> Thing:
    """The invoice of a single purchase, paid by the page's own payment."""
    rows = session["line_items"]["data"]
    prices = [ledger.get(row["price"]["id"]) for row in rows]
    lines = [
        receipts.one_time_line(identity("il"), price, row["quantity"], ledger.now(), row["description"])
        for row, price in zip(rows, prices, strict=True)
    ]
    taken = [ledger.get(one) for one in ledger.private[session["id"]]["taken"]]
    payer, is_taxed = pricing.payer_of(ledger, session), session["automatic_tax"]["enabled"]
    sums = receipts.amounts(ledger, payer, lines, taken, is_taxed=is_taxed)
    made = receipts.invoice(
        identity("in"), ledger.now(), customer, session["currency"], lines, "manual", sums, is_taxed=is_taxed
    )
    data = session["invoice_creation"]["invoice_data"]
    made.update({name: data[name] for name in ("custom_fields", "description", "footer", "metadata")})
    ledger.put(made, first_attempt=ledger.now())
    ledger.announce("invoice.created", made)
    collection.finalize(ledger, made)
    if intent:
        collection.attach_intent(ledger, made, intent)
    collection.mark_paid(ledger, made, attempted=intent is not None)
    return made
