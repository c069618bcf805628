"""The test cards: what each does on the payment page, and later without its holder."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_sandbox import objects
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger, identity


@dataclass(frozen=True, slots=True)
class Card:
    last4: str
    pays_now: bool = True
    pays_later: bool = True
    needs_3ds: bool = False


CARDS = {
    "succeeds": Card("4242"),
    "declined": Card("0002", pays_now=False, pays_later=False),
    "needs_3ds": Card("3155", needs_3ds=True),
    "fails_at_renewal": Card("0341", pays_later=False),
}

DECLINED: Thing = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}
NOT_AUTHENTICATED: Thing = {
    "type": "invalid_request_error",
    "code": "payment_intent_authentication_failure",
    "message": "The provided payment method has failed authentication.",
}


def new_method(ledger: Ledger, customer: Thing | None, card: str) -> Thing:
    """A payment method for one of CARDS (KeyError otherwise), attached where there is a customer."""
    method = objects.payment_method(identity("pm"), ledger.now(), customer, CARDS[card].last4)
    ledger.put(method, card=card)
    if customer:
        ledger.announce("payment_method.attached", method)
    return method


def default_method(ledger: Ledger, customer_id: str) -> tuple[Thing, Card] | None:
    """What a renewal is charged to."""
    customer = ledger.get(customer_id)
    chosen = None if customer.get("deleted") else customer["invoice_settings"]["default_payment_method"]
    if chosen is None:
        return None
    return ledger.get(chosen), CARDS[ledger.private[chosen]["card"]]
