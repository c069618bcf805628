"""Subscriptions: found, changed, cancelled, resumed."""

from __future__ import annotations

from stripe_sandbox import billing, changes
from stripe_sandbox.api.catalogue import with_metadata
from stripe_sandbox.api.route import ID, PAGED, Route, retrieve
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Malformed, Refused, Thing, missing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import BOOL, INT, META, TEXT, Clearable, Spec
from stripe_sandbox.periods import period_end

KIND = "subscription"
STATUSES = (
    *("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "paused", "trialing"),
    "unpaid",
)
FEEDBACK = (
    *("customer_service", "low_quality", "missing_features", "other", "switched_service", "too_complex"),
    *("too_expensive", "unused"),
)
DETAILS: dict[str, Spec] = {"comment": Clearable(TEXT), "feedback": Clearable(FEEDBACK)}
PRORATIONS = ("always_invoice", "create_prorations", "none")
UPDATE: dict[str, Spec] = {
    "cancel_at": Clearable(INT),
    "cancel_at_period_end": BOOL,
    "cancellation_details": DETAILS,
    "items": [{"id!": TEXT, "price": TEXT, "quantity": INT}],
    "metadata": META,
    "pause_collection": Clearable({"behavior!": ("keep_as_draft", "mark_uncollectible", "void"), "resumes_at": INT}),
    "proration_behavior": PRORATIONS,
}
AFTER_THE_END = {"cancellation_details", "metadata"}


def list_subscriptions(ledger: Ledger, params: Thing, _: str) -> Thing:
    wanted = params.get("status")

    def matches(one: Thing) -> bool:
        if one["customer"] != params.get("customer", one["customer"]):
            return False
        if "price" in params and all(item["price"]["id"] != params["price"] for item in one["items"]["data"]):
            return False
        match wanted:
            case "all":
                return True
            case None:
                return bool(one["status"] != "canceled")
            case "ended":
                return one["status"] in billing.ENDED
        return bool(one["status"] == wanted)

    return ledger.page(KIND, params, "/v1/subscriptions", matches)


def update(ledger: Ledger, params: Thing, subscription_id: str) -> Thing:
    subscription = ledger.need(KIND, subscription_id)
    if subscription["status"] in billing.ENDED and set(params) - AFTER_THE_END:
        raise Refused("A canceled subscription can only update its cancellation_details and metadata.")
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise Malformed("You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
    items, proration = params.pop("items", []), params.pop("proration_behavior", "create_prorations")
    fields = with_metadata(subscription, {name: params[name] for name in ("metadata",) if name in params})
    fields |= _cancellation(ledger, subscription, params)
    if "pause_collection" in params:
        pause = params["pause_collection"]
        fields["pause_collection"] = {"resumes_at": None, **pause} if pause else None
    change(ledger, billing.UPDATED, subscription, **fields)
    if items:
        changes.change_items(ledger, subscription, items, proration)
    return subscription


def _cancellation(ledger: Ledger, subscription: Thing, params: Thing) -> Thing:
    """The fields of a cancellation that is asked for, or taken back."""
    details = {**subscription["cancellation_details"], **_details(params)}
    moment = params.get("cancel_at")
    if moment and moment <= ledger.now():
        raise Refused("The `cancel_at` timestamp must be in the future.", param="cancel_at")
    if moment or params.get("cancel_at_period_end"):
        return {
            "cancel_at": moment or period_end(subscription),
            "cancel_at_period_end": not moment,
            "canceled_at": ledger.now(),
            "cancellation_details": {**details, "reason": "cancellation_requested"},
        }
    if moment == "" or "cancel_at_period_end" in params:
        details["reason"] = None
        return {**billing.KEPT, "cancellation_details": details}
    return {"cancellation_details": details}


def _details(params: Thing) -> Thing:
    return {name: value or None for name, value in params.get("cancellation_details", {}).items()}


def cancel(ledger: Ledger, params: Thing, subscription_id: str) -> Thing:
    subscription = ledger.need(KIND, subscription_id)
    if subscription["status"] in billing.ENDED:
        raise missing(KIND, subscription_id)
    subscription["cancellation_details"].update(_details(params))
    if params.get("prorate"):
        changes.credit_the_rest(ledger, subscription)
    if params.get("invoice_now"):
        changes.invoice_pending(ledger, subscription)
    billing.end_now(ledger, subscription, "cancellation_requested")
    return subscription


def resume(ledger: Ledger, params: Thing, subscription_id: str) -> Thing:
    subscription = ledger.need(KIND, subscription_id)
    if subscription["status"] != "paused":
        message = f"This subscription cannot be resumed as it is not paused; it is {subscription['status']}."
        raise Refused(message)
    changes.resume(ledger, subscription, restarts=params.get("billing_cycle_anchor", {}).get("type") != "unchanged")
    return subscription


ROUTES = (
    retrieve(KIND, "/v1/subscriptions"),
    Route(
        "GET",
        "/v1/subscriptions",
        list_subscriptions,
        {**PAGED, "customer": TEXT, "price": TEXT, "status": STATUSES},
    ),
    Route("POST", f"/v1/subscriptions/{ID}", update, UPDATE),
    Route(
        "DELETE",
        f"/v1/subscriptions/{ID}",
        cancel,
        {"cancellation_details": DETAILS, "invoice_now": BOOL, "prorate": BOOL},
    ),
    Route(
        "POST",
        f"/v1/subscriptions/{ID}/resume",
        resume,
        {"billing_cycle_anchor": {"type!": ("now", "unchanged")}, "proration_behavior": PRORATIONS},
    ),
)
