"""Builders of what is sold and to whom, of lists and of events, each in the full current shape of the API."""

from __future__ import annotations

from stripe_sandbox.faults import Thing

API_VERSION = "2026-10-28.endive"


def empty(names: str) -> Thing:
    """Fields that the API shows as null."""
    return dict.fromkeys(names.split())


def listing(data: list[Thing], url: str) -> Thing:
    return {"object": "list", "data": data, "has_more": False, "url": url}


def product(identity: str, now: int, params: Thing) -> Thing:
    return {
        **empty("default_price description package_dimensions shippable statement_descriptor tax_code unit_label url"),
        "id": identity,
        "object": "product",
        "active": True,
        "created": now,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "type": "service",
        "updated": now,
        **params,
    }


def price(identity: str, now: int, params: Thing) -> Thing:
    recurring = params.get("recurring")
    if recurring is not None:
        recurring = {
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
            **recurring,
        }
    return {
        **empty("custom_unit_amount lookup_key nickname tiers_mode transform_quantity"),
        "id": identity,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": now,
        "livemode": False,
        "metadata": {},
        "tax_behavior": "unspecified",
        **params,
        "currency": params["currency"].lower(),
        "recurring": recurring,
        "type": "recurring" if recurring else "one_time",
        "unit_amount_decimal": str(params["unit_amount"]),
    }


def plan(price: Thing) -> Thing:
    """The older face of a recurring price, which subscription items still carry."""
    recurring = price["recurring"]
    return {
        **empty("meter tiers_mode transform_usage trial_period_days"),
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": dict(price["metadata"]),
        "nickname": price["nickname"],
        "product": price["product"],
        "usage_type": "licensed",
    }


def customer(identity: str, now: int, params: Thing) -> Thing:
    return {
        **empty("address currency default_source description discount email name phone shipping test_clock"),
        "id": identity,
        "object": "customer",
        "balance": 0,
        "created": now,
        "delinquent": False,
        "invoice_prefix": identity[-8:].upper(),
        "invoice_settings": empty("custom_fields default_payment_method footer rendering_options"),
        "livemode": False,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
        **params,
    }


def billing_details(customer: Thing | None) -> Thing:
    known = customer or {}
    address = known.get("address") or empty("city country line1 line2 postal_code state")
    return {
        "address": dict(address),
        "email": known.get("email"),
        "name": known.get("name"),
        "phone": known.get("phone"),
        "tax_id": None,
    }


def payment_method(identity: str, now: int, customer: Thing | None, kind: str, details: Thing) -> Thing:
    """`kind` is `card` or `sepa_debit`, and `details` what that kind shows."""
    return {
        "id": identity,
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(customer),
        "created": now,
        "customer": customer["id"] if customer else None,
        "livemode": False,
        "metadata": {},
        "type": kind,
        kind: details,
    }


def card(brand: str, last4: str) -> Thing:
    """One number has one fingerprint, whoever pays with it."""
    return {
        "brand": brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": brand,
        "exp_month": 12,
        "exp_year": 2040,
        "fingerprint": f"sandbox{last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": last4,
        "networks": {"available": [brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def sepa_debit(last4: str) -> Thing:
    return {
        "bank_code": "37040044",
        "branch_code": "",
        "country": "DE",
        "fingerprint": f"sandbox{last4}",
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": last4,
    }


def setup_intent(identity: str, now: int, customer: str | None, method: Thing) -> Thing:
    """A method that is kept for later while nothing is due."""
    return {
        **empty(
            "application automatic_payment_methods cancellation_reason description flow_directions last_setup_error "
            "latest_attempt mandate next_action on_behalf_of payment_method_configuration_details single_use_mandate"
        ),
        "id": identity,
        "object": "setup_intent",
        "client_secret": f"{identity}_secret_sandbox",
        "created": now,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "payment_method": method["id"],
        "payment_method_options": {},
        "payment_method_types": [method["type"]],
        "status": "succeeded",
        "usage": "off_session",
    }


def balance_transaction(identity: str, now: int, customer: Thing, amount: int, currency: str, kind: str) -> Thing:
    """The record of a change of the customer's balance, which has happened."""
    return {
        "id": identity,
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": now,
        "credit_note": None,
        "currency": currency,
        "customer": customer["id"],
        "description": None,
        "ending_balance": customer["balance"],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }


def portal_session(identity: str, now: int, customer: str, url: str, params: Thing) -> Thing:
    flow = params.get("flow_data")
    return {
        "id": identity,
        "object": "billing_portal.session",
        "configuration": "bpc_sandbox",
        "created": now,
        "customer": customer,
        "flow": None if flow is None else _flow(flow),
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": params.get("return_url"),
        "url": url,
    }


def _flow(flow: Thing) -> Thing:
    cancel = flow.get("subscription_cancel")
    after = flow.get("after_completion", {})
    redirect = after.get("redirect")
    return {
        **empty("customer_update subscription_update subscription_update_confirm"),
        "after_completion": {
            "type": after.get("type", "portal_homepage"),
            "hosted_confirmation": None,
            "redirect": dict(redirect) if redirect else None,
        },
        "subscription_cancel": {"retention": None, **cancel} if cancel else None,
        "type": flow["type"],
    }


def event(
    identity: str, now: int, kind: str, thing: Thing, previous: Thing | None, request: Thing, livemode: bool
) -> Thing:
    data: Thing = {"object": thing}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": identity,
        "object": "event",
        "account": None,
        "api_version": API_VERSION,
        "context": None,
        "created": now,
        "data": data,
        "livemode": livemode,
        "pending_webhooks": 1,
        "request": request,
        "type": kind,
    }
