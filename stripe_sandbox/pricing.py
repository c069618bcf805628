"""What a checkout session costs: its prices, the codes typed on the page, and the tax of the country. Minor units."""

from __future__ import annotations

from stripe_sandbox import contracts, discounts, receipts, taxes
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger, identity

ID_KINDS = {"CH": "ch_vat", "GB": "gb_vat", "NO": "no_vat"}


def price(ledger: Ledger, session: Thing) -> None:
    """Sets the amounts of the session and of its rows from what is known of the payer now."""
    private, rows = ledger.private[session["id"]], session["line_items"]["data"]
    lines = [_line(ledger, row, private) for row in rows]
    wanted = [
        {"id": f"di_wanted{place}", "source": {"coupon": one["coupon"]}}
        for place, one in enumerate(private["discounts"])
    ]
    payer, is_taxed = payer_of(ledger, session), session["automatic_tax"]["enabled"]
    sums = receipts.amounts(ledger, payer, lines, wanted, is_taxed=is_taxed)
    for row, line in zip(rows, lines, strict=True):
        off = sum(each["amount"] for each in line["discount_amounts"])
        tax = sum(each["amount"] for each in line["taxes"])
        on_top = sum(each["amount"] for each in line["taxes"] if each["tax_behavior"] == "exclusive")
        row.update(amount_subtotal=line["amount"], amount_discount=off, amount_tax=tax)
        row["amount_total"] = line["amount"] - off + on_top
    session.update(amount_subtotal=sums["subtotal"], amount_total=sums["total"])
    session["total_details"]["amount_discount"] = sum(each["amount"] for each in sums["total_discount_amounts"])
    session["total_details"]["amount_tax"] = sum(each["amount"] for each in sums["total_taxes"])
    session["automatic_tax"] = receipts.automatic_tax(payer, is_enabled=is_taxed)
    private["due"] = sums["amount_due"]


def _line(ledger: Ledger, row: Thing, private: Thing) -> Thing:
    line = receipts.one_time_line(
        identity("il"), ledger.get(row["price"]["id"]), row["quantity"], ledger.now(), row["description"]
    )
    data = private["subscription_data"]
    if row["price"]["recurring"] and ("trial_end" in data or "trial_period_days" in data):
        line.update(amount=0, subtotal=0)
    return line


def payer_of(ledger: Ledger, session: Thing) -> Thing:
    """The customer as the session knows it: what was typed on the page comes first. Credit counts in invoices only."""
    private = ledger.private[session["id"]]
    customer = ledger.get(session["customer"]) if session["customer"] else {}
    balance = customer.get("balance", 0) if session["mode"] == "subscription" else 0
    address = private.get("address") or customer.get("address")
    return {**customer, "id": session["id"], "address": address, "balance": balance}


def redeem(ledger: Ledger, session: Thing, given: list[Thing], param: str = "discounts") -> None:
    """Sets the session's discounts. Raises Refused for one that does not count for it; nothing is used up yet."""
    customer = ledger.get(session["customer"]) if session["customer"] else None
    found = [discounts.find(ledger, one, f"{param}[{place}]") for place, one in enumerate(given)]
    full = sum(row["price"]["unit_amount"] * row["quantity"] for row in session["line_items"]["data"])
    for place, (coupon, code) in enumerate(found):
        message = discounts.objection(ledger, coupon, code, customer, session["currency"], full)
        if message:
            raise Refused(message, param=f"{param}[{place}]")
    ledger.private[session["id"]]["discounts"] = [
        {"coupon": coupon["id"], "code": code["id"] if code else None} for coupon, code in found
    ]
    session["discounts"] = [
        {"coupon": None if code else coupon["id"], "promotion_code": code["id"] if code else None}
        for coupon, code in found
    ]
    price(ledger, session)


def apply_code(ledger: Ledger, session_id: str, typed: str) -> str:
    """What the payment page does with a typed code, or with none; answers what it says, empty when the code counts."""
    session = ledger.need("checkout.session", session_id)
    if session["status"] != "open" or not session["allow_promotion_codes"]:
        return discounts.UNKNOWN
    if not typed.strip():
        redeem(ledger, session, [])
        return ""
    code = discounts.by_code(ledger, typed)
    if code is None:
        return discounts.UNKNOWN
    if not code["active"]:
        return discounts.EXPIRED
    try:
        redeem(ledger, session, [{"promotion_code": code["id"]}])
    except Refused as refusal:
        return str(refusal)
    return ""


def wants_country(ledger: Ledger, session: Thing) -> bool:
    """Whether the page asks where the payer lives."""
    private = ledger.private[session["id"]]
    customer = ledger.get(session["customer"]) if session["customer"] else None
    if session["automatic_tax"]["enabled"]:
        return not taxes.country_of(customer) or private["customer_update"].get("address") == "auto"
    return bool(session["billing_address_collection"] == "required")


def set_payer(ledger: Ledger, session: Thing, country: str, tax_id: str) -> None:
    """What the page was told of the payer: a country by its two letters, and a tax number where it is asked for."""
    private = ledger.private[session["id"]]
    if country and wants_country(ledger, session):
        known = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
        private["address"] = known | {"country": country.upper()}
    if tax_id and session["tax_id_collection"]["enabled"]:
        land = taxes.country_of(payer_of(ledger, session))
        private["tax_ids"] = [{"type": ID_KINDS.get(land, "eu_vat"), "value": tax_id}]
    customer = ledger.get(session["customer"]) if session["customer"] else None
    email, name = (customer["email"], customer["name"]) if customer else (session["customer_email"], None)
    session["customer_details"] = contracts.customer_details(
        customer, email, name, private.get("address"), private.get("tax_ids")
    )
    price(ledger, session)


def take_discounts(ledger: Ledger, session: Thing, **where: str | None) -> list[Thing]:
    """Redeems the session's discounts when it is completed."""
    made = []
    for one in ledger.private[session["id"]]["discounts"]:
        code = ledger.get(one["code"]) if one["code"] else None
        coupon = ledger.get(one["coupon"])
        made.append(discounts.begin(ledger, coupon, code, checkout_session=session["id"], **where))
    return made
