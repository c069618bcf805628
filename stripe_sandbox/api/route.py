"""What a route is: a method, a path with at most one id, the parameters it accepts, and what it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import INT, RANGE, TEXT, Spec

PAGED: Mapping[str, Spec] = {"created": RANGE, "ending_before": TEXT, "limit": INT, "starting_after": TEXT}
ID = "{id}"


@dataclass(frozen=True, slots=True)
class Route:
    """`act` gets the ledger, the checked parameters and the id (empty where the path has none)."""

    method: str
    path: str
    act: Callable[[Ledger, Thing, str], Thing]
    accepts: Mapping[str, Spec] = field(default_factory=dict)

    def match(self, method: str, path: str) -> str | None:
        """The id in the path, or "" without one; None when this is not the route."""
        found = re.fullmatch(re.escape(self.path).replace(re.escape(ID), "([A-Za-z0-9_-]+)"), path)
        if method != self.method or not found:
            return None
        return found[1] if found.groups() else ""


def retrieve(kind: str, path: str) -> Route:
    return Route("GET", f"{path}/{ID}", lambda ledger, params, identity: ledger.need(kind, identity))


def listed(kind: str, path: str, equal: str) -> Route:
    """A list whose parameters named in `equal` select objects with that value in the field of the same name."""
    names = equal.split()

    def act(ledger: Ledger, params: Thing, identity: str) -> Thing:
        return ledger.page(
            kind, params, path, lambda thing: all(thing[name] == params[name] for name in names if name in params)
        )

    return Route("GET", path, act, {**PAGED, **dict.fromkeys(names, TEXT)})
