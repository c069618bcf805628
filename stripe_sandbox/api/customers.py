"""Customers, and the portal sessions they are sent to."""

from __future__ import annotations

from stripe_sandbox import billing, objects
from stripe_sandbox.api.catalogue import unset, with_metadata
from stripe_sandbox.api.route import ID, Route, listed
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Malformed, Refused, Thing, missing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.params import META, TEXT, Clearable, Spec

ADDRESS: dict[str, Spec] = {
    name: Clearable(TEXT) for name in ("city", "country", "line1", "line2", "postal_code", "state")
}
CUSTOMER: dict[str, Spec] = {
    "address": Clearable(ADDRESS),
    "description": Clearable(TEXT),
    "email": Clearable(TEXT),
    "metadata": META,
    "name": Clearable(TEXT),
    "phone": Clearable(TEXT),
    "preferred_locales": [TEXT],
    "tax_exempt": ("exempt", "none", "reverse"),
}
FLOWS = ("customer_update", "payment_method_update", "subscription_cancel")


def _fields(params: Thing) -> Thing:
    fields = unset(params)
    if fields.get("email") and "@" not in fields["email"]:
        raise Malformed(f"Invalid email address: {fields['email']}", code="email_invalid", param="email")
    if fields.get("address"):
        fields["address"] = {**dict.fromkeys(ADDRESS), **unset(fields["address"])}
    return fields


def create(ledger: Ledger, params: Thing, _: str) -> Thing:
    made = ledger.put(objects.customer(identity("cus"), ledger.now(), _fields(params)))
    ledger.announce("customer.created", made)
    return made


def retrieve(ledger: Ledger, params: Thing, customer_id: str) -> Thing:
    """A deleted customer is still answered, as a stub."""
    found = ledger.things.get(customer_id)
    if found is None or found["object"] != "customer":
        raise missing("customer", customer_id)
    return found


def update(ledger: Ledger, params: Thing, customer_id: str) -> Thing:
    customer = ledger.need("customer", customer_id)
    change(ledger, "customer.updated", customer, **with_metadata(customer, _fields(params)))
    return customer


def delete(ledger: Ledger, params: Thing, customer_id: str) -> Thing:
    """Ends the customer's subscriptions at once, as Stripe does."""
    customer = ledger.need("customer", customer_id)
    for subscription in ledger.kind("subscription"):
        if subscription["customer"] == customer_id and subscription["status"] not in billing.ENDED:
            billing.end_now(ledger, subscription, "cancellation_requested")
    ledger.announce("customer.deleted", customer)
    customer.clear()
    customer.update(id=customer_id, object="customer", deleted=True)
    return customer


def create_portal(ledger: Ledger, params: Thing, _: str) -> Thing:
    customer = ledger.need("customer", params["customer"], param="customer")
    cancel = params.get("flow_data", {}).get("subscription_cancel")
    if params.get("flow_data", {}).get("type") == "subscription_cancel" and not cancel:
        param = "flow_data[subscription_cancel]"
        raise Malformed(f"Missing required param: {param}.", code="parameter_missing", param=param)
    if cancel and ledger.need("subscription", cancel["subscription"], param="flow_data")["customer"] != customer["id"]:
        raise Refused("The subscription does not belong to the customer.", param="flow_data")
    session_id = identity("bps")
    url = f"{ledger.origin}/p/session/{session_id}"
    made = ledger.put(objects.portal_session(session_id, ledger.now(), customer["id"], url, params))
    ledger.announce("billing_portal.session.created", made)
    return made


ROUTES = (
    Route("POST", "/v1/customers", create, CUSTOMER),
    Route("GET", f"/v1/customers/{ID}", retrieve),
    Route("POST", f"/v1/customers/{ID}", update, CUSTOMER),
    Route("DELETE", f"/v1/customers/{ID}", delete),
    listed("customer", "/v1/customers", "email"),
    Route(
        "POST",
        "/v1/billing_portal/sessions",
        create_portal,
        {
            "customer!": TEXT,
            "flow_data": {
                "after_completion": {"redirect": {"return_url!": TEXT}, "type!": ("portal_homepage", "redirect")},
                "subscription_cancel": {"subscription!": TEXT},
                "type!": FLOWS,
            },
            "locale": TEXT,
            "return_url": TEXT,
        },
    ),
)
