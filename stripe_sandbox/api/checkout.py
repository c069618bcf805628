"""Checkout sessions. What a payment does is in stripe_sandbox.checkout."""

from __future__ import annotations

from urllib.parse import urlsplit

from stripe_sandbox import contracts, objects, pricing
from stripe_sandbox.api.route import ID, PAGED, Route, retrieve
from stripe_sandbox.billing import ENDED
from stripe_sandbox.checkout import expire
from stripe_sandbox.faults import Malformed, Refused, Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.params import BOOL, INT, META, TEXT, Spec

KIND = "checkout.session"
SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60  # seconds that a session may stay open
AUTO = ("auto", "never")
LOCALES = tuple(
    (
        "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt "
        "pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
    ).split()
)
ACCEPTED: dict[str, Spec] = {
    "adaptive_pricing": {"enabled": BOOL},
    "allow_promotion_codes": BOOL,
    "automatic_tax": {"enabled!": BOOL},
    "billing_address_collection": ("auto", "required"),
    "cancel_url": TEXT,
    "client_reference_id": TEXT,
    "consent_collection": {"promotions": ("auto", "none"), "terms_of_service": ("none", "required")},
    "custom_text": {
        name: {"message!": TEXT}
        for name in ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    },
    "customer": TEXT,
    "customer_creation": ("always", "if_required"),
    "customer_email": TEXT,
    "customer_update": {"address": AUTO, "name": AUTO, "shipping": AUTO},
    "discounts": [{"coupon": TEXT, "promotion_code": TEXT}],
    "expires_at": INT,
    "invoice_creation": {
        "enabled!": BOOL,
        "invoice_data": {
            "custom_fields": [{"name!": TEXT, "value!": TEXT}],
            "description": TEXT,
            "footer": TEXT,
            "metadata": META,
        },
    },
    "line_items!": [{"price!": TEXT, "quantity": INT}],
    "locale": LOCALES,
    "metadata": META,
    "mode!": ("payment", "subscription"),
    "origin_context": ("mobile_app", "web"),
    "payment_intent_data": {
        "description": TEXT,
        "metadata": META,
        "receipt_email": TEXT,
        "setup_future_usage": ("off_session", "on_session"),
    },
    "payment_method_collection": ("always", "if_required"),
    "phone_number_collection": {"enabled!": BOOL},
    "submit_type": ("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": {
        "billing_mode": {"type!": ("classic", "flexible")},
        "description": TEXT,
        "metadata": META,
        "trial_end": INT,
        "trial_period_days": INT,
        "trial_settings": {"end_behavior!": {"missing_payment_method!": ("cancel", "create_invoice", "pause")}},
    },
    "success_url!": TEXT,
    "tax_id_collection": {"enabled!": BOOL, "required": ("if_supported", "never")},
    "ui_mode": ("hosted_page",),
}
ONLY_IN = {
    "payment_intent_data": "payment",
    "customer_creation": "payment",
    "invoice_creation": "payment",
    "payment_method_collection": "subscription",
    "subscription_data": "subscription",
}
MOST_DISCOUNTS = 1  # docs.stripe.com/api/checkout/sessions/create: currently up to one


def create(ledger: Ledger, params: Thing, _: str) -> Thing:
    _check_combinations(params)
    _check_urls(params)
    customer = _customer(ledger, params)
    prices = _prices(ledger, params)
    currency = prices[0]["currency"]
    if params["mode"] == "subscription" and customer:
        _check_currency(ledger, customer, currency)
    now, session_id = ledger.now(), identity("cs_test")
    rows = [
        _row(ledger, price, line.get("quantity", 1)) for price, line in zip(prices, params["line_items"], strict=True)
    ]
    if params["mode"] == "payment":
        params.setdefault("customer_creation", "if_required")
    made = contracts.session(
        session_id,
        now,
        params,
        customer,
        url=f"{ledger.origin}/c/pay/{session_id}",
        expires_at=_expiry(params, now),
        currency=currency,
    )
    made["line_items"] = objects.listing(rows, f"/v1/checkout/sessions/{session_id}/line_items")
    if customer:
        made["customer_details"] = contracts.customer_details(customer, customer["email"], customer["name"])
    ledger.private[session_id] = {
        "subscription_data": params.get("subscription_data", {}),
        "payment_intent_data": params.get("payment_intent_data", {}),
        "customer_update": params.get("customer_update", {}),
        "discounts": [],
    }
    try:
        pricing.redeem(ledger, made, params.get("discounts", []))
    except Refused:
        del ledger.private[session_id]
        raise
    return ledger.put(made)


def _row(ledger: Ledger, price: Thing, quantity: int) -> Thing:
    return contracts.line_item(identity("li"), dict(price), ledger.get(price["product"]), quantity)


def _check_combinations(params: Thing) -> None:
    mode = params["mode"]
    for name, wanted in ONLY_IN.items():
        if name in params and mode != wanted:
            raise Refused(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if "customer" in params and "customer_email" in params:
        raise Refused("You may only specify one of these parameters: customer, customer_email.")
    if "customer_update" in params and "customer" not in params:
        raise Refused("`customer_update` can only be used with `customer`.", param="customer_update")
    if params.get("discounts") and "allow_promotion_codes" in params:
        raise Refused("You may only specify one of these parameters: allow_promotion_codes, discounts.")
    if len(params.get("discounts", [])) > MOST_DISCOUNTS:
        raise Malformed("`discounts` takes one coupon or promotion code.", param="discounts")
    if len(params.get("client_reference_id", "")) > 200:
        raise Malformed("`client_reference_id` is at most 200 characters.", param="client_reference_id")
    data = params.get("subscription_data", {})
    if "trial_end" in data and "trial_period_days" in data:
        raise Refused("You may only specify one of these parameters: trial_end, trial_period_days.")
    if data.get("trial_period_days", 1) < 1:
        raise Refused("The minimum number of trial period days is 1.", param="subscription_data[trial_period_days]")


def _check_urls(params: Thing) -> None:
    for name in ("success_url", "cancel_url"):
        parts = urlsplit(params.get(name, "https://example.com"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused("Not a valid URL", code="url_invalid", param=name)


def _customer(ledger: Ledger, params: Thing) -> Thing | None:
    if "customer" not in params:
        return None
    found = ledger.need("customer", params["customer"], param="customer")
    takes_address = params.get("customer_update", {}).get("address") == "auto"
    if params.get("automatic_tax", {}).get("enabled") and not found["address"] and not takes_address:
        message = (
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to "
            "the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto'."
        )
        raise Refused(message, code="customer_tax_location_invalid", param="automatic_tax")
    return found


def _prices(ledger: Ledger, params: Thing) -> list[Thing]:
    prices, mode = [], params["mode"]
    for place, line in enumerate(params["line_items"]):
        param = f"line_items[{place}][price]"
        price = ledger.need("price", line["price"], param=param)
        if not price["active"] or not ledger.get(price["product"])["active"]:
            message = f"The price specified is inactive. This field only accepts active prices. ({price['id']})"
            raise Refused(message, param=param)
        if line.get("quantity", 1) < 1:
            raise Malformed("Quantity must be positive", param=f"line_items[{place}][quantity]")
        if mode == "payment" and price["recurring"]:
            message = (
                "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or "
                "use only one-time prices."
            )
            raise Refused(message, param=param)
        if mode == "subscription" and not price["recurring"]:
            message = "You must provide at least one recurring price in `subscription` mode when using prices."
            raise Refused(message, param=param)
        prices.append(price)
    if not prices:
        raise Malformed("Missing required param: line_items.", code="parameter_missing", param="line_items")
    if len({price["currency"] for price in prices}) > 1:
        raise Refused("All prices on a Checkout Session must use the same currency.", param="line_items")
    return prices


def _check_currency(ledger: Ledger, customer: Thing, currency: str) -> None:
    for subscription in ledger.kind("subscription"):
        is_live = subscription["customer"] == customer["id"] and subscription["status"] not in ENDED
        if is_live and subscription["currency"] != currency:
            message = (
                "You cannot combine currencies on a single customer. This customer has an active subscription, "
                "subscription schedule, discount, quote, or invoice item with currency " + subscription["currency"]
            )
            raise Refused(message)


def _expiry(params: Thing, now: int) -> int:
    moment = int(params.get("expires_at", now + LONGEST))
    if moment < now + SHORTEST:
        raise Refused("The `expires_at` timestamp must be at least 30 minutes in the future.", param="expires_at")
    if moment > now + LONGEST:
        raise Refused("The `expires_at` timestamp must be less than 24 hours in the future.", param="expires_at")
    return moment


def expire_session(ledger: Ledger, params: Thing, session_id: str) -> Thing:
    session = ledger.need(KIND, session_id)
    if session["status"] != "open":
        message = f'Only Checkout Sessions with a status in ["open"] can be expired. It is {session["status"]}.'
        raise Refused(message)
    expire(ledger, session)
    return session


def list_sessions(ledger: Ledger, params: Thing, _: str) -> Thing:
    names = [name for name in ("customer", "payment_intent", "status", "subscription") if name in params]
    return ledger.page(
        KIND, params, "/v1/checkout/sessions", lambda one: all(one[name] == params[name] for name in names)
    )


ROUTES = (
    Route("POST", "/v1/checkout/sessions", create, ACCEPTED),
    retrieve(KIND, "/v1/checkout/sessions"),
    Route("POST", f"/v1/checkout/sessions/{ID}/expire", expire_session),
    Route(
        "GET",
        "/v1/checkout/sessions",
        list_sessions,
        {
            **PAGED,
            "customer": TEXT,
            "payment_intent": TEXT,
            "status": ("complete", "expired", "open"),
            "subscription": TEXT,
        },
    ),
)
