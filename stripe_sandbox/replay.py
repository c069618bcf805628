"""Idempotency keys: the same key gives the same answer for a day, and never a second effect."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from stripe_sandbox.faults import Refused, Thing

KEPT = 24 * 60 * 60  # seconds; docs.stripe.com/api/idempotent_requests
LONGEST_KEY = 255


@dataclass(slots=True)
class _Kept:
    call: list[Any]  # method, path and parameters
    at: float
    status: int = 0  # 0 while the call is under way
    answer: Thing | None = None


class Replays:
    """Thread safe, with a lock of its own: a call under way holds the ledger, and a conflict is told at once."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def begin(self, key: str, method: str, path: str, params: Thing) -> tuple[int, Thing] | None:
        """The answer to replay, or None when the call is new. Raises Refused for a conflict."""
        if len(key) > LONGEST_KEY:
            raise Refused("Idempotency keys are limited to 255 characters.", kind="idempotency_error")
        call, now = [method, path, params], time.time()
        with self._lock:
            former = self._kept.get(key)
            if former is None or now - former.at > KEPT:
                self._kept[key] = _Kept(call, now)
                return None
        if former.call != call:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise Refused(message, kind="idempotency_error")
        if former.answer is None:
            message = f"There is currently another in-progress request using this Idempotent Key: {key}."
            raise Refused(message, status=409, kind="idempotency_error", code="idempotency_key_in_use")
        return former.status, former.answer

    def finish(self, key: str, status: int, answer: Thing) -> None:
        with self._lock:
            self._kept[key].status, self._kept[key].answer = status, answer

    def forget(self, key: str) -> None:
        """For calls whose execution never began."""
        with self._lock:
            self._kept.pop(key, None)

    def kept(self) -> list[list[Any]]:
        """The finished ones, as JSON, for the state file."""
        with self._lock:
            return [[key, one.call, one.at, one.status, one.answer] for key, one in self._kept.items() if one.answer]

    def restore(self, rows: list[list[Any]]) -> None:
        self._kept = {key: _Kept(call, at, status, answer) for key, call, at, status, answer in rows}
