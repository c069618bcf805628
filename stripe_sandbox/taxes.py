"""Automatic tax: the standard rate of the customer's country, and what it makes of invoice lines. Minor units.

A small honest table: whoever needs reduced rates or the taxes of states needs the real service.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from stripe_sandbox.faults import Thing, missing
from stripe_sandbox.ledger import Ledger

HOME = "DE"  # the account's own country
# Percent: the standard rate of value added or goods-and-services tax in 2026. No tax is collected elsewhere.
RATES = {
    country: Decimal(percent)
    for country, percent in (
        pair.split(":")
        for pair in (
            "AT:20 AU:10 BE:21 CA:5 CH:8.1 CZ:21 DE:19 DK:25 ES:21 FI:25.5 FR:20 GB:20 IE:23 IT:22 JP:10 LU:17 NL:21 "
            "NO:25 NZ:15 PL:23 PT:23 SE:25"
        ).split()
    )
}
UNION = frozenset("AT BE CZ DE DK ES FI FR IE IT LU NL PL PT SE".split())
KINDS = {"AU": "gst", "CA": "gst", "JP": "jct", "NZ": "gst"}
EXCLUSIVE_CURRENCIES = frozenset({"usd", "cad"})  # where the price does not say, as Stripe's "inferred by currency"
PREFIX = "txr_sandbox"
REASONS = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


def country_of(customer: Thing | None) -> str:
    return ((customer or {}).get("address") or {}).get("country") or ""


def behaviour(price: Thing) -> str:
    """`exclusive` or `inclusive`."""
    if price["tax_behavior"] != "unspecified":
        return str(price["tax_behavior"])
    return "exclusive" if price["currency"] in EXCLUSIVE_CURRENCIES else "inclusive"


def rate_id(country: str, *, is_inclusive: bool) -> str:
    return f"{PREFIX}_{country}_{'inclusive' if is_inclusive else 'exclusive'}"


def rate(rate_id: str) -> Thing:
    """The tax rate object of an id that `rate_id` made. Raises Refused for another."""
    country, _, kind = rate_id.removeprefix(f"{PREFIX}_").partition("_")
    if country not in RATES or kind not in ("exclusive", "inclusive"):
        raise missing("tax rate", rate_id)
    word = KINDS.get(country, "vat")
    return {
        "id": rate_id,
        "object": "tax_rate",
        "active": True,
        "country": country,
        "created": 0,
        "description": None,
        "display_name": word.upper(),
        "effective_percentage": float(RATES[country]),
        "flat_amount": None,
        "inclusive": kind == "inclusive",
        "jurisdiction": country,
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": float(RATES[country]),
        "rate_type": "percentage",
        "state": None,
        "tax_type": word,
    }


def apply(ledger: Ledger, customer: Thing | None, lines: list[Thing], tax_ids: list[Thing]) -> None:
    """Sets the `taxes` of each line, on what is left of it after its discounts."""
    country = country_of(customer)
    reason = _exemption(country, customer, tax_ids)
    for line in lines:
        line["taxes"] = [_tax(ledger, line, country, reason)] if country else []


def _exemption(country: str, customer: Thing | None, tax_ids: list[Thing]) -> str:
    """A business elsewhere in the Union pays the tax itself."""
    if tax_ids and country in UNION and country != HOME:
        return "reverse_charge"
    return REASONS.get((customer or {}).get("tax_exempt", "none"), "" if country in RATES else "not_collecting")


def _tax(ledger: Ledger, line: Thing, country: str, reason: str) -> Thing:
    is_inclusive = behaviour(ledger.get(line["pricing"]["price_details"]["price"])) == "inclusive"
    taxable = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
    amount = 0 if reason else share(taxable, RATES[country], is_inclusive=is_inclusive)
    details = {"tax_rate": rate_id(country, is_inclusive=is_inclusive)} if country in RATES else None
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if is_inclusive else "exclusive",
        "tax_rate_details": details,
        "taxability_reason": reason or "standard_rated",
        "taxable_amount": taxable - amount if is_inclusive else taxable,
        "type": "tax_rate_details",
    }


def share(amount: int, percent: Decimal, *, is_inclusive: bool) -> int:
    """The tax on an amount, or inside it, to the nearest minor unit and half up."""
    part = Decimal(amount) * percent / (100 + percent if is_inclusive else 100)
    return int(part.quantize(Decimal(1), ROUND_HALF_UP))


def total(lines: list[Thing]) -> list[Thing]:
    """The taxes of the lines, added up by rate."""
    found: dict[tuple[str, str, str], Thing] = {}
    for tax in (each for line in lines for each in line["taxes"]):
        key = (tax["tax_behavior"], tax["taxability_reason"], str(tax["tax_rate_details"]))
        if key in found:
            found[key]["amount"] += tax["amount"]
            found[key]["taxable_amount"] += tax["taxable_amount"]
        else:
            found[key] = dict(tax)
    return list(found.values())
