"""Builders of checkout sessions and subscriptions, with their items, in the full current shape of the API."""

from __future__ import annotations

from stripe_sandbox import objects
from stripe_sandbox.faults import Thing
from stripe_sandbox.objects import empty

NULL_SESSION_FIELDS = (
    "after_expiration allow_promotion_codes billing_address_collection branding_settings cancel_url "
    "client_reference_id client_secret collected_information consent consent_collection currency_conversion "
    "customer customer_creation customer_details customer_email invoice invoice_creation locale origin_context "
    "payment_intent payment_link payment_method_configuration_details permissions recovered_from setup_intent "
    "shipping_address_collection shipping_cost submit_type subscription tax_id_collection wallet_options"
)
NULL_SUBSCRIPTION_FIELDS = (
    "application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at canceled_at "
    "days_until_due default_source description ended_at latest_invoice next_pending_invoice_item_invoice "
    "on_behalf_of pause_collection pending_invoice_item_interval pending_setup_intent pending_update schedule "
    "test_clock transfer_data trial_end trial_start"
)
SHOWN_AS_GIVEN = (
    "allow_promotion_codes billing_address_collection cancel_url client_reference_id customer customer_creation "
    "customer_email locale metadata origin_context submit_type success_url"
)


def line_item(identity: str, price: Thing, product: Thing, quantity: int, amount: int) -> Thing:
    return {
        "id": identity,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def session(identity: str, now: int, params: Thing, *, url: str, expires_at: int, currency: str, amount: int) -> Thing:
    text = {name: params.get("custom_text", {}).get(name) for name in _CUSTOM_TEXTS}
    consent = params.get("consent_collection")
    tax = params.get("automatic_tax", {}).get("enabled", False)
    return {
        **empty(NULL_SESSION_FIELDS),
        "id": identity,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", False)},
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": tax, "liability": None, "provider": None, "status": None},
        "consent_collection": {**empty("payment_method_reuse_agreement promotions terms_of_service"), **consent}
        if consent
        else None,
        "created": now,
        "currency": currency,
        "custom_fields": [],
        "custom_text": text,
        "discounts": [],
        "expires_at": expires_at,
        "livemode": False,
        "metadata": {},
        "mode": params["mode"],
        "payment_method_collection": params.get("payment_method_collection", "always"),
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": params.get("phone_number_collection", {"enabled": False}),
        "saved_payment_method_options": None,
        "shipping_options": [],
        "status": "open",
        "tax_id_collection": {"required": "never", **params.get("tax_id_collection", {"enabled": False})},
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": url,
        **{name: params[name] for name in SHOWN_AS_GIVEN.split() if name in params},
    }


_CUSTOM_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def customer_details(customer: Thing | None, email: str, name: str | None) -> Thing:
    known = customer or {}
    return {
        "address": known.get("address") or empty("city country line1 line2 postal_code state"),
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": known.get("phone"),
        "tax_exempt": "none",
        "tax_ids": [],
    }


def subscription_item(identity: str, now: int, subscription: str, price: Thing, quantity: int, period: Thing) -> Thing:
    return {
        "id": identity,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": period["end"],
        "current_period_start": period["start"],
        "discounts": [],
        "metadata": {},
        "plan": objects.plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }


def subscription(identity: str, now: int, customer: str, currency: str, items: list[Thing], data: Thing) -> Thing:
    """`data` is the session's `subscription_data`; the session's own metadata is not part of it."""
    behaviour = data.get("trial_settings", {}).get("end_behavior", {}).get("missing_payment_method", "create_invoice")
    return {
        **empty(NULL_SUBSCRIPTION_FIELDS),
        "id": identity,
        "object": "subscription",
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": data.get("billing_mode", {}).get("type", "flexible"),
            "updated_at": now,
        },
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": empty("comment feedback reason"),
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "customer": customer,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": data.get("description"),
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": objects.listing(items, f"/v1/subscription_items?subscription={identity}"),
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": now,
        "status": "active",
        "trial_settings": {"end_behavior": {"missing_payment_method": behaviour}},
    }
