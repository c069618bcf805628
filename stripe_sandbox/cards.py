"""The test cards: what each does on the payment page, and later without its holder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from stripe_sandbox import objects
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger, identity


@dataclass(frozen=True, slots=True)
class Card:
    last4: str
    pays_now: bool = True
    pays_later: bool = True
    needs_3ds: bool = False
    asks_later: bool = False  # the bank wants its holder at every renewal
    brand: str = "visa"
    kind: str = "card"

    @property
    def is_debit(self) -> bool:
        """Paid days after it was promised, or then refused."""
        return self.kind == "sepa_debit"


CARDS = {
    "succeeds": Card("4242"),
    "other": Card("4444", brand="mastercard"),
    "declined": Card("0002", pays_now=False, pays_later=False),
    "needs_3ds": Card("3155", needs_3ds=True),
    "fails_at_renewal": Card("0341", pays_later=False),
    "needs_3ds_later": Card("3184", pays_later=False, asks_later=True),
    "sepa": Card("3000", kind="sepa_debit"),
    "sepa_fails": Card("3001", kind="sepa_debit", pays_later=False),
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
    chosen = CARDS[card]
    details = objects.sepa_debit(chosen.last4) if chosen.is_debit else objects.card(chosen.brand, chosen.last4)
    method = objects.payment_method(identity("pm"), ledger.now(), customer, chosen.kind, details)
    ledger.put(method, card=card)
    if customer:
        ledger.announce("payment_method.attached", method)
    return method


def default_method(ledger: Ledger, customer_id: str) -> tuple[Thing, Card] | None:
    """What the customer is charged to."""
    customer = ledger.get(customer_id)
    chosen = None if customer.get("deleted") else customer["invoice_settings"]["default_payment_method"]
    if chosen is None:
        return None
    return _behaving(ledger, ledger.get(chosen))


def for_invoice(ledger: Ledger, invoice: Thing) -> tuple[Thing, Card] | None:
    """What an invoice is charged to: the subscription's own method comes before the customer's."""
    details = (invoice["parent"] or {}).get("subscription_details")
    chosen = ledger.get(details["subscription"])["default_payment_method"] if details else None
    method = ledger.things.get(chosen) if chosen else None
    if method and method["customer"] == invoice["customer"]:
        return _behaving(ledger, method)
    return default_method(ledger, invoice["customer"])


def _behaving(ledger: Ledger, method: Thing) -> tuple[Thing, Card]:
    """A card past its last month is declined."""
    card = CARDS[ledger.private[method["id"]]["card"]]
    return method, replace(card, pays_later=False, asks_later=False) if has_expired(ledger, method) else card


def has_expired(ledger: Ledger, method: Thing) -> bool:
    if method["type"] != "card":
        return False
    today = datetime.fromtimestamp(ledger.now(), UTC)
    return (today.year, today.month) > (method["card"]["exp_year"], method["card"]["exp_month"])


def of_customer(ledger: Ledger, customer_id: str) -> list[Thing]:
    return [one for one in ledger.kind("payment_method") if one["customer"] == customer_id]


def detach(ledger: Ledger, method: Thing) -> None:
    """Takes a method from its customer; renewals have nothing to charge then."""
    former = method["customer"]
    method["customer"] = None
    customer = ledger.things.get(former) if former else None
    if customer and not customer.get("deleted"):
        settings = customer["invoice_settings"]
        if settings["default_payment_method"] == method["id"]:
            settings["default_payment_method"] = None
    for subscription in ledger.kind("subscription"):
        if subscription["default_payment_method"] == method["id"]:
            subscription["default_payment_method"] = None
    ledger.announce("payment_method.detached", method, {"customer": former})


def set_expiry(ledger: Ledger, method: Thing, year: int, month: int, kind: str = "payment_method.updated") -> None:
    """Another last month; `kind` says whether its holder or the card's network told it."""
    former = {name: method["card"][name] for name in ("exp_month", "exp_year")}
    method["card"].update(exp_month=month, exp_year=year)
    ledger.announce(kind, method, {"card": former})
