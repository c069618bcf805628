"""What one web process keeps of the public site: finished pages and public parts of pages, under their surrogate keys.

Nothing about a reader is ever put in here. The store answers only while its process hears of every change: see
articles/purging.py.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.utils import timezone

EVERYTHING = "everything"  # the key that purges all
TRUSTED_SECONDS = 1.0  # how long the last word of the database is good for; it is asked four times as often
SMALL_BYTES = 4 * 1024
LARGEST_SHARE = 8  # no single value takes more than this fraction of the room

# What one request has made while the store is closed; None outside of `once_a_request`, and after a write.
made_by_request: ContextVar[dict[Hashable, object] | None] = ContextVar("made_by_request", default=None)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The surrogate keys of what a page shows, and the moment (UTC) at which the clock alone changes it."""

    keys: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    value: object
    lifetime: Lifetime
    size: int


class PageStore:
    """The most recently used values that fit into `most_bytes`, for all threads of a process."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._names_by_key: defaultdict[str, set[Hashable]] = defaultdict(set)
        self._bytes = 0
        self._purges = 0
        self._heard_at = float("-inf")

    # --- whether it may be believed ---------------------------------------------------------------------------

    def open(self) -> None:
        """From now on every change is heard. What was kept before may have missed one, so it goes."""
        self.clear()
        self.hear(time.monotonic())

    def hear(self, at: float) -> None:
        """Up to that moment (of the monotonic clock) there was no change beyond those that were purged."""
        self._heard_at = at

    def close(self) -> None:
        self._heard_at = float("-inf")
        self.clear()

    @property
    def is_open(self) -> bool:
        return time.monotonic() - self._heard_at < TRUSTED_SECONDS

    # --- keeping ----------------------------------------------------------------------------------------------

    def get(self, name: Hashable, now: datetime) -> object | None:
        """What is kept under the name and has not come to its end at `now` (UTC)."""
        if not self.is_open:
            return None
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                return None
            if kept.lifetime.until <= now:
                self._drop(name)
                return None
            self._kept.move_to_end(name)
            return kept.value

    def stamp(self) -> int:
        """To be taken before the database is read for what will be put."""
        return self._purges

    def put(self, name: Hashable, value: object, lifetime: Lifetime, *, size: int, stamp: int) -> None:
        """Keep the value, unless anything was purged since `stamp`: what it was made from may be old already."""
        if not self.is_open or size > self.most_bytes // LARGEST_SHARE:
            return
        with self._lock:
            if stamp != self._purges:
                return
            self._drop(name)
            self._kept[name] = Kept(value, lifetime, size)
            self._bytes += size
            for key in lifetime.keys:
                self._names_by_key[key].add(name)
            while self._bytes > self.most_bytes:
                self._drop(next(iter(self._kept)))

    def kept_or_made[V](
        self, name: Hashable, make: Callable[[], V], lifetime_of: Callable[[V], Lifetime], *, size: int = SMALL_BYTES
    ) -> V:
        """The value under this name; if it is not there it is made, and kept (unless it is None) where that is safe.

        `size` is what it is taken to need, in bytes.
        """
        if not self.is_open:
            return made_once(name, make)
        found = self.get(name, timezone.now())
        if found is not None:
            return cast("V", found)
        stamp = self.stamp()
        made = make()
        if made is not None and self.is_open:
            self.put(name, made, lifetime_of(made), size=size, stamp=stamp)
        return made

    @contextmanager
    def once_a_request(self) -> Iterator[None]:
        """While the store is closed, let each value be made once in this block, up to a statement that may write. It is
        for the length of one request that only reads, and no longer: nobody tells of changes.
        """
        if self.is_open:
            yield
            return
        token = made_by_request.set({})
        try:
            with connection.execute_wrapper(forget_at_write):
                yield
        finally:
            made_by_request.reset(token)

    # --- forgetting -------------------------------------------------------------------------------------------

    def purge(self, keys: Collection[str]) -> None:
        """Forget whatever stands under one of the keys."""
        if EVERYTHING in keys:
            self.clear()
            return
        with self._lock:
            self._purges += 1
            for key in keys:
                for name in list(self._names_by_key.get(key, ())):
                    self._drop(name)

    def clear(self) -> None:
        with self._lock:
            self._purges += 1
            self._kept.clear()
            self._names_by_key.clear()
            self._bytes = 0

    def _drop(self, name: Hashable) -> None:
        kept = self._kept.pop(name, None)
        if kept is None:
            return
        self._bytes -= kept.size
        for key in kept.lifetime.keys:
            self._names_by_key[key].discard(name)
            if not self._names_by_key[key]:
                del self._names_by_key[key]


def made_once[V](name: Hashable, make: Callable[[], V]) -> V:
    made = made_by_request.get()
    if made is not None and name in made:
        return cast("V", made[name])
    value = make()
    # Asked anew: to make it may have written.
    if value is not None and (made := made_by_request.get()) is not None:
        made[name] = value
    return value


def forget_at_write(execute: Callable[..., object], sql: object, params: object, many: bool, context: Any) -> object:
    """A wrapper around the database's statements, which are taken to write unless they are plain questions."""
    if not str(sql).lstrip("( \n").upper().startswith("SELECT"):
        made_by_request.set(None)
    return execute(sql, params, many, context)


store = PageStore(settings.PAGE_CACHE_MB * 1024**2)
