"""Coupons, promotion codes, and the discounts that they make on sessions, subscriptions and invoices. Minor units."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.objects import empty

UNKNOWN = "This code is invalid."
EXPIRED = "This code has expired."
NOT_FOR_YOU = "This code cannot be applied to this purchase."


def refresh(ledger: Ledger, thing: Thing) -> Thing:
    """A coupon or promotion code as it is now: time and use take its validity away without an event."""
    used_up = thing["max_redemptions"] is not None and thing["times_redeemed"] >= thing["max_redemptions"]
    if thing["object"] == "coupon":
        is_late = thing["redeem_by"] is not None and thing["redeem_by"] <= ledger.now()
        thing["valid"] = not (used_up or is_late)
        return thing
    is_late = thing["expires_at"] is not None and thing["expires_at"] <= ledger.now()
    is_valid = refresh(ledger, ledger.get(thing["promotion"]["coupon"]))["valid"]
    thing["active"] = thing["active"] and not (used_up or is_late) and is_valid
    return thing


def by_code(ledger: Ledger, code: str) -> Thing | None:
    """The active promotion code of that name, whatever its case; else the newest inactive one."""
    named = [one for one in ledger.kind("promotion_code") if one["code"].lower() == code.strip().lower()]
    return max(named, key=lambda one: (refresh(ledger, one)["active"], one["created"]), default=None)


def find(ledger: Ledger, given: Thing, param: str) -> tuple[Thing, Thing | None]:
    """Coupon and promotion code of `{coupon}` or `{promotion_code}`. Raises Refused as Stripe's create calls do."""
    if ("coupon" in given) == ("promotion_code" in given):
        raise Refused("You may only specify one of these parameters: coupon, promotion_code.", param=param)
    if "coupon" in given:
        coupon = refresh(ledger, ledger.need("coupon", given["coupon"], param=f"{param}[coupon]"))
        if not coupon["valid"]:
            raise Refused(f"Coupon expired: {coupon['id']}", code="coupon_expired", param=f"{param}[coupon]")
        return coupon, None
    param = f"{param}[promotion_code]"
    code = refresh(ledger, ledger.need("promotion_code", given["promotion_code"], param=param))
    if not code["active"]:
        raise Refused("This promotion code is inactive or has expired.", code="coupon_expired", param=param)
    return ledger.get(code["promotion"]["coupon"]), code


def objection(
    ledger: Ledger, coupon: Thing, code: Thing | None, customer: Thing | None, currency: str, amount: int
) -> str:
    """Why this customer may not use it for this purchase; empty when they may."""
    if coupon["amount_off"] is not None and amount_in(currency, coupon, "amount_off", coupon["currency"]) is None:
        return f"This code is only valid for purchases in {coupon['currency'].upper()}."
    if code is None:
        return ""
    limits = code["restrictions"]
    if code["customer"] and code["customer"] != (customer or {}).get("id"):
        return NOT_FOR_YOU
    if limits["first_time_transaction"] and customer and has_paid(ledger, customer["id"]):
        return "This code is only valid for a first purchase."
    least = amount_in(currency, limits, "minimum_amount", limits["minimum_amount_currency"])
    if limits["minimum_amount"] is not None and (least is None or amount < least):
        return NOT_FOR_YOU
    return ""


def amount_in(currency: str, thing: Thing, name: str, own: str | None) -> int | None:
    """An amount that has one currency of its own and perhaps options in others; None where not in this one."""
    options = {**(thing.get("currency_options") or {}), own: thing}
    amount: int | None = options.get(currency, {}).get(name)
    return amount


def has_paid(ledger: Ledger, customer_id: str) -> bool:
    return any(one["customer"] == customer_id and one["paid"] for one in ledger.kind("charge")) or any(
        one["customer"] == customer_id and one["status"] == "paid" for one in ledger.kind("invoice")
    )


def begin(ledger: Ledger, coupon: Thing, code: Thing | None, **where: str | None) -> Thing:
    """Redeems it: a discount that counts from now. `where` names customer, subscription, checkout_session."""
    now = ledger.now()
    for used in (coupon, code):
        if used:
            used["times_redeemed"] += 1
            refresh(ledger, used)
    made = {
        **empty("checkout_session customer end invoice invoice_item promotion_code subscription subscription_item"),
        "id": identity("di"),
        "object": "discount",
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": now,
        **where,
    }
    made["promotion_code"] = code["id"] if code else None
    if coupon["duration"] == "repeating":
        made["end"] = months_later(now, coupon["duration_in_months"])
    ledger.put(made)
    if made["customer"]:
        ledger.announce("customer.discount.created", made)
    return made


def months_later(start: int, months: int) -> int:
    begun = datetime.fromtimestamp(start, UTC)
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    return int(begun.replace(year=year, month=month + 1, day=min(begun.day, 28)).timestamp())


def of(ledger: Ledger, subscription: Thing) -> list[Thing]:
    """The discounts that count for an invoice made now."""
    found = [ledger.get(one) for one in subscription["discounts"]]
    return [one for one in found if one["end"] is None or one["end"] > ledger.now()]


def end(ledger: Ledger, subscription: Thing, discount: Thing) -> None:
    """Takes a discount from its subscription; the subscription's own event is the caller's."""
    subscription["discounts"] = [one for one in subscription["discounts"] if one != discount["id"]]
    discount["end"] = discount["end"] or ledger.now()
    ledger.announce("customer.discount.deleted", discount)


def use_up(ledger: Ledger, subscription: Thing, invoice: Thing) -> None:
    """After an invoice: what counts once is used by the first invoice that it lowered, what has run out goes."""
    lowered = {one["discount"] for one in invoice["total_discount_amounts"] if one["amount"]}
    for one in [ledger.get(one) for one in subscription["discounts"]]:
        is_once = ledger.get(one["source"]["coupon"])["duration"] == "once"
        if (is_once and one["id"] in lowered) or (one["end"] is not None and one["end"] <= ledger.now()):
            end(ledger, subscription, one)


def replace(ledger: Ledger, subscription: Thing, given: list[Thing] | Literal[""]) -> None:
    """`discounts` of a subscription's update: a list of {coupon} or {promotion_code}; empty takes all away."""
    chosen = given or []
    customer = ledger.get(subscription["customer"])
    wanted = [find(ledger, one, f"discounts[{place}]") for place, one in enumerate(chosen)]
    full = sum(item["price"]["unit_amount"] * item["quantity"] for item in subscription["items"]["data"])
    for place, (coupon, code) in enumerate(wanted):
        message = objection(ledger, coupon, code, customer, subscription["currency"], full)
        if message:
            raise Refused(message, param=f"discounts[{place}]")
    for former in [ledger.get(one) for one in subscription["discounts"]]:
        end(ledger, subscription, former)
    where = {"customer": customer["id"], "subscription": subscription["id"]}
    subscription["discounts"] = [begin(ledger, coupon, code, **where)["id"] for coupon, code in wanted]


def apply(ledger: Ledger, lines: list[Thing], discounts: Sequence[Thing]) -> list[Thing]:
    """Sets the `discount_amounts` of each line; answers the invoice's `total_discount_amounts`."""
    totals = []
    for line in lines:
        line["discount_amounts"] = []
    for discount in discounts:
        coupon = ledger.get(discount["source"]["coupon"])
        touched = [line for line in lines if _touches(coupon, line)]
        amounts = _amounts(coupon, [_left(line) for line in touched], lines[0]["currency"] if lines else "")
        for line, amount in zip(touched, amounts, strict=True):
            line["discount_amounts"].append({"amount": amount, "discount": discount["id"]})
        amount = sum(each["discount_amounts"][-1]["amount"] for each in touched)
        totals.append({"amount": amount, "discount": discount["id"]})
    return totals


def _touches(coupon: Thing, line: Thing) -> bool:
    products = (coupon.get("applies_to") or {}).get("products")
    return bool(line["discountable"]) and (not products or line["pricing"]["price_details"]["product"] in products)


def _left(line: Thing) -> int:
    taken = sum(each["amount"] for each in line["discount_amounts"])
    return max(0, int(line["amount"] - taken))


def _amounts(coupon: Thing, left: list[int], currency: str) -> list[int]:
    """What is taken from each line: a percentage, or a fixed amount shared out by size, whose rest the last bears."""
    if coupon["percent_off"] is not None:
        part = Decimal(str(coupon["percent_off"])) / 100
        return [int((amount * part).quantize(Decimal(1), ROUND_HALF_UP)) for amount in left]
    whole = min(amount_in(currency, coupon, "amount_off", coupon["currency"]) or 0, sum(left))
    shares = [whole * amount // (sum(left) or 1) for amount in left]
    return [*shares[:-1], whole - sum(shares[:-1])] if shares else []
