"""Builders of invoices, payments, charges and refunds, in the full current shape of the API. Amounts in minor units."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_sandbox import discounts, objects, taxes
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
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


ISSUED: Thing = {
    "account_country": taxes.HOME,
    "account_name": "Stripe stand-in",
    "attempt_count": 0,
    "attempted": False,
    "collection_method": "charge_automatically",
}


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


def one_time_line(identity: str, price: Thing, quantity: int, now: int, text: str) -> Thing:
    """A line for something that is bought once."""
    item = {"id": "", "price": price, "quantity": quantity, "subscription": None}
    period = {"start": now, "end": now}
    made = invoice_line(identity, item, price["unit_amount"] * quantity, period, text, proration=False)
    made["parent"] = {
        "invoice_item_details": {
            "invoice_item": identity.replace("il_", "ii_", 1),
            "proration": False,
            "proration_details": None,
            "subscription": None,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }
    return made


def automatic_tax(customer: Thing | None, *, is_enabled: bool) -> Thing:
    """The state of automatic tax of an invoice or a session."""
    status = ("complete" if taxes.country_of(customer) else "requires_location_inputs") if is_enabled else None
    known = {"liability": {"type": "self"}, "provider": "stripe"} if is_enabled else empty("liability provider")
    return {"enabled": is_enabled, "status": status, **known}


def invoice(
    identity: str,
    now: int,
    customer: Thing,
    currency: str,
    lines: list[Thing],
    reason: str,
    sums: Thing,
    subscription: Thing | None = None,
    *,
    is_taxed: bool = False,
) -> Thing:
    """A draft; `sums` are its `amounts`."""
    for line in lines:
        line["invoice"] = identity
    return {
        **empty(NULL_INVOICE_FIELDS),
        **sums,
        **_payer(customer),
        **ISSUED,
        "id": identity,
        "object": "invoice",
        "auto_advance": True,
        "automatic_tax": {"disabled_reason": None, **automatic_tax(customer, is_enabled=is_taxed)},
        "billing_reason": reason,
        "created": now,
        "currency": currency,
        "default_tax_rates": [],
        "discounts": [each["discount"] for each in sums["total_discount_amounts"]],
        "issuer": {"type": "self"},
        "lines": objects.listing(lines, f"/v1/invoices/{identity}/lines"),
        "livemode": False,
        "metadata": {},
        "parent": _parent(subscription),
        "payment_settings": empty("default_mandate payment_method_options payment_method_types"),
        "period_end": now,
        "period_start": now,
        "status": "draft",
        "status_transitions": empty("finalized_at marked_uncollectible_at paid_at voided_at"),
    }


def _parent(subscription: Thing | None) -> Thing | None:
    if subscription is None:
        return None
    return {
        "quote_details": None,
        "subscription_details": {
            "metadata": dict(subscription["metadata"]),
            "subscription": subscription["id"],
        },
        "type": "subscription_details",
    }


def amounts(
    ledger: Ledger,
    customer: Thing | None,
    lines: list[Thing],
    discounts_given: Sequence[Thing] = (),
    *,
    is_taxed: bool = False,
) -> Thing:
    """The amounts of an invoice with these lines, whose own discounts and taxes are set on the way.

    What is due is the total less the customer's credit, which is a negative balance.
    """
    lowered = discounts.apply(ledger, lines, discounts_given)
    if is_taxed:
        tax_ids = ledger.private.get((customer or {}).get("id", ""), {}).get("tax_ids", [])
        taxes.apply(ledger, customer, lines, tax_ids)
    taxed = taxes.total(lines)
    inside = sum(each["amount"] for each in taxed if each["tax_behavior"] == "inclusive")
    on_top = sum(each["amount"] for each in taxed) - inside
    subtotal = sum(line["amount"] for line in lines)
    total = subtotal - sum(each["amount"] for each in lowered) + on_top
    balance = (customer or {}).get("balance", 0)
    due = max(0, total + balance)
    return {
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": due,
        "amount_shipping": 0,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": balance,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inside,
        "total": total,
        "total_discount_amounts": lowered,
        "total_excluding_tax": total - inside - on_top,
        "total_pretax_credit_amounts": [{**each, "type": "discount"} for each in lowered],
        "total_taxes": taxed,
    }


def _payer(customer: Thing) -> Thing:
    return {
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_tax_exempt": customer["tax_exempt"],
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


def charge(
    identity: str, now: int, intent: Thing, method: Thing, decline: Thing | None, *, is_pending: bool = False
) -> Thing:
    is_paid = decline is None and not is_pending
    return {
        **empty(NULL_CHARGE_FIELDS),
        "id": identity,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if is_paid else 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "captured": is_paid,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": decline["code"] if decline else None,
        "failure_message": decline["message"] if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "paid": is_paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(method),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "status": "failed" if decline else "pending" if is_pending else "succeeded",
    }


def _method_details(method: Thing) -> Thing:
    if method["type"] == "sepa_debit":
        bank = {name: method["sepa_debit"][name] for name in ("bank_code", "branch_code", "country", "fingerprint")}
        rest = {"expected_debit_date": None, "last4": method["sepa_debit"]["last4"], "mandate": "mandate_sandbox"}
        return {"sepa_debit": {**bank, **rest}, "type": "sepa_debit"}
    names = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    card = {name: method["card"][name] for name in names}
    return {"card": {**card, "network": method["card"]["brand"]}, "type": "card"}


def refund(identity: str, now: int, charge: Thing, amount: int, params: Thing) -> Thing:
    return {
        **empty("balance_transaction receipt_number source_transfer_reversal transfer_reversal"),
        "id": identity,
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": _destination() if charge["payment_method_details"]["type"] == "card" else None,
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "status": "succeeded",
    }


def _destination() -> Thing:
    card = {"reference": None, "reference_status": "pending", "reference_type": "acquirer_reference_number"}
    return {"card": {**card, "type": "refund"}, "type": "card"}
