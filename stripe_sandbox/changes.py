"""A running subscription gets other items, or runs on after a pause; and what the change costs or gives back.

Amounts in minor units; the unused share of a period is counted by the second, as Stripe does.
"""

from __future__ import annotations

import copy

from stripe_sandbox import billing, collection, objects
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.periods import lines_for, next_period_end


def _share(ledger: Ledger, item: Thing, sign: int, text: str) -> Thing:
    """A line for what is left of the item's period, charged (+1) or given back (-1)."""
    start, end, now = item["current_period_start"], item["current_period_end"], ledger.now()
    full = item["price"]["unit_amount"] * item["quantity"]
    amount = sign * round(full * (end - now) / (end - start))
    return collection.line(item, text, {"start": now, "end": end}, amount=amount, proration=True)


def change_items(ledger: Ledger, subscription: Thing, given: list[Thing], proration: str) -> None:
    """Another price of the same interval keeps the period; another interval begins a new one now, and is billed."""
    items = {item["id"]: item for item in subscription["items"]["data"]}
    former: Thing = {"items": {"data": copy.deepcopy(subscription["items"]["data"])}}
    prices = [_new_price(ledger, subscription, items, wish) for wish in given]
    shares, restarts = [], False
    for wish, price in zip(given, prices, strict=True):
        item = items[wish["id"]]
        shares.append(_share(ledger, item, -1, "Unused time"))
        restarts = restarts or price["recurring"] != item["price"]["recurring"]
        item.update(price=price, plan=objects.plan(price), quantity=wish.get("quantity", item["quantity"]))
        if not restarts:
            shares.append(_share(ledger, item, 1, "Remaining time"))
    is_trial = subscription["status"] == "trialing"
    if proration != "none" and not is_trial:
        ledger.private[subscription["id"]]["pending_lines"].extend(shares)
    if restarts and not is_trial:
        _restart(ledger, subscription)
        billing.bill(ledger, subscription, lines_for(subscription), "subscription_update", former)
        return
    ledger.announce(billing.UPDATED, subscription, former)
    if proration == "always_invoice":
        invoice_pending(ledger, subscription)


def _new_price(ledger: Ledger, subscription: Thing, items: dict[str, Thing], wish: Thing) -> Thing:
    if wish["id"] not in items:
        raise Refused(f"No such subscription item: '{wish['id']}'", code="resource_missing", param="items[0][id]")
    if wish.get("quantity", 1) < 1:
        raise Refused("Quantity must be positive", param="items[0][quantity]")
    price = ledger.need("price", wish.get("price", items[wish["id"]]["price"]["id"]), param="items[0][price]")
    if not price["active"] and "price" in wish:
        raise Refused(
            "The price specified is inactive. This field only accepts active prices.", param="items[0][price]"
        )
    if not price["recurring"] or price["currency"] != subscription["currency"]:
        raise Refused("The price must be recurring and in the subscription's currency.", param="items[0][price]")
    return price


def _restart(ledger: Ledger, subscription: Thing) -> None:
    """A new period begins now."""
    now = subscription["billing_cycle_anchor"] = ledger.now()
    for item in subscription["items"]["data"]:
        end = next_period_end(now, item["price"]["recurring"], now)
        item.update(current_period_start=now, current_period_end=end)


def credit_the_rest(ledger: Ledger, subscription: Thing) -> None:
    shares = [_share(ledger, item, -1, "Unused time") for item in subscription["items"]["data"]]
    ledger.private[subscription["id"]]["pending_lines"].extend(shares)


def invoice_pending(ledger: Ledger, subscription: Thing) -> None:
    if ledger.private[subscription["id"]]["pending_lines"]:
        billing.bill(ledger, subscription, [], "subscription_update", {})


def resume(ledger: Ledger, subscription: Thing, *, restarts: bool) -> None:
    former: Thing = {"status": subscription["status"]}
    subscription["status"] = "active"
    ledger.announce("customer.subscription.resumed", subscription)
    if restarts:
        _restart(ledger, subscription)
        billing.bill(ledger, subscription, lines_for(subscription), "subscription_cycle", former)
    else:
        ledger.announce(billing.UPDATED, subscription, former)
