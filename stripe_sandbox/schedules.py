"""Subscription schedules: their full current shape, and how they let go of their subscription. They bill nothing."""

from __future__ import annotations

from stripe_sandbox.collection import change
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.objects import empty
from stripe_sandbox.periods import next_end

UPDATED = "customer.subscription.updated"
OPEN = ("active", "not_started")
NULL_PHASE_FIELDS = (
    "application_fee_percent automatic_tax billing_cycle_anchor billing_thresholds collection_method "
    "default_payment_method description invoice_settings on_behalf_of transfer_data trial trial_end"
)
NULL_DEFAULTS = (
    "application_fee_percent billing_thresholds default_payment_method description on_behalf_of transfer_data"
)


def schedule(identity: str, now: int, subscription: Thing) -> Thing:
    """A schedule of one phase: the period in which the subscription is."""
    items = [phase_item(item["price"]["id"], item["quantity"], item["metadata"]) for item in _items(subscription)]
    start = min(item["current_period_start"] for item in _items(subscription))
    only = phase(items, start, next_end(subscription), subscription["currency"], metadata=subscription["metadata"])
    only["discounts"] = [{"coupon": None, "discount": one, "promotion_code": None} for one in subscription["discounts"]]
    only["trial_end"] = subscription["trial_end"] if subscription["status"] == "trialing" else None
    return {
        **empty("application canceled_at completed_at released_at released_subscription test_clock"),
        "id": identity,
        "object": "subscription_schedule",
        "billing_mode": dict(subscription["billing_mode"]),
        "created": now,
        "current_phase": {"end_date": only["end_date"], "start_date": only["start_date"]},
        "customer": subscription["customer"],
        "default_settings": {
            **empty(NULL_DEFAULTS),
            "automatic_tax": {"disabled_reason": None, "liability": None, **subscription["automatic_tax"]},
            "billing_cycle_anchor": "automatic",
            "collection_method": "charge_automatically",
            "invoice_settings": {
                **empty("account_tax_ids custom_fields days_until_due description footer"),
                "issuer": {"type": "self"},
            },
        },
        "end_behavior": "cancel" if subscription["cancel_at"] else "release",
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": [only],
        "status": "active",
        "subscription": subscription["id"],
    }


def _items(subscription: Thing) -> list[Thing]:
    return list(subscription["items"]["data"])


def phase_item(price: str, quantity: int, metadata: Thing) -> Thing:
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": dict(metadata),
        "plan": price,
        "price": price,
        "quantity": quantity,
        "tax_rates": [],
    }


def phase(items: list[Thing], start: int, end: int, currency: str, *, metadata: Thing) -> Thing:
    return {
        **empty(NULL_PHASE_FIELDS),
        "add_invoice_items": [],
        "currency": currency,
        "default_tax_rates": [],
        "discounts": [],
        "end_date": end,
        "items": items,
        "metadata": dict(metadata),
        "proration_behavior": "create_prorations",
        "start_date": start,
    }


def check_open(found: Thing, verb: str) -> None:
    if found["status"] not in OPEN:
        message = (
            f"You cannot {verb} a subscription schedule that is currently in the `{found['status']}` status. "
            "It must be in the `active` or `not_started` status."
        )
        raise Refused(message)


def refuse_managed(subscription: Thing, what: str) -> None:
    """Raises Refused, in Stripe's words, while a schedule decides about the subscription."""
    if subscription["schedule"]:
        message = (
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating "
            f"{what} directly is not allowed. Please update the schedule instead."
        )
        raise Refused(message)


def release(ledger: Ledger, found: Thing) -> None:
    """The subscription goes on as it is, by itself."""
    former, found["released_subscription"] = found["subscription"], found["subscription"]
    _close(ledger, found, "released")
    ledger.announce("subscription_schedule.released", found)
    change(ledger, UPDATED, ledger.get(former), schedule=None)


def complete(ledger: Ledger, found: Thing) -> None:
    """Its last phase is over, and so is its subscription."""
    ledger.get(found["subscription"])["schedule"] = None
    _close(ledger, found, "completed")
    ledger.announce("subscription_schedule.completed", found)


def abandon(ledger: Ledger, subscription: Thing, *, is_delinquent: bool) -> None:
    """Its subscription ends before it does."""
    if subscription["schedule"]:
        found = ledger.get(subscription["schedule"])
        subscription["schedule"] = None
        _close(ledger, found, "canceled")
        ledger.announce(f"subscription_schedule.{'aborted' if is_delinquent else 'canceled'}", found)


def _close(ledger: Ledger, found: Thing, status: str) -> None:
    found.update(status=status, current_phase=None)
    found[f"{status}_at"] = ledger.now()
    if status != "canceled":
        found["subscription"] = None
