"""How objects are shown: copies, without what is shown only when asked for, and with what `expand` asks for."""

from __future__ import annotations

import copy
from typing import Any

from stripe_sandbox import objects
from stripe_sandbox.faults import Malformed, Thing
from stripe_sandbox.ledger import Ledger

DEEPEST = 4  # docs.stripe.com/api/expanding_objects


def answer(ledger: Ledger, thing: Thing, expand: list[str]) -> Thing:
    """What a call answers. Raises Malformed for a path that cannot be expanded."""
    shown = copy.deepcopy(thing)
    rows = shown["data"] if shown.get("object") == "list" else [shown]
    asked_for = [[row, row.pop("line_items")] for row in rows if "line_items" in row]
    for path in expand:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise Malformed(f"You cannot expand more than {DEEPEST} levels of a property.", param="expand")
        if steps[-1] == "line_items":
            for row, items in asked_for:
                row["line_items"] = items
        else:
            _expand(ledger, shown, steps, path)
    _hide_options(shown, "", expand)
    return shown


def _hide_options(value: Any, path: str, expand: list[str]) -> None:
    """Amounts in further currencies are shown where `expand` names them."""
    for member in value if isinstance(value, list) else []:
        _hide_options(member, path, expand)
    for name in list(value) if isinstance(value, dict) else []:
        inner = f"{path}.{name}".removeprefix(".")
        if name == "currency_options" and inner not in expand:
            del value[name]
        else:
            _hide_options(value[name], inner, expand)


def _expand(ledger: Ledger, thing: Any, steps: list[str], path: str) -> None:
    if isinstance(thing, list):
        for member in thing:
            _expand(ledger, member, steps, path)
        return
    name, rest = steps[0], steps[1:]
    if not isinstance(thing, dict) or not (name in thing or _include(ledger, thing, name)):
        raise Malformed(f"This property cannot be expanded ({path}).", param="expand")
    value = thing[name] = _whole(ledger, thing[name], path)
    if rest and value is not None:
        _expand(ledger, value, rest, path)


def _whole(ledger: Ledger, value: Any, path: str) -> Any:
    """What an id names, or each of a list of ids; whatever is no id as it is."""
    if isinstance(value, list):
        return [_whole(ledger, member, path) for member in value]
    if not isinstance(value, str):
        return value
    if value not in ledger.things:
        raise Malformed(f"This property cannot be expanded ({path}).", param="expand")
    named = copy.deepcopy(ledger.get(value))
    named.pop("line_items", None)
    return named


def _include(ledger: Ledger, thing: Thing, name: str) -> bool:
    """Lists that an object has only when they are asked for."""
    own, thing_id = thing.get("object"), thing.get("id")
    match own, name:
        case "invoice", "payments":
            kind, url, field = "invoice_payment", f"/v1/invoice_payments?invoice={thing_id}", "invoice"
        case "customer", "subscriptions":
            kind, url, field = "subscription", f"/v1/customers/{thing_id}/subscriptions", "customer"
        case "charge", "refunds":
            kind, url, field = "refund", f"/v1/charges/{thing_id}/refunds", "charge"
        case "coupon", "applies_to":
            thing[name] = None  # of a coupon that counts for everything
            return True
        case ("coupon", "currency_options") | (None, "currency_options"):
            thing[name] = {}  # never null, which the library cannot read
            return True
        case _:
            return False
    found = [copy.deepcopy(one) for one in ledger.kind(kind) if one[field] == thing_id]
    thing[name] = objects.listing(found[::-1], url)
    return True
