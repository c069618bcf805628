"""Coupons, promotion codes, and the tax rates that automatic tax applies."""

from __future__ import annotations

from stripe_sandbox import discounts, taxes
from stripe_sandbox.api.catalogue import with_metadata
from stripe_sandbox.api.route import ID, PAGED, Route
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Malformed, Refused, Thing
from stripe_sandbox.ledger import ALPHABET, Ledger, identity
from stripe_sandbox.params import BOOL, INT, META, NUMBER, TEXT, ByCurrency, Spec

COUPONS, CODES = "/v1/coupons", "/v1/promotion_codes"
DURATIONS = ("forever", "once", "repeating")
COUPON: dict[str, Spec] = {
    "amount_off": INT,
    "applies_to": {"products": [TEXT]},
    "currency": TEXT,
    "currency_options": ByCurrency({"amount_off!": INT}),
    "duration": DURATIONS,
    "duration_in_months": INT,
    "id": TEXT,
    "max_redemptions": INT,
    "metadata": META,
    "name": TEXT,
    "percent_off": NUMBER,
    "redeem_by": INT,
}
RESTRICTIONS: dict[str, Spec] = {
    "currency_options": ByCurrency({"minimum_amount": INT}),
    "first_time_transaction": BOOL,
    "minimum_amount": INT,
    "minimum_amount_currency": TEXT,
}


def create_coupon(ledger: Ledger, params: Thing, _: str) -> Thing:
    _check_coupon(ledger, params)
    coupon_id = params.get("id") or identity("x").removeprefix("x_")[:8]
    if coupon_id in ledger.things:
        raise Refused("Coupon already exists.", code="resource_already_exists", param="id")
    made = {
        "amount_off": None,
        "created": ledger.now(),
        "currency": None,
        "duration": "once",
        "duration_in_months": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "name": None,
        "object": "coupon",
        "percent_off": None,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
        **params,
        "id": coupon_id,
    }
    if made["currency"]:
        made["currency"] = made["currency"].lower()
    ledger.announce("coupon.created", ledger.put(made))
    return made


def _check_coupon(ledger: Ledger, params: Thing) -> None:
    if ("percent_off" in params) == ("amount_off" in params):
        raise Refused("You must pass either percent_off or amount_off.", param="percent_off")
    if not 0 < params.get("percent_off", 1) <= 100:
        raise Malformed("percent_off must be above 0 and at most 100.", param="percent_off")
    if params.get("amount_off", 1) < 1:
        raise Malformed("Invalid positive integer", code="parameter_invalid_integer", param="amount_off")
    if "amount_off" in params and "currency" not in params:
        raise Malformed("Missing required param: currency.", code="parameter_missing", param="currency")
    if "currency_options" in params and "amount_off" not in params:
        raise Refused("currency_options belongs to amount_off.", param="currency_options")
    if (params.get("duration") == "repeating") != ("duration_in_months" in params):
        raise Refused("duration_in_months belongs to the duration repeating.", param="duration_in_months")
    if not 1 <= params.get("duration_in_months", 1) <= 600:
        raise Malformed("Invalid positive integer", code="parameter_invalid_integer", param="duration_in_months")
    if params.get("redeem_by", ledger.now() + 1) <= ledger.now():
        raise Refused("redeem_by must be in the future.", param="redeem_by")


def retrieve_coupon(ledger: Ledger, params: Thing, coupon_id: str) -> Thing:
    return discounts.refresh(ledger, ledger.need("coupon", coupon_id))


def update_coupon(ledger: Ledger, params: Thing, coupon_id: str) -> Thing:
    coupon = ledger.need("coupon", coupon_id)
    change(ledger, "coupon.updated", coupon, **with_metadata(coupon, params))
    return coupon


def delete_coupon(ledger: Ledger, params: Thing, coupon_id: str) -> Thing:
    """Nobody can redeem it any more; discounts that were given stay."""
    coupon = ledger.need("coupon", coupon_id)
    for code in ledger.kind("promotion_code"):
        if code["promotion"]["coupon"] == coupon_id:
            code["active"] = False
    coupon.update(redeem_by=ledger.now(), valid=False)
    ledger.announce("coupon.deleted", coupon)
    return {"id": coupon_id, "object": "coupon", "deleted": True}


def list_coupons(ledger: Ledger, params: Thing, _: str) -> Thing:
    return ledger.page("coupon", params, COUPONS, lambda one: bool(discounts.refresh(ledger, one)))


def create_code(ledger: Ledger, params: Thing, _: str) -> Thing:
    given = params["promotion"]
    if "coupon" not in given:
        raise Malformed("Missing required param: promotion[coupon].", code="parameter_missing", param="promotion")
    coupon = discounts.refresh(ledger, ledger.need("coupon", given["coupon"], param="promotion[coupon]"))
    if not coupon["valid"]:
        raise Refused("The coupon is no longer valid.", code="coupon_expired", param="promotion[coupon]")
    if "customer" in params:
        ledger.need("customer", params["customer"], param="customer")
    code = params.get("code") or identity("x").removeprefix("x_")[:8].upper()
    if set(code) - set(ALPHABET) - {"-"}:
        raise Malformed("Promotion codes may only contain letters, digits and dashes.", param="code")
    former = discounts.by_code(ledger, code)
    if former and former["active"]:
        raise Refused("An active promotion code with this code already exists.", param="code")
    if params.get("expires_at", ledger.now() + 1) <= ledger.now():
        raise Refused("expires_at must be in the future.", param="expires_at")
    made = {
        "active": True,
        "customer": None,
        "expires_at": None,
        "max_redemptions": None,
        "metadata": {},
        **params,
        "code": code,
        "created": ledger.now(),
        "id": identity("promo"),
        "livemode": False,
        "object": "promotion_code",
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
            **params.get("restrictions", {}),
        },
        "times_redeemed": 0,
    }
    ledger.announce("promotion_code.created", ledger.put(made))
    return made


def retrieve_code(ledger: Ledger, params: Thing, code_id: str) -> Thing:
    return discounts.refresh(ledger, ledger.need("promotion_code", code_id))


def update_code(ledger: Ledger, params: Thing, code_id: str) -> Thing:
    code = ledger.need("promotion_code", code_id)
    change(ledger, "promotion_code.updated", code, **with_metadata(code, params))
    return discounts.refresh(ledger, code)


def list_codes(ledger: Ledger, params: Thing, _: str) -> Thing:
    def matches(one: Thing) -> bool:
        shown = {
            "active": discounts.refresh(ledger, one)["active"],
            "code": one["code"].lower(),
            "coupon": one["promotion"]["coupon"],
            "customer": one["customer"],
        }
        wanted = {**params, "code": params["code"].lower()} if "code" in params else params
        return all(value == wanted.get(name, value) for name, value in shown.items())

    return ledger.page("promotion_code", params, CODES, matches)


ROUTES = (
    Route("POST", COUPONS, create_coupon, COUPON),
    Route("GET", f"{COUPONS}/{ID}", retrieve_coupon),
    Route("POST", f"{COUPONS}/{ID}", update_coupon, {"metadata": META, "name": TEXT}),
    Route("DELETE", f"{COUPONS}/{ID}", delete_coupon),
    Route("GET", COUPONS, list_coupons, PAGED),
    Route(
        "POST",
        CODES,
        create_code,
        {
            "active": BOOL,
            "code": TEXT,
            "customer": TEXT,
            "expires_at": INT,
            "max_redemptions": INT,
            "metadata": META,
            "promotion!": {"coupon": TEXT, "type!": ("coupon",)},
            "restrictions": RESTRICTIONS,
        },
    ),
    Route("GET", f"{CODES}/{ID}", retrieve_code),
    Route("POST", f"{CODES}/{ID}", update_code, {"active": BOOL, "metadata": META}),
    Route("GET", CODES, list_codes, {**PAGED, "active": BOOL, "code": TEXT, "coupon": TEXT, "customer": TEXT}),
    Route("GET", f"/v1/tax_rates/{ID}", lambda ledger, params, rate_id: taxes.rate(rate_id)),
)
