"""Payment methods, payment and setup intents, charges, refunds and disputes."""

from __future__ import annotations

from stripe_sandbox import cards, collection, disputes
from stripe_sandbox.api.catalogue import merged
from stripe_sandbox.api.route import ID, PAGED, Route, listed, retrieve
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import BOOL, INT, META, TEXT, Clearable, Spec

METHODS = ("card", "sepa_debit")
WRITTEN_EVIDENCE: dict[str, Spec] = {
    name: Clearable(TEXT)
    for name in (
        *("cancellation_rebuttal", "customer_email_address", "customer_name", "product_description"),
        *("refund_refusal_explanation", "service_date", "uncategorized_text"),
    )
}


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
    charge = ledger.need("charge", charge_id, param="charge")
    if not charge["paid"]:
        raise Refused(f"Charge {charge_id} is not paid and cannot be refunded.", code="charge_not_refundable")
    return collection.refund(ledger, charge, params)


def update_dispute(ledger: Ledger, params: Thing, dispute_id: str) -> Thing:
    dispute = ledger.need("dispute", dispute_id)
    if "metadata" in params:
        dispute["metadata"] = merged(dispute["metadata"], params["metadata"])
    evidence = {name: text or None for name, text in params.get("evidence", {}).items()}
    if evidence and params.get("submit", True):
        disputes.submit(ledger, dispute, evidence)
    elif evidence:
        dispute["evidence"].update(evidence)
        dispute["evidence_details"]["has_evidence"] = True
    return dispute


def close_dispute(ledger: Ledger, params: Thing, dispute_id: str) -> Thing:
    """Gives in: the dispute is lost."""
    dispute = ledger.need("dispute", dispute_id)
    disputes.move(ledger, dispute, "warning_closed" if dispute["status"].startswith("warning") else "lost")
    return dispute


def list_methods(ledger: Ledger, params: Thing, customer_id: str) -> Thing:
    customer = customer_id or params.get("customer")
    if customer:
        ledger.need("customer", customer, param="" if customer_id else "customer")
    url = f"/v1/customers/{customer_id}/payment_methods" if customer_id else "/v1/payment_methods"

    def matches(one: Thing) -> bool:
        return bool(customer) and one["customer"] == customer and one["type"] == params.get("type", one["type"])

    return ledger.page("payment_method", params, url, matches)


def detach(ledger: Ledger, params: Thing, method_id: str) -> Thing:
    method = ledger.need("payment_method", method_id)
    if not method["customer"]:
        raise Refused("The payment method you provided is not attached to a customer so detachment is impossible.")
    cards.detach(ledger, method)
    return method


LISTED: dict[str, Spec] = {name: PAGED[name] for name in ("ending_before", "limit", "starting_after")}
ROUTES = (
    Route("GET", "/v1/payment_methods", list_methods, {**LISTED, "customer": TEXT, "type": METHODS}),
    Route("GET", f"/v1/customers/{ID}/payment_methods", list_methods, {**LISTED, "type": METHODS}),
    retrieve("payment_method", "/v1/payment_methods"),
    Route("POST", f"/v1/payment_methods/{ID}/detach", detach),
    retrieve("payment_intent", "/v1/payment_intents"),
    listed("payment_intent", "/v1/payment_intents", "customer"),
    retrieve("setup_intent", "/v1/setup_intents"),
    listed("setup_intent", "/v1/setup_intents", "customer payment_method"),
    retrieve("charge", "/v1/charges"),
    listed("charge", "/v1/charges", "customer payment_intent"),
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
    retrieve("refund", "/v1/refunds"),
    listed("refund", "/v1/refunds", "charge payment_intent"),
    retrieve("dispute", "/v1/disputes"),
    listed("dispute", "/v1/disputes", "charge payment_intent"),
    Route(
        "POST",
        f"/v1/disputes/{ID}",
        update_dispute,
        {"evidence": WRITTEN_EVIDENCE, "metadata": META, "submit": BOOL},
    ),
    Route("POST", f"/v1/disputes/{ID}/close", close_dispute),
)
