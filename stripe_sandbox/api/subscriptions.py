"""Subscriptions: found, changed, cancelled, resumed."""

from __future__ import annotations

from stripe_sandbox import billing, changes, discounts, proration, schedules
from stripe_sandbox.api.catalogue import with_metadata
from stripe_sandbox.api.route import ID, PAGED, Route, retrieve
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Malformed, Refused, Thing, missing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import BOOL, INT, META, TEXT, Clearable, Spec
from stripe_sandbox.periods import next_end, period_end

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
ITEM: dict[str, Spec] = {"deleted": BOOL, "id": TEXT, "metadata": META, "price": TEXT, "quantity": INT}
CHANGE: dict[str, Spec] = {  # what a preview takes as well
    "billing_cycle_anchor": {"type!": ("now", "unchanged")},
    "cancel_at": Clearable(TEXT),
    "cancel_at_period_end": BOOL,
    "items": [ITEM],
    "proration_behavior": PRORATIONS,
    "proration_date": INT,
    "trial_end": TEXT,
}
BEHAVIOURS = ("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
DISCOUNTS = Clearable([{"coupon": TEXT, "promotion_code": TEXT}])
UPDATE: dict[str, Spec] = {
    **CHANGE,
    "cancellation_details": DETAILS,
    "default_payment_method": TEXT,
    "discounts": DISCOUNTS,
    "metadata": META,
    "off_session": BOOL,
    "pause_collection": Clearable({"behavior!": ("keep_as_draft", "mark_uncollectible", "void"), "resumes_at": INT}),
    "payment_behavior": BEHAVIOURS,
}
# docs.stripe.com/billing/subscriptions/pending-updates-reference
WITH_PENDING = {
    "billing_cycle_anchor",
    "items",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "trial_end",
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
    _check_update(subscription, params)
    wish = _wish(ledger, params)
    if wish.items or wish.trial_end or wish.restarts:
        proration.plan(ledger, subscription, wish)  # refuses before anything is changed
    fields = with_metadata(subscription, {name: params[name] for name in ("metadata",) if name in params})
    fields |= _cancellation(ledger, subscription, params)
    if "pause_collection" in params:
        pause = params["pause_collection"]
        fields["pause_collection"] = {"resumes_at": None, **pause} if pause else None
    if "default_payment_method" in params:
        fields["default_payment_method"] = _method(ledger, subscription, params["default_payment_method"])
    if "discounts" in params:
        before = subscription["discounts"]
        discounts.replace(ledger, subscription, params["discounts"])
        fields["discounts"], subscription["discounts"] = subscription["discounts"], before
    change(ledger, billing.UPDATED, subscription, **fields)
    if wish.items or wish.trial_end or wish.restarts:
        changes.update_items(ledger, subscription, wish, params.get("payment_behavior", "allow_incomplete"))
    return subscription


def _check_update(subscription: Thing, params: Thing) -> None:
    if subscription["status"] in billing.ENDED and set(params) - AFTER_THE_END:
        raise Refused("A canceled subscription can only update its cancellation_details and metadata.")
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise Malformed("You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
    if {"cancel_at", "cancel_at_period_end"} & set(params):
        schedules.refuse_managed(subscription, "any cancelation behavior")
    for name in ("items", "trial_end", "billing_cycle_anchor"):
        if name in params:
            schedules.refuse_managed(subscription, f"`{name}`")
    unsupported = sorted(set(params) - WITH_PENDING)
    if params.get("payment_behavior") == "pending_if_incomplete" and unsupported:
        message = f"The following parameters are not supported with pending updates: {', '.join(unsupported)}."
        raise Refused(message, param=unsupported[0])


def _wish(ledger: Ledger, params: Thing) -> proration.Wish:
    trial_end = params.get("trial_end", "")
    if trial_end not in ("", "now") and not trial_end.isdigit():
        raise Malformed(f"Invalid timestamp: {trial_end}", param="trial_end")
    return proration.Wish(
        params.get("items", []),
        params.get("proration_behavior", "create_prorations"),
        params.get("proration_date", 0),
        int(trial_end) if trial_end.isdigit() else trial_end,
        restarts=params.get("billing_cycle_anchor", {}).get("type") == "now",
    )


def _method(ledger: Ledger, subscription: Thing, method_id: str) -> str:
    method = ledger.need("payment_method", method_id, param="default_payment_method")
    if method["customer"] != subscription["customer"]:
        raise Refused(
            f"The customer does not have a payment method with the ID {method_id}.",
            code="resource_missing",
            param="default_payment_method",
        )
    return str(method["id"])


def _cancellation(ledger: Ledger, subscription: Thing, params: Thing) -> Thing:
    """The fields of a cancellation that is asked for, or taken back."""
    details = {**subscription["cancellation_details"], **_details(params)}
    moment = _moment(subscription, params.get("cancel_at"))
    if moment and int(moment) <= ledger.now():
        raise Refused("The `cancel_at` timestamp must be in the future.", param="cancel_at")
    if moment or params.get("cancel_at_period_end"):
        return {
            "cancel_at": int(moment) if moment else period_end(subscription),
            "cancel_at_period_end": not moment,
            "canceled_at": ledger.now(),
            "cancellation_details": {**details, "reason": "cancellation_requested"},
        }
    if moment == "" or "cancel_at_period_end" in params:
        details["reason"] = None
        return {**billing.KEPT, "cancellation_details": details}
    return {"cancellation_details": details}


def _moment(subscription: Thing, given: str | None) -> int | str | None:
    """`cancel_at` as a moment; "" takes it back, None leaves it."""
    if not given:
        return given
    if given in ("max_period_end", "min_period_end"):
        return period_end(subscription) if given == "max_period_end" else next_end(subscription)
    if not given.isdigit():
        raise Malformed(f"Invalid timestamp: {given}", param="cancel_at")
    return int(given)


def _details(params: Thing) -> Thing:
    return {name: value or None for name, value in params.get("cancellation_details", {}).items()}


def cancel(ledger: Ledger, params: Thing, subscription_id: str) -> Thing:
    subscription = ledger.need(KIND, subscription_id)
    if subscription["status"] in billing.ENDED:
        raise missing(KIND, subscription_id)
    schedules.refuse_managed(subscription, "any cancelation behavior")
    subscription["cancellation_details"].update(_details(params))
    prorate, invoice_now = params.get("prorate", False), params.get("invoice_now", False)
    changes.cancel_now(ledger, subscription, prorate=prorate, invoice_now=invoice_now)
    return subscription


def pause(ledger: Ledger, params: Thing, subscription_id: str) -> Thing:
    subscription = ledger.need(KIND, subscription_id)
    schedules.refuse_managed(subscription, "the status")
    unused_from = params.get("bill_for", {}).get("unused_time_from", {}).get("type", "now")
    is_billed = params.get("invoicing_behavior") == "invoice"
    changes.pause(ledger, subscription, unused_from=unused_from, is_billed=is_billed)
    return subscription


def resume(ledger: Ledger, params: Thing, subscription_id: str) -> Thing:
    subscription = ledger.need(KIND, subscription_id)
    if subscription["status"] != "paused":
        message = f"This subscription cannot be resumed as it is not paused; it is {subscription['status']}."
        raise Refused(message)
    anchor = params.get("billing_cycle_anchor", {"type": "now"})
    wish = _wish(ledger, {**params, "billing_cycle_anchor": anchor})
    waits = params.get("payment_behavior") == "resume_on_payment_success"
    changes.resume(ledger, subscription, wish, waits=waits)
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
        {
            "billing_cycle_anchor": {"type!": ("now", "unchanged")},
            "payment_behavior": ("resume_on_payment_attempt", "resume_on_payment_success"),
            "proration_behavior": PRORATIONS,
            "proration_date": INT,
        },
    ),
    Route(
        "POST",
        f"/v1/subscriptions/{ID}/pause",
        pause,
        {
            "bill_for": {
                "outstanding_usage_through": {"type!": ("none", "now")},
                "unused_time_from": {"type!": ("item_current_period_start", "none", "now")},
            },
            "invoicing_behavior": ("invoice", "pending_invoice_item"),
            "type": ("subscription",),
        },
    ),
)
