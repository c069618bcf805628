"""What the stand-in's pages need of the Sandbox, and how they look things up; they change nothing otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

type Object = dict[str, Any]


class Delivery(Protocol):
    mode: str
    attempts: list[tuple[str, int | str]]

    def flush(self) -> int: ...


class Surface(Protocol):
    """`get` answers None or raises LookupError for an unknown id; `objects` takes the word of the `object` field."""

    @property
    def delivery(self) -> Delivery: ...
    def now(self) -> int: ...
    def get(self, object_id: str, /) -> Object | None: ...
    def objects(self, kind: str, /) -> Sequence[Object]: ...
    def pay(self, session_id: str, /, card: str, *, email: str = ...) -> Object: ...
    def confirm_3ds(self, session_id: str, /, ok: bool) -> object: ...
    def portal_cancel(self, subscription_id: str, /) -> object: ...
    def portal_keep(self, subscription_id: str, /) -> object: ...
    def set_card(self, customer_id: str, /, card: str) -> object: ...
    def advance(self, *, days: int) -> object: ...
    def advance_to_period_end(self, subscription_id: str, /) -> object: ...
    def fail(self, *, status: int, count: int, path: str) -> object: ...


def find(sandbox: Surface, kind: str, object_id: str) -> Object | None:
    try:
        found = sandbox.get(object_id)
    except LookupError:
        return None
    return found if found and found.get("object") == kind and not found.get("deleted") else None


def period_end(subscription: Object) -> int | None:
    return max((item["current_period_end"] for item in subscription["items"]["data"]), default=None)


def ends_at(subscription: Object) -> int | None:
    """When a cancelled subscription ends: the portal sets `cancel_at`, the API the flag."""
    if subscription.get("cancel_at"):
        return int(subscription["cancel_at"])
    return period_end(subscription) if subscription.get("cancel_at_period_end") else None
