"""Builders of invoices, payments, charges and refunds, in the full current shape of the API. Amounts in minor units."""

from __future__ import annotations

from stripe_sandbox import objects
from stripe_sandbox.faults import Thing
from stripe_sandbox.objects import empty

NULL_INVOICE_FIELDS = (
    "account_tax_ids application automatically_finalizes_at custom_fields customer_shipping "
    "default_payment_method default_source description due_date effective_at ending_balance footer from_invoice "
    "hosted_invoice_url invoice_pdf last_finalization_error latest_revision next_payment_attempt number "
    "on_behalf_of receipt_number rendering shipping_cost shipping_details statement_descriptor test_clock "
    "threshold_reason webhooks_delivered_at"
)
NULL_INTENT_FIELDS = (
    "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason description "
    "last_payment_error latest_charge next_action on_behalf_of payment_method "
    "payment_method_configuration_details processing receipt_email review setup_future_usage shipping source "
    "statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
)
NULL_CHARGE_FIELDS = (
    "application application_fee application_fee_amount balance_transaction calculated_statement_descriptor "
    "description failure_balance_transaction failure_code failure_message on_behalf_of outcome receipt_email "
    "receipt_number receipt_url review shipping source source_transfer statement_descriptor "
    "statement_descriptor_suffix transfer_data transfer_group"
)


def invoice_line(identity: str, item: Thing, amount: int, period: Thing, text: str, *, proration: bool) -> Thing:
    """A line for a subscription item; its invoice is filled in when the invoice is made."""
    price = item["price"]
    return {
        "id": identity,
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": text,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": proration,
                "proration_details": None,
                "subscription": item["subscription"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": dict(period),
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "subtotal": amount,
        "taxes": [],
    }


def invoice(identity: str, now: int, customer: Thing, subscription: Thing, lines: list[Thing], reason: str) -> Thing:
    """A draft."""
    for line in lines:
        line["invoice"] = identity
    return {
        **empty(NULL_INVOICE_FIELDS),
        **_amounts(customer, lines),
        **_payer(customer),
        "id": identity,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "Stripe stand-in",
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": empty("disabled_reason liability provider status") | {"enabled": False},
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "lines": objects.listing(lines, f"/v1/invoices/{identity}/lines"),
        "livemode": False,
        "metadata": {},
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": empty("default_mandate payment_method_options payment_method_types"),
        "period_end": now,
        "period_start": now,
        "status": "draft",
        "status_transitions": empty("finalized_at marked_uncollectible_at paid_at voided_at"),
    }


def _amounts(customer: Thing, lines: list[Thing]) -> Thing:
    """What is due is the total less the customer's credit, which is a negative balance."""
    total = sum(line["amount"] for line in lines)
    due = max(0, total + customer["balance"])
    return {
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": due,
        "amount_shipping": 0,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": customer["balance"],
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _payer(customer: Thing) -> Thing:
    return {
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
    }


def invoice_payment(identity: str, now: int, invoice: Thing, intent: str) -> Thing:
    return {
        "id": identity,
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent, "type": "payment_intent"},
        "status": "open",
        "status_transitions": empty("canceled_at paid_at"),
    }


def payment_intent(identity: str, now: int, amount: int, currency: str, customer: str | None, data: Thing) -> Thing:
    """`data` is the session's `payment_intent_data`."""
    return {
        **empty(NULL_INTENT_FIELDS),
        "id": identity,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic",
        "client_secret": f"{identity}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        **data,
    }


def charge(identity: str, now: int, intent: Thing, method: Thing, decline: Thing | None) -> Thing:
    card = {name: method["card"][name] for name in ("brand", "country", "exp_month", "exp_year", "fingerprint")}
    return {
        **empty(NULL_CHARGE_FIELDS),
        "id": identity,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if decline else intent["amount"],
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "captured": decline is None,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "disputed": False,
        "failure_code": decline["code"] if decline else None,
        "failure_message": decline["message"] if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "paid": decline is None,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {
            "card": {**card, "funding": "credit", "last4": method["card"]["last4"], "network": "visa"},
            "type": "card",
        },
        "radar_options": {},
        "refunded": False,
        "status": "failed" if decline else "succeeded",
    }


def refund(identity: str, now: int, charge: Thing, amount: int, params: Thing) -> Thing:
    return {
        **empty("balance_transaction receipt_number source_transfer_reversal transfer_reversal"),
        "id": identity,
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": {
            "card": {
                "reference": None,
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "status": "succeeded",
    }
