"""Builders of checkout sessions and subscriptions, with their items, in the full current shape of the API."""

from __future__ import annotations

from stripe_sandbox import objects, receipts
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


def line_item(identity: str, price: Thing, product: Thing, quantity: int) -> Thing:
    """Its amounts are set when the session is priced."""
    return {
        "id": identity,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": 0,
        "amount_tax": 0,
        "amount_total": 0,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def session(
    identity: str, now: int, params: Thing, customer: Thing | None, *, url: str, expires_at: int, currency: str
) -> Thing:
    """Its amounts are set when it is priced."""
    text = {name: params.get("custom_text", {}).get(name) for name in _CUSTOM_TEXTS}
    is_taxed = params.get("automatic_tax", {}).get("enabled", False)
    return {
        **empty(NULL_SESSION_FIELDS),
        "id": identity,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", False)},
        "amount_subtotal": 0,
        "amount_total": 0,
        "automatic_tax": receipts.automatic_tax(customer, is_enabled=is_taxed),
        "consent_collection": _consent(params),
        "created": now,
        "currency": currency,
        "custom_fields": [],
        "custom_text": text,
        "discounts": [],
        "expires_at": expires_at,
        "invoice_creation": _invoice_creation(params),
        "livemode": False,
        "metadata": {},
        "mode": params["mode"],
        "payment_method_collection": params.get("payment_method_collection", "always"),
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit"] if currency == "eur" else ["card"],
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


def _consent(params: Thing) -> Thing | None:
    given = params.get("consent_collection")
    return {**empty("payment_method_reuse_agreement promotions terms_of_service"), **given} if given else None


def _invoice_creation(params: Thing) -> Thing | None:
    """Payments only: a subscription has its invoices anyway."""
    if params["mode"] != "payment":
        return None
    given = params.get("invoice_creation", {})
    data = {**empty("account_tax_ids custom_fields description footer issuer rendering_options"), "metadata": {}}
    return {"enabled": given.get("enabled", False), "invoice_data": data | given.get("invoice_data", {})}


_CUSTOM_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def customer_details(
    customer: Thing | None,
    email: str | None,
    name: str | None,
    address: Thing | None = None,
    tax_ids: list[Thing] | None = None,
) -> Thing:
    known = customer or {}
    return {
        "address": address or known.get("address") or empty("city country line1 line2 postal_code state"),
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": known.get("phone"),
        "tax_exempt": known.get("tax_exempt", "none"),
        "tax_ids": tax_ids or [],
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


def _subscription_tax(*, is_taxed: bool) -> Thing:
    return {"disabled_reason": None, "enabled": is_taxed, "liability": {"type": "self"} if is_taxed else None}


def subscription(
    identity: str, now: int, customer: str, currency: str, items: list[Thing], data: Thing, *, is_taxed: bool = False
) -> Thing:
    """`data` is the session's `subscription_data`; the session's own metadata is not part of it."""
    behaviour = data.get("trial_settings", {}).get("end_behavior", {}).get("missing_payment_method", "create_invoice")
    return {
        **empty(NULL_SUBSCRIPTION_FIELDS),
        "id": identity,
        "object": "subscription",
        "automatic_tax": _subscription_tax(is_taxed=is_taxed),
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
