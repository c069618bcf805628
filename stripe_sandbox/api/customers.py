"""Customers, and the portal sessions they are sent to."""

from __future__ import annotations

from stripe_sandbox import billing, collection, objects
from stripe_sandbox.api.catalogue import unset, with_metadata
from stripe_sandbox.api.route import ID, PAGED, Route, listed
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Malformed, Refused, Thing, missing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.params import INT, META, TEXT, Clearable, Spec

ADDRESS: dict[str, Spec] = {
    name: Clearable(TEXT) for name in ("city", "country", "line1", "line2", "postal_code", "state")
}
CUSTOMER: dict[str, Spec] = {
    "address": Clearable(ADDRESS),
    "balance": INT,
    "description": Clearable(TEXT),
    "email": Clearable(TEXT),
    "invoice_settings": {"default_payment_method": Clearable(TEXT), "footer": Clearable(TEXT)},
    "metadata": META,
    "name": Clearable(TEXT),
    "phone": Clearable(TEXT),
    "preferred_locales": [TEXT],
    "tax": {"validate_location": ("auto", "deferred", "immediately")},
    "tax_exempt": Clearable(("exempt", "none", "reverse")),
}
FLOWS = ("customer_update", "payment_method_update", "subscription_cancel")


BALANCE = "/v1/customers/{}/balance_transactions"


def _fields(params: Thing) -> Thing:
    fields = unset(params)
    fields.pop("tax", None)  # where the payer is, the address alone says here
    if fields.get("email") and "@" not in fields["email"]:
        raise Malformed(f"Invalid email address: {fields['email']}", code="email_invalid", param="email")
    if fields.get("address"):
        fields["address"] = {**dict.fromkeys(ADDRESS), **unset(fields["address"])}
    if "tax_exempt" in fields:
        fields["tax_exempt"] = fields["tax_exempt"] or "none"
    return fields


def _settings(ledger: Ledger, customer: Thing, given: Thing) -> Thing:
    """`invoice_settings`, merged; the card must be the customer's own."""
    chosen = given.get("default_payment_method")
    if chosen and ledger.need("payment_method", chosen, param="invoice_settings")["customer"] != customer["id"]:
        message = f"The customer does not have a payment method with the ID {chosen}."
        raise Refused(message, code="resource_missing", param="invoice_settings[default_payment_method]")
    return {**customer["invoice_settings"], **unset(given)}


def create(ledger: Ledger, params: Thing, _: str) -> Thing:
    if "default_payment_method" in params.get("invoice_settings", {}):
        raise Refused("A new customer has no payment method.", param="invoice_settings[default_payment_method]")
    settings = unset(params.pop("invoice_settings", {}))
    made = ledger.put(objects.customer(identity("cus"), ledger.now(), _fields(params)))
    made["invoice_settings"].update(settings)
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
    fields = with_metadata(customer, _fields(params))
    if "invoice_settings" in fields:
        fields["invoice_settings"] = _settings(ledger, customer, fields["invoice_settings"])
    if "balance" in fields:
        former, currency = customer["balance"], customer["currency"] or "eur"
        collection.move_balance(ledger, customer, fields["balance"] - former, currency)
        customer["balance"] = former  # so that the change tells it
    change(ledger, "customer.updated", customer, **fields)
    return customer


def add_to_balance(ledger: Ledger, params: Thing, customer_id: str) -> Thing:
    customer = ledger.need("customer", customer_id)
    if customer["currency"] not in (None, params["currency"].lower()):
        raise Refused(f"The customer's currency is {customer['currency']}.", param="currency")
    made = collection.move_balance(
        ledger, customer, params["amount"], params["currency"].lower(), text=params.get("description")
    )
    if made is None:
        raise Malformed("Invalid non-zero integer", code="parameter_invalid_integer", param="amount")
    made["metadata"] = params.get("metadata", {})
    previous = {"balance": customer["balance"] - params["amount"]}
    ledger.announce("customer.updated", customer, previous)
    return made


def list_balance(ledger: Ledger, params: Thing, customer_id: str) -> Thing:
    ledger.need("customer", customer_id)
    kind, url = "customer_balance_transaction", BALANCE.format(customer_id)
    return ledger.page(kind, params, url, lambda one: bool(one["customer"] == customer_id))


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
        BALANCE.format(ID),
        add_to_balance,
        {"amount!": INT, "currency!": TEXT, "description": TEXT, "metadata": META},
    ),
    Route("GET", BALANCE.format(ID), list_balance, PAGED),
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
