"""What a change of a running subscription makes of its items, and what it costs or gives back; it bills nothing.

Amounts in minor units, moments in UTC seconds. As in Stripe's flexible billing, what is given back is a share of what
was billed for the item, and both shares are net of discounts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

from stripe_sandbox import collection, contracts, discounts, objects
from stripe_sandbox.faults import Malformed, Refused, Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.periods import lines_for, next_period_end

LONGEST_TRIAL = 2 * 365 * 24 * 60 * 60  # seconds; docs.stripe.com/api/subscriptions/update
SETTLED_FOR_NOTHING = ("uncollectible", "void")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an update asks for. `trial_end` is a moment or "now"; `at` is the moment from which shares are counted."""

    items: list[Thing]
    proration: str = "create_prorations"
    at: int = 0
    trial_end: int | str = ""
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """All items as they are to be, the lines to bill, and whether a new period begins, which is billed at once."""

    items: list[Thing]
    lines: list[Thing]
    restarts: bool
    fields: Thing = field(default_factory=dict)


def plan(ledger: Ledger, subscription: Thing, wish: Wish) -> Change:
    """Changes nothing. Raises Refused for items that cannot be had."""
    former = subscription["items"]["data"]
    items = _wanted(ledger, subscription, wish.items)
    if subscription["status"] == "paused":
        return Change(items, [], restarts=False)
    if wish.trial_end:
        return _with_trial(ledger, subscription, items, wish)
    if subscription["status"] == "trialing" and not wish.restarts:
        return Change(items, [], restarts=False)
    if wish.restarts or restarts(former, items):
        return _from_now(ledger, subscription, items, wish)
    lines = [] if wish.proration == "none" else _shares(ledger, subscription, items, _moment(ledger, former, wish.at))
    return Change(items, lines, restarts=False)


def apply(ledger: Ledger, subscription: Thing, change: Change) -> Thing:
    """Carries the change out without telling it; answers the former values of what differs."""
    former: Thing = {"items": {"data": copy.deepcopy(subscription["items"]["data"])}}
    former |= {name: subscription[name] for name, value in change.fields.items() if subscription[name] != value}
    known = {item["id"]: item for item in subscription["items"]["data"]}
    subscription["items"]["data"] = [_renewed(known.get(item["id"], {}), item) for item in change.items]
    subscription.update(change.fields)
    if change.fields.get("trial_end", 0) > ledger.now():
        ledger.private[subscription["id"]]["will_end_told"] = False
    return former


def _renewed(known: Thing, item: Thing) -> Thing:
    known.update(item)
    return known


def unused(ledger: Ledger, subscription: Thing, at: int) -> list[Thing]:
    """What every item gives back from a moment on."""
    return [line for item in subscription["items"]["data"] for line in _credit(ledger, item, at)]


def charged_rest(ledger: Ledger, subscription: Thing, at: int) -> list[Thing]:
    """What every item costs from a moment to the end of its period."""
    items = subscription["items"]["data"]
    return [_debit(ledger, subscription, item, items, at) for item in items]


def anew(ledger: Ledger, subscription: Thing) -> Change:
    """The same items in a new period from now on, with nothing given back."""
    items = copy.deepcopy(subscription["items"]["data"])
    change = _from_now(ledger, subscription, items, Wish([], "none"))
    trial = _trial_over(ledger.now()) if subscription["trial_end"] and subscription["trial_end"] > ledger.now() else {}
    return Change(change.items, change.lines, restarts=True, fields=change.fields | {**trial, "status": "active"})


def _wanted(ledger: Ledger, subscription: Thing, wishes: list[Thing]) -> list[Thing]:
    items = {item["id"]: copy.deepcopy(item) for item in subscription["items"]["data"]}
    for place, wish in enumerate(wishes):
        param = f"items[{place}]"
        if wish.get("id") and wish["id"] not in items:
            raise Refused(f"No such subscription item: '{wish['id']}'", code="resource_missing", param=f"{param}[id]")
        if wish.get("deleted"):
            items.pop(wish.get("id", ""), None)
        elif "id" in wish:
            _set(ledger, subscription, items[wish["id"]], wish, param)
        else:
            made = _new_item(ledger, subscription, wish, param)
            items[made["id"]] = made
    prices = [item["price"]["id"] for item in items.values()]
    if not items:
        message = "A subscription must have at least one active plan. To cancel a subscription, cancel it instead."
        raise Refused(message, param="items")
    if len(prices) != len(set(prices)):
        raise Refused("Cannot add multiple subscription items with the same price.", param="items")
    return list(items.values())


def _set(ledger: Ledger, subscription: Thing, item: Thing, wish: Thing, param: str) -> None:
    price = price_of(ledger, subscription, wish, param) if "price" in wish else item["price"]
    item.update(price=price, plan=objects.plan(price), quantity=_quantity(wish, item["quantity"], param))
    if "metadata" in wish:
        merged = {**item["metadata"], **wish["metadata"]} if wish["metadata"] else {}
        item["metadata"] = {name: value for name, value in merged.items() if value}


def _new_item(ledger: Ledger, subscription: Thing, wish: Thing, param: str) -> Thing:
    """It joins the period of the items with its interval, or begins one of its own."""
    if "price" not in wish:
        raise Malformed(f"Missing required param: {param}[price].", code="parameter_missing", param=f"{param}[price]")
    price, now = price_of(ledger, subscription, wish, param), ledger.now()
    alike = [item for item in subscription["items"]["data"] if _interval(item) == _interval({"price": price})]
    if alike or subscription["status"] == "trialing":
        like = (alike or subscription["items"]["data"])[0]
        period = {"start": like["current_period_start"], "end": like["current_period_end"]}
    else:
        period = {"start": now, "end": next_period_end(now, price["recurring"], now)}
    quantity = _quantity(wish, 1, param)
    made = contracts.subscription_item(identity("si"), now, subscription["id"], price, quantity, period)
    return {**made, "metadata": wish.get("metadata", {})}


def _quantity(wish: Thing, former: int, param: str) -> int:
    quantity = int(wish.get("quantity", former))
    if quantity < 1:
        raise Refused("Quantity must be positive", param=f"{param}[quantity]")
    return quantity


def price_of(ledger: Ledger, subscription: Thing, wish: Thing, param: str) -> Thing:
    price = ledger.need("price", wish["price"], param=f"{param}[price]")
    if not price["active"]:
        raise Refused(
            "The price specified is inactive. This field only accepts active prices.", param=f"{param}[price]"
        )
    if not price["recurring"] or price["currency"] != subscription["currency"]:
        raise Refused("The price must be recurring and in the subscription's currency.", param=f"{param}[price]")
    return price


def _interval(item: Thing) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def restarts(former: list[Thing], items: list[Thing]) -> bool:
    """Another interval, or from free to paid: the period begins anew (docs of the update call)."""
    intervals = {item["id"]: _interval(item) for item in former}
    if any(_interval(item) != intervals.get(item["id"], _interval(item)) for item in items):
        return True
    was_free = all(not item["price"]["unit_amount"] for item in former)
    return was_free and any(item["price"]["unit_amount"] for item in items)


def _moment(ledger: Ledger, items: list[Thing], at: int) -> int:
    if not at:
        return ledger.now()
    starts, ends = [[item[f"current_period_{edge}"] for item in items] for edge in ("start", "end")]
    if not min(starts) <= at <= max(ends):
        message = "Invalid `proration_date`: it must be within the current period of the subscription."
        raise Refused(message, param="proration_date")
    return at


def _from_now(ledger: Ledger, subscription: Thing, items: list[Thing], wish: Wish) -> Change:
    """A new period of all items begins now; what was paid for the former one is given back."""
    now = ledger.now()
    at = _moment(ledger, subscription["items"]["data"], wish.at)
    given_back = [] if wish.proration == "none" else unused(ledger, subscription, at)
    for item in items:
        item.update(current_period_start=now, current_period_end=next_period_end(now, item["price"]["recurring"], now))
    lines = [*given_back, *lines_for({"items": {"data": items}})]
    return Change(items, lines, restarts=True, fields={"billing_cycle_anchor": now})


def _with_trial(ledger: Ledger, subscription: Thing, items: list[Thing], wish: Wish) -> Change:
    now, is_trial = ledger.now(), subscription["status"] == "trialing"
    if wish.trial_end == "now":
        if not is_trial:
            return plan(ledger, subscription, Wish(wish.items, wish.proration, wish.at, restarts=wish.restarts))
        change = _from_now(ledger, subscription, items, Wish([], "none"))
        return Change(change.items, change.lines, restarts=True, fields=change.fields | _trial_over(now))
    end = int(wish.trial_end)
    if not now < end <= now + LONGEST_TRIAL:
        raise Refused("Invalid `trial_end`: it must be in the future, and at most two years ahead.", param="trial_end")
    given_back = [] if is_trial or wish.proration == "none" else unused(ledger, subscription, now)
    fields: Thing = {"trial_end": end, "billing_cycle_anchor": end}
    for item in items:
        item["current_period_end"] = end
        if not is_trial:
            item["current_period_start"] = now
    if is_trial:
        return Change(items, [], restarts=False, fields=fields)
    lines = [*given_back, *lines_for({"items": {"data": items}}, trial=True)]
    return Change(items, lines, restarts=True, fields=fields | {"status": "trialing", "trial_start": now})


def _trial_over(now: int) -> Thing:
    return {"status": "active", "trial_end": now}


def _shares(ledger: Ledger, subscription: Thing, items: list[Thing], at: int) -> list[Thing]:
    former = {item["id"]: item for item in subscription["items"]["data"]}
    kept = {item["id"] for item in items}
    lines = [line for item in former.values() if item["id"] not in kept for line in _credit(ledger, item, at)]
    for item in items:
        before = former.get(item["id"])
        if before is None:
            lines.append(_debit(ledger, subscription, item, items, max(at, item["current_period_start"])))
        elif (before["price"]["id"], before["quantity"]) != (item["price"]["id"], item["quantity"]):
            lines += [*_credit(ledger, before, at), _debit(ledger, subscription, item, items, at)]
    return lines


def share(amount: int, part: int, whole: int) -> int:
    """`amount` for a part of a period, to the nearest minor unit, halves up; exact, without floats."""
    return int((2 * amount * part + whole) // (2 * whole))


def _debit(ledger: Ledger, subscription: Thing, item: Thing, items: list[Thing], at: int) -> Thing:
    start, end = item["current_period_start"], item["current_period_end"]
    amount = share(_net_price(ledger, subscription, item, items), end - at, end - start)
    text = f"Remaining time on {item['quantity']} × subscription"
    return collection.line(item, text, {"start": at, "end": end}, amount=amount, proration=True)


def _credit(ledger: Ledger, item: Thing, at: int) -> list[Thing]:
    """What was last billed for the item, less what is used; nothing where nothing was to be paid."""
    billed, invoice = next(_billed(ledger, item), (None, None))
    if billed is None:
        return []
    period = billed["period"]
    left = max(0, period["end"] - max(at, period["start"]))
    amount = share(net(billed), left, period["end"] - period["start"]) if left else 0
    if not amount or (invoice and invoice["status"] in SETTLED_FOR_NOTHING):
        return []
    text = f"Unused time on {billed['quantity']} × subscription"
    made = collection.line(item, text, {"start": at, "end": period["end"]}, amount=-amount, proration=True)
    if invoice:
        credited = {"invoice": invoice["id"], "invoice_line_items": [billed["id"]]}
        made["parent"]["subscription_item_details"]["proration_details"] = {"credited_items": credited}
    return [made]


def _billed(ledger: Ledger, item: Thing) -> Iterator[tuple[Thing, Thing | None]]:
    """The charges for an item with their invoices, newest first; those that wait for an invoice have none yet."""
    for line in reversed(ledger.private[item["subscription"]]["pending_lines"]):
        if line["amount"] >= 0 and _item_of(line) == item["id"]:
            yield line, None
    for invoice in reversed(ledger.kind("invoice")):
        for line in reversed(invoice["lines"]["data"]):
            if line["amount"] >= 0 and _item_of(line) == item["id"]:
                yield line, invoice


def _item_of(line: Thing) -> str:
    details = (line["parent"] or {}).get("subscription_item_details")
    return str(details["subscription_item"]) if details else ""


def net(line: Thing) -> int:
    """What a line comes to after its discounts."""
    return int(line["amount"] - sum(one["amount"] for one in line["discount_amounts"]))


def _net_price(ledger: Ledger, subscription: Thing, item: Thing, items: list[Thing]) -> int:
    """A whole period of an item, less the discounts that go on; one that counts once is left to a whole invoice."""
    lasting = [
        one for one in discounts.of(ledger, subscription) if ledger.get(one["source"]["coupon"])["duration"] != "once"
    ]
    lines = {each["id"]: collection.line(each, "", {"start": 0, "end": 0}) for each in items}
    discounts.apply(ledger, list(lines.values()), lasting)
    return net(lines[item["id"]])
