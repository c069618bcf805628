"""How a schedule moves on to its next phase, or ends after the last one."""

from __future__ import annotations

from stripe_sandbox import billing, changes, discounts, objects, proration, schedules
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import next_end


def move_on(ledger: Ledger, schedule: Thing) -> None:
    ended, subscription = schedule["current_phase"], ledger.get(schedule["subscription"])
    following = next((one for one in schedule["phases"] if one["start_date"] == ended["end_date"]), None)
    if following:
        schedule["current_phase"] = {"end_date": following["end_date"], "start_date": following["start_date"]}
        ledger.announce("subscription_schedule.updated", schedule, {"current_phase": ended})
        enter(ledger, subscription, following)
    elif schedule["end_behavior"] == "cancel":
        schedules.complete(ledger, schedule)
        billing.end_now(ledger, subscription, "cancellation_requested")
    else:
        schedules.release(ledger, schedule)


def enter(ledger: Ledger, subscription: Thing, phase: Thing) -> None:
    """At the end of a period the renewal that follows bills the new items; in its midst they are prorated."""
    subscription["metadata"] = {**subscription["metadata"], **phase["metadata"]}
    _set_discounts(ledger, subscription, phase["discounts"])
    wish = proration.Wish(wishes(subscription, phase), phase["proration_behavior"])
    if next_end(subscription) != ledger.now():
        changes.update_items(ledger, subscription, wish, "allow_incomplete")
        return
    planned = proration.plan(ledger, subscription, proration.Wish(wish.items, "none", restarts=True))
    for item in planned.items:
        item["current_period_end"] = ledger.now()  # which the renewal takes from here
    fields = planned.fields if proration.restarts(subscription["items"]["data"], planned.items) else {}
    former = proration.apply(ledger, subscription, proration.Change(planned.items, [], restarts=False, fields=fields))
    ledger.announce(billing.UPDATED, subscription, former)


def wishes(subscription: Thing, phase: Thing) -> list[Thing]:
    """The phase's items as an update: the same price keeps its item, and other items change their price in turn."""
    free = {item["price"]["id"]: item["id"] for item in subscription["items"]["data"]}
    kept = {one["price"]: free.pop(one["price"]) for one in phase["items"] if one["price"] in free}
    spare = list(free.values())
    asked = []
    for one in phase["items"]:
        wish: Thing = {"quantity": one["quantity"], "metadata": one["metadata"]}
        if one["price"] in kept:
            wish["id"] = kept[one["price"]]
        else:
            wish["price"] = one["price"]
            if spare:
                wish["id"] = spare.pop(0)
        asked.append(wish)
    return [*asked, *({"id": item_id, "deleted": True} for item_id in spare)]


def _set_discounts(ledger: Ledger, subscription: Thing, given: list[Thing]) -> None:
    """A phase has its own discounts; those of the subscription that it does not name end with the phase before."""
    named = [one["discount"] for one in given if one["discount"]]
    for one in [ledger.get(each) for each in subscription["discounts"] if each not in named]:
        discounts.end(ledger, subscription, one)
    where: Thing = {"customer": subscription["customer"], "subscription": subscription["id"]}
    for one in given:
        if not one["discount"]:
            fresh = objects.empty("coupon promotion_code") | one
            chosen = {name: fresh[name] for name in ("coupon", "promotion_code") if fresh[name]}
            coupon, code = discounts.find(ledger, chosen, "discounts[0]")
            subscription["discounts"].append(discounts.begin(ledger, coupon, code, **where)["id"])
