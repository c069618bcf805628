"""Invoices and their payments."""

from __future__ import annotations

from stripe_sandbox.api.route import PAGED, Route, retrieve
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import TEXT

INVOICE_STATUSES = ("draft", "open", "paid", "uncollectible", "void")


def list_invoices(ledger: Ledger, params: Thing, _: str) -> Thing:
    def matches(one: Thing) -> bool:
        details = (one["parent"] or {}).get("subscription_details") or {"subscription": None}
        shown = {"customer": one["customer"], "status": one["status"], "subscription": details["subscription"]}
        return all(value == params.get(name, value) for name, value in shown.items())

    return ledger.page("invoice", params, "/v1/invoices", matches)


def list_payments(ledger: Ledger, params: Thing, _: str) -> Thing:
    def matches(one: Thing) -> bool:
        return all(one[name] == params[name] for name in ("invoice", "status", "payment") if name in params)

    return ledger.page("invoice_payment", params, "/v1/invoice_payments", matches)


ROUTES = (
    retrieve("invoice", "/v1/invoices"),
    Route(
        "GET",
        "/v1/invoices",
        list_invoices,
        {**PAGED, "customer": TEXT, "status": INVOICE_STATUSES, "subscription": TEXT},
    ),
    Route(
        "GET",
        "/v1/invoice_payments",
        list_payments,
        {**PAGED, "invoice": TEXT, "payment": {"payment_intent": TEXT, "type!": ("payment_intent",)}, "status": TEXT},
    ),
)
