"""Invoices, payments, charges and refunds."""

from __future__ import annotations

from stripe_sandbox import collection
from stripe_sandbox.api.route import PAGED, Route, listed, retrieve
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import INT, META, TEXT

INVOICE_STATUSES = ("draft", "open", "paid", "uncollectible", "void")


def list_invoices(ledger: Ledger, params: Thing, _: str) -> Thing:
    def matches(one: Thing) -> bool:
        details = one["parent"]["subscription_details"]
        shown = {"customer": one["customer"], "status": one["status"], "subscription": details["subscription"]}
        return all(value == params.get(name, value) for name, value in shown.items())

    return ledger.page("invoice", params, "/v1/invoices", matches)


def create_refund(ledger: Ledger, params: Thing, _: str) -> Thing:
    if ("charge" in params) == ("payment_intent" in params):
        raise Refused("One of the following params should be provided: payment_intent or charge.")
    charge_id = params.get("charge", "")
    if "payment_intent" in params:
        intent = ledger.need("payment_intent", params["payment_intent"], param="payment_intent")
        if intent["status"] != "succeeded":
            message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            raise Refused(message, code="charge_not_refundable")
        charge_id = intent["latest_charge"]
    return collection.refund(ledger, ledger.need("charge", charge_id, param="charge"), params)


ROUTES = (
    retrieve("invoice", "/v1/invoices"),
    Route(
        "GET",
        "/v1/invoices",
        list_invoices,
        {**PAGED, "customer": TEXT, "status": INVOICE_STATUSES, "subscription": TEXT},
    ),
    listed("invoice_payment", "/v1/invoice_payments", "invoice status"),
    retrieve("payment_intent", "/v1/payment_intents"),
    retrieve("charge", "/v1/charges"),
    Route(
        "POST",
        "/v1/refunds",
        create_refund,
        {
            "amount": INT,
            "charge": TEXT,
            "metadata": META,
            "payment_intent": TEXT,
            "reason": ("duplicate", "fraudulent", "requested_by_customer"),
        },
    ),
    listed("refund", "/v1/refunds", "charge payment_intent"),
)
