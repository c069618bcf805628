"""One call of the API, from its checked key to its answer: failures on demand, idempotency, parameters, route."""

from __future__ import annotations

import copy
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stripe_sandbox import clock
from stripe_sandbox.answers import answer
from stripe_sandbox.api import ROUTES
from stripe_sandbox.api.route import Route
from stripe_sandbox.faults import Malformed, Refused, Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.objects import API_VERSION
from stripe_sandbox.params import TEXT, check

Failure = Literal["timeout", "lost"] | int


class Unanswered(Exception):
    """The caller gets no answer to this call, whether or not it was carried out."""


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded call; `status` is 0 and `answer` empty where none was given."""

    method: str
    path: str
    params: Thing
    idempotency_key: str
    status: int
    answer: Thing


@dataclass(slots=True)
class _Failing:
    status: Failure
    count: int
    path: str


class Calls:
    """Thread safe. The hooks see every request and every object answered; what they raise is kept in `violations`."""

    def __init__(self, ledger: Ledger, key: str) -> None:
        self.ledger, self.key = ledger, key
        self.recorded: list[Call] = []
        self.violations: list[str] = []
        self.on_request: Callable[[str, str, Thing], None] | None = None
        self.on_object: Callable[[Thing], None] | None = None
        self._failing: list[_Failing] = []
        self._lock = threading.Lock()

    def fail(self, status: Failure, count: int, path: str) -> None:
        with self._lock:
            self._failing = [*self._failing, _Failing(status, count, path)] if count else []

    def handle(self, method: str, path: str, params: Thing, headers: dict[str, str]) -> tuple[int, Thing, bool]:
        """Status, body and whether it is a replay. Raises Unanswered."""
        key = headers.get("idempotency-key", "") if method == "POST" else ""
        failure = self._failure(path)
        try:
            self._check_headers(headers)
            self._see_request(method, path, params)
            if failure == "timeout":
                raise Unanswered
            if isinstance(failure, int):
                raise _injected(failure)
            status, body, is_replay = self._remembered(method, path, params, key)
        except Refused as refusal:
            status, body, is_replay = refusal.status, refusal.body, False
        except Unanswered:
            self.recorded.append(Call(method, path, params, key, 0, {}))
            raise
        self.recorded.append(Call(method, path, params, key, status, body))
        if failure == "lost":
            raise Unanswered
        return status, body, is_replay

    def see_object(self, thing: Thing) -> None:
        if self.on_object:
            self._guarded(lambda hook=self.on_object: hook(thing))  # type: ignore[misc]

    def _see_request(self, method: str, path: str, params: Thing) -> None:
        if self.on_request:
            self._guarded(lambda hook=self.on_request: hook(method, path, copy.deepcopy(params)))  # type: ignore[misc]

    def _guarded(self, hook: Callable[[], None]) -> None:
        try:
            hook()
        except Exception as error:
            self.violations.append(f"{type(error).__name__}: {error}")

    def _failure(self, path: str) -> Failure | None:
        with self._lock:
            for failing in self._failing:
                if failing.count > 0 and failing.path in path:
                    failing.count -= 1
                    return failing.status
        return None

    def _check_headers(self, headers: dict[str, str]) -> None:
        given = headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            message = "Invalid API Key provided." if given else "You did not provide an API key."
            raise Refused(message, status=401)
        version = headers.get("stripe-version", API_VERSION)
        if version != API_VERSION:
            raise Refused(f"Invalid Stripe API version: {version}")

    def _remembered(self, method: str, path: str, params: Thing, key: str) -> tuple[int, Thing, bool]:
        if not key:
            return (*self._carry_out(method, path, params, key), False)
        replays = self.ledger.replays
        former = replays.begin(key, method, path, params)
        if former is not None:
            return (*former, True)
        try:
            with self.ledger.changing():
                try:
                    status, body = self._carry_out(method, path, params, key)
                except Malformed:
                    raise
                except Refused as refusal:
                    status, body = refusal.status, refusal.body
                replays.finish(key, status, body)
        except BaseException:
            replays.forget(key)
            raise
        return status, body, False

    def _carry_out(self, method: str, path: str, params: Thing, key: str) -> tuple[int, Thing]:
        route, thing_id = _route(method, path)
        given = check(params, {**route.accepts, "expand": [TEXT]})
        expand = given.pop("expand", [])
        ledger = self.ledger
        with ledger.lock:
            clock.catch_up(ledger)
            if method == "GET":
                body = answer(ledger, route.act(ledger, given, thing_id), expand)
            else:
                with ledger.changing():
                    ledger.request = {"id": identity("req"), "idempotency_key": key or None}
                    try:
                        body = answer(ledger, route.act(ledger, given, thing_id), expand)
                    finally:
                        ledger.request = {"id": None, "idempotency_key": None}
        self.see_object(body)
        return 200, body


def _route(method: str, path: str) -> tuple[Route, str]:
    for route in ROUTES:
        thing_id = route.match(method, path)
        if thing_id is not None:
            return route, thing_id
    raise Malformed(f"Unrecognized request URL ({method}: {path}).", status=404)


def _injected(status: int) -> Refused:
    if status == 429:
        return Refused("Request rate limit exceeded.", status=429, code="rate_limit")
    return Refused("An error occurred on our side.", status=status, kind="api_error")
