"""Previews of invoices, and what a site may do with one that is open."""

from __future__ import annotations

from stripe_sandbox import billing, cards, changes, hosted, previews, settling
from stripe_sandbox.api import subscriptions
from stripe_sandbox.api.route import ID, Route
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import BOOL, TEXT, Spec

PREVIEW: dict[str, Spec] = {
    "customer": TEXT,
    "discounts": subscriptions.DISCOUNTS,
    "preview_mode": ("next", "recurring"),
    "schedule": TEXT,
    "subscription": TEXT,
    "subscription_details": {
        **subscriptions.CHANGE,
        "cancel_now": BOOL,
        "resume_at": ("now",),
    },
}


def create_preview(ledger: Ledger, params: Thing, _: str) -> Thing:
    """What the update of the same parameters would bill first: at once, or with the next renewal."""
    subscription = _subscription(ledger, params)
    details = dict(params.get("subscription_details", {}))
    cancels, resumes = details.pop("cancel_now", False), details.pop("resume_at", "")
    if params.get("preview_mode") == "recurring":
        raise Refused("The stand-in previews the next invoice alone.", param="preview_mode")
    if subscription["status"] in billing.ENDED:
        message = f"No upcoming invoices for customer: {subscription['customer']}"
        raise Refused(message, status=404, code="invoice_upcoming_none")
    if "discounts" in params:
        details["discounts"] = params["discounts"]

    def act(copied: Ledger) -> None:
        own = copied.get(subscription["id"])
        if cancels:
            prorates = details.get("proration_behavior", "create_prorations") != "none"
            changes.cancel_now(copied, own, prorate=prorates, invoice_now=True)
        elif resumes:
            subscriptions.resume(copied, {}, own["id"])
        elif details:
            subscriptions.update(copied, details, own["id"])

    return previews.preview(ledger, subscription, act)


def _subscription(ledger: Ledger, params: Thing) -> Thing:
    if "schedule" in params:
        schedule = ledger.need("subscription_schedule", params["schedule"], param="schedule")
        if schedule["subscription"]:
            return ledger.get(schedule["subscription"])
    if "subscription" in params:
        found = ledger.need("subscription", params["subscription"], param="subscription")
        if found["customer"] != params.get("customer", found["customer"]):
            raise Refused("The subscription does not belong to the customer.", param="subscription")
        return found
    if "customer" not in params:
        raise Refused("You must provide one of: customer, subscription, schedule.")
    customer = ledger.need("customer", params["customer"], param="customer")
    for one in ledger.kind("subscription"):
        if one["customer"] == customer["id"] and one["status"] not in billing.ENDED:
            return one
    message = f"No upcoming invoices for customer: {customer['id']}"
    raise Refused(message, status=404, code="invoice_upcoming_none")


def pay(ledger: Ledger, params: Thing, invoice_id: str) -> Thing:
    """Tries the given method, or the one that a renewal is charged to."""
    invoice = ledger.need("invoice", invoice_id)
    if "payment_method" in params:
        method = ledger.need("payment_method", params["payment_method"], param="payment_method")
    else:
        found = cards.for_invoice(ledger, invoice)
        if found is None:
            raise Refused("There is no default payment method for this invoice.", code="resource_missing")
        method = found[0]
    outcome = settling.pay(ledger, invoice, method, is_present=not params.get("off_session", True))
    if outcome == "needs_3ds":
        message = "This payment requires additional user action before it can be completed."
        raise Refused(message, status=402, kind="card_error", code="invoice_payment_intent_requires_action")
    if outcome == "declined":
        raise Refused(cards.DECLINED["message"], status=402, kind="card_error", code="card_declined")
    hosted.paid(ledger, invoice)
    return invoice


def void(ledger: Ledger, params: Thing, invoice_id: str) -> Thing:
    invoice = ledger.need("invoice", invoice_id)
    if invoice["status"] not in ("open", "uncollectible"):
        raise Refused("You can only pass in open or uncollectible invoices. This invoice isn't open.")
    settling.void(ledger, invoice)
    return invoice


ROUTES = (
    Route("POST", "/v1/invoices/create_preview", create_preview, PREVIEW),
    Route("POST", f"/v1/invoices/{ID}/pay", pay, {"off_session": BOOL, "payment_method": TEXT}),
    Route("POST", f"/v1/invoices/{ID}/void", void),
)
