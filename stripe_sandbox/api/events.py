"""Events, as the API keeps them for whoever missed a delivery."""

from __future__ import annotations

from fnmatch import fnmatchcase

from stripe_sandbox.api.route import PAGED, Route, retrieve
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.params import TEXT

KEPT = 30 * 24 * 60 * 60  # seconds; docs.stripe.com/api/events
MOST_TYPES = 20


def list_events(ledger: Ledger, params: Thing, _: str) -> Thing:
    if "type" in params and "types" in params:
        raise Refused("You may only specify one of these parameters: type, types.")
    patterns = params.get("types") or [params.get("type", "*")]
    if len(patterns) > MOST_TYPES:
        raise Refused("`types` takes at most 20 names.", param="types")
    oldest = ledger.now() - KEPT

    def matches(event: Thing) -> bool:
        return event["created"] >= oldest and any(fnmatchcase(event["type"], pattern) for pattern in patterns)

    return ledger.page("event", params, "/v1/events", matches)


ROUTES = (
    retrieve("event", "/v1/events"),
    Route("GET", "/v1/events", list_events, {**PAGED, "type": TEXT, "types": [TEXT]}),
)
