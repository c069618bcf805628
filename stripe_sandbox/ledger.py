"""The objects of the stand-in, in memory and in the state file: ids, lock, clock, lists and events.

It stores and finds. What happens to money and time is decided in billing, collection and checkout.
"""

from __future__ import annotations

import copy
import json
import secrets
import string
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stripe_sandbox import objects
from stripe_sandbox.faults import Malformed, Thing, missing
from stripe_sandbox.params import within
from stripe_sandbox.replay import Replays

PAGE, LARGEST_PAGE = 10, 100
ALPHABET = string.ascii_letters + string.digits


def identity(prefix: str) -> str:
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(24))}"


class Ledger:
    """Thread safe where its callers hold `lock` or work inside `changing()`."""

    def __init__(self, state_file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.origin = ""
        self.things: dict[str, Thing] = {}
        self.private: dict[str, Thing] = {}  # what Stripe knows and does not show, by object id
        self.replays = Replays()
        self.offset = 0
        self.moment: int | None = None  # the clock while due work is carried out
        self.request: Thing = {"id": None, "idempotency_key": None}
        self.on_event: Callable[[Thing], None] = lambda event: None
        self.generation = 0
        self.quiet: tuple[int, float] = (-1, 0)  # the generation in which nothing is due before a moment, by clock
        self._kinds: dict[str, dict[str, Thing]] = {}
        self._state_file = state_file
        self._depth = 0
        if state_file and state_file.exists():
            self._load(state_file)

    def now(self) -> int:
        return int(time.time()) + self.offset if self.moment is None else self.moment

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Holds the lock and, at the outermost end, writes the state file: whatever was reached is kept."""
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                self.generation += 1
                if not self._depth and self._state_file:
                    self._save(self._state_file)

    def put(self, thing: Thing, **private: object) -> Thing:
        self.things[thing["id"]] = thing
        self._kinds.setdefault(thing["object"], {})[thing["id"]] = thing
        if private:
            self.private[thing["id"]] = private
        return thing

    def get(self, thing_id: str) -> Thing:
        """Raises KeyError for an unknown id."""
        return self.things[thing_id]

    def kind(self, kind: str) -> list[Thing]:
        """Oldest first."""
        return list(self._kinds.get(kind, {}).values())

    def need(self, kind: str, thing_id: str, *, param: str = "") -> Thing:
        """The object that a call names; raises Refused (404 for the path, 400 for a parameter)."""
        found = self._kinds.get(kind, {}).get(thing_id)
        if found is None or found.get("deleted"):
            word = {"checkout.session": "checkout.session", "payment_intent": "payment_intent"}.get(kind, kind)
            raise missing(word, thing_id, status=400 if param else 404, param=param or "id")
        return found

    def page(self, kind: str, params: Thing, url: str, matches: Callable[[Thing], bool]) -> Thing:
        """One page of a list, newest first, by Stripe's cursors."""
        limit = params.get("limit", PAGE)
        if not 1 <= limit <= LARGEST_PAGE:
            raise Malformed(f"Invalid integer: {limit}", code="parameter_invalid_integer", param="limit")
        after, before = params.get("starting_after"), params.get("ending_before")
        if after and before:
            raise Malformed("You can only specify one of these parameters: starting_after, ending_before.")
        shown = self.kind(kind)[::-1]
        ids = [thing["id"] for thing in shown]
        if after:
            shown = shown[self._place(kind, ids, after, "starting_after") + 1 :]
        if before:
            shown = shown[: self._place(kind, ids, before, "ending_before")]
        bounds = params.get("created", {})
        found = [thing for thing in shown if within(thing.get("created", 0), bounds) and matches(thing)]
        part = found[-limit:] if before else found[:limit]
        return {"object": "list", "data": part, "has_more": len(found) > len(part), "url": url}

    def _place(self, kind: str, ids: list[str], cursor: str, param: str) -> int:
        if cursor not in ids:
            raise missing(kind, cursor, status=400, param=param)
        return ids.index(cursor)

    def announce(self, kind: str, thing: Thing, previous: Thing | None = None, *, livemode: bool = False) -> Thing:
        """Makes an event with the object as it is now, keeps it, and hands it to the delivery."""
        shown = {name: copy.deepcopy(value) for name, value in thing.items() if name != "line_items"}
        event = objects.event(identity("evt"), self.now(), kind, shown, previous, dict(self.request), livemode)
        self.put(event)
        self.on_event(event)
        return event

    def _save(self, path: Path) -> None:
        state = {
            "offset": self.offset,
            "things": list(self.things.values()),
            "private": self.private,
            "replays": self.replays.kept(),
        }
        draft = path.with_name(path.name + ".new")
        draft.touch(mode=0o600)  # addresses that somebody typed are in it
        draft.write_text(json.dumps(state), encoding="utf-8")
        draft.replace(path)

    def _load(self, path: Path) -> None:
        state = json.loads(path.read_text(encoding="utf-8"))
        self.offset = state["offset"]
        for thing in state["things"]:
            self.put(thing)
        self.private = state["private"]
        self.replays.restore(state["replays"])
