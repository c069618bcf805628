"""Subscription schedules: made from a running subscription, given phases, released, cancelled."""

from __future__ import annotations

from stripe_sandbox import billing, changes, phases, proration, schedules
from stripe_sandbox.api.catalogue import with_metadata
from stripe_sandbox.api.route import ID, PAGED, Route, retrieve
from stripe_sandbox.api.subscriptions import PRORATIONS
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Malformed, Refused, Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.params import BOOL, INT, META, RANGE, TEXT, Clearable, Spec, within
from stripe_sandbox.periods import next_period_end

KIND, PATH = "subscription_schedule", "/v1/subscription_schedules"
MOMENTS = ("canceled_at", "completed_at", "released_at")
DISCOUNT: dict[str, Spec] = {"coupon": TEXT, "discount": TEXT, "promotion_code": TEXT}
PHASE: dict[str, Spec] = {
    "discounts": Clearable([DISCOUNT]),
    "duration": {"interval!": ("day", "month", "week", "year"), "interval_count": INT},
    "end_date": TEXT,
    "items!": [{"metadata": META, "price!": TEXT, "quantity": INT}],
    "metadata": META,
    "proration_behavior": PRORATIONS,
    "start_date": TEXT,
}


def create(ledger: Ledger, params: Thing, _: str) -> Thing:
    """From a subscription alone; everything else is set by a second call, as Stripe asks for."""
    subscription = ledger.need("subscription", params["from_subscription"], param="from_subscription")
    if subscription["schedule"]:
        message = (
            f"You cannot migrate a subscription that is already attached to a schedule: {subscription['schedule']}."
        )
        raise Refused(message, param="from_subscription")
    if subscription["status"] in (*billing.ENDED, "paused"):
        message = f"You cannot migrate a subscription that is in the `{subscription['status']}` status."
        raise Refused(message, param="from_subscription")
    made = ledger.put(schedules.schedule(identity("sub_sched"), ledger.now(), subscription))
    ledger.announce("subscription_schedule.created", made)
    change(ledger, billing.UPDATED, subscription, schedule=made["id"])
    return made


def update(ledger: Ledger, params: Thing, schedule_id: str) -> Thing:
    schedule = ledger.need(KIND, schedule_id)
    schedules.check_open(schedule, "update")
    fields = with_metadata(schedule, {name: params[name] for name in ("metadata",) if name in params})
    if "end_behavior" in params:
        fields["end_behavior"] = params["end_behavior"]
    subscription, current = ledger.get(schedule["subscription"]), schedule["current_phase"]
    if "phases" in params:
        made = _phases(ledger, schedule, subscription, params["phases"])
        past = [one for one in schedule["phases"] if one["end_date"] <= current["start_date"]]
        fields["phases"] = [*past, *made]
        fields["current_phase"] = {"end_date": made[0]["end_date"], "start_date": made[0]["start_date"]}
        _apply_now(ledger, subscription, made[0], params.get("proration_behavior", "create_prorations"))
    change(ledger, "subscription_schedule.updated", schedule, **fields)
    return schedule


def _apply_now(ledger: Ledger, subscription: Thing, phase: Thing, behaviour: str) -> None:
    """The current phase may be given other items, which the subscription has from now on."""
    had = [(item["price"]["id"], item["quantity"]) for item in subscription["items"]["data"]]
    if sorted((one["price"], one["quantity"]) for one in phase["items"]) != sorted(had):
        wish = proration.Wish(phases.wishes(subscription, phase), behaviour)
        changes.update_items(ledger, subscription, wish, "allow_incomplete")


def _phases(ledger: Ledger, schedule: Thing, subscription: Thing, given: list[Thing]) -> list[Thing]:
    """The current phase and those that follow, each where the one before it ends; past ones may be left out."""
    start = schedule["current_phase"]["start_date"]
    known = {str(one["start_date"]) for one in schedule["phases"] if one["start_date"] < start}
    given = [one for one in given if one.get("start_date") not in known]
    if not given or given[0].get("start_date") != str(start):
        message = "You must pass the current phase, with the `start_date` that it has, before the phases that follow."
        raise Refused(message, param="phases[0][start_date]")
    made: list[Thing] = []
    for place, one in enumerate(given):
        begins = _timestamp(ledger, one.get("start_date", str(start)), f"phases[{place}][start_date]")
        if begins != start:
            message = "The start_date of a phase must be the end_date of the phase before it."
            raise Refused(message, param=f"phases[{place}][start_date]")
        made.append(_phase(ledger, subscription, one, start, f"phases[{place}]"))
        start = made[-1]["end_date"]
    if made[0]["end_date"] < ledger.now():
        raise Refused("The end_date of the current phase must not be in the past.", param="phases[0][end_date]")
    return made


def _phase(ledger: Ledger, subscription: Thing, given: Thing, start: int, param: str) -> Thing:
    if not given["items"]:
        raise Malformed("Invalid array: a phase has at least one item.", param=f"{param}[items]")
    prices = [
        proration.price_of(ledger, subscription, item, f"{param}[items][{place}]")
        for place, item in enumerate(given["items"])
    ]
    end = _end(ledger, given, start, prices[0]["recurring"], param)
    items = [
        schedules.phase_item(item["price"], item.get("quantity", 1), item.get("metadata", {}))
        for item in given["items"]
    ]
    made = schedules.phase(items, start, end, subscription["currency"], metadata=given.get("metadata", {}))
    made["discounts"] = [{**dict.fromkeys(DISCOUNT), **one} for one in given.get("discounts") or []]
    made["proration_behavior"] = given.get("proration_behavior", "create_prorations")
    return made


def _end(ledger: Ledger, given: Thing, start: int, recurring: Thing, param: str) -> int:
    """As asked for, or after one period of the price."""
    if "end_date" in given and "duration" in given:
        raise Malformed("You may only specify one of these parameters: end_date, duration.", param=param)
    if "end_date" in given:
        end = _timestamp(ledger, given["end_date"], f"{param}[end_date]")
    else:
        duration: Thing = {"interval_count": 1, **given.get("duration", recurring)}
        end = next_period_end(start, duration, start)
    if end <= start:
        raise Refused("The end_date of a phase must be after its start_date.", param=f"{param}[end_date]")
    return end


def _timestamp(ledger: Ledger, given: str, param: str) -> int:
    if given == "now":
        return ledger.now()
    if not given.isdigit():
        raise Malformed(f"Invalid timestamp: {given}", param=param)
    return int(given)


def release(ledger: Ledger, params: Thing, schedule_id: str) -> Thing:
    schedule = ledger.need(KIND, schedule_id)
    schedules.check_open(schedule, "release")
    schedules.release(ledger, schedule)
    return schedule


def cancel(ledger: Ledger, params: Thing, schedule_id: str) -> Thing:
    """Ends its subscription too, at once."""
    schedule = ledger.need(KIND, schedule_id)
    schedules.check_open(schedule, "cancel")
    prorate, invoice_now = params.get("prorate", True), params.get("invoice_now", True)
    changes.cancel_now(ledger, ledger.get(schedule["subscription"]), prorate=prorate, invoice_now=invoice_now)
    return schedule


def list_schedules(ledger: Ledger, params: Thing, _: str) -> Thing:
    def matches(one: Thing) -> bool:
        if one["customer"] != params.get("customer", one["customer"]):
            return False
        if "scheduled" in params and params["scheduled"] != (one["status"] == "not_started"):
            return False
        return all(one[name] is not None and within(one[name], params[name]) for name in MOMENTS if name in params)

    return ledger.page(KIND, params, PATH, matches)


ROUTES = (
    Route("POST", PATH, create, {"from_subscription!": TEXT}),
    retrieve(KIND, PATH),
    Route("GET", PATH, list_schedules, {**PAGED, "customer": TEXT, "scheduled": BOOL, **dict.fromkeys(MOMENTS, RANGE)}),
    Route(
        "POST",
        f"{PATH}/{ID}",
        update,
        {
            "end_behavior": ("cancel", "release"),
            "metadata": META,
            "phases": [PHASE],
            "proration_behavior": PRORATIONS,
        },
    ),
    Route("POST", f"{PATH}/{ID}/release", release, {"preserve_cancel_date": BOOL}),
    Route("POST", f"{PATH}/{ID}/cancel", cancel, {"invoice_now": BOOL, "prorate": BOOL}),
)
