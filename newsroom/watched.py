"""Asking what may hang, such as a database that is gone or a network disk: in a thread of its own, within a time, and
no oftener than once in a while however often the answer is wanted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from django.db import connection, connections, transaction

logger = logging.getLogger(__name__)

LIMIT = 1.5  # seconds that an answer may take
KEPT_FOR = 1.0  # seconds
DATABASE_LIMIT = 1000  # milliseconds for one statement
GIVEN_UP_AFTER = 10.0  # seconds; then the next one may ask beside the thread that hangs
MOST_AT_ONCE = 5  # threads that hang


@contextmanager
def impatient_database() -> Iterator[None]:
    """A transaction whose statements are given up after DATABASE_LIMIT. Raises django.db.Error."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(DATABASE_LIMIT)])
        yield


class Round[V]:
    """One asking. What is found is written down piece by piece, so that a late piece does not hide the others."""

    def __init__(self) -> None:
        self.began_at = monotonic()
        self.ended_at = 0.0
        self.found: dict[str, V] = {}
        self.has_ended = threading.Event()


class Watched[V]:
    """`ask` writes its findings into the dictionary that it is given. All times are in seconds."""

    def __init__(
        self, ask: Callable[[dict[str, V]], None], *, limit: float = LIMIT, kept_for: float = KEPT_FOR
    ) -> None:
        self.ask = ask
        self.limit = limit
        self.kept_for = kept_for
        self._lock = threading.Lock()
        self._rounds: list[Round[V]] = []  # the last one is that whose answer counts

    def answer(self) -> dict[str, V]:
        """What is known within the limit, counted from when the asking began."""
        with self._lock:
            if self._is_new_round_due():
                self._begin()
            current = self._rounds[-1]
        current.has_ended.wait(max(0.0, current.began_at + self.limit - monotonic()))
        return dict(current.found)

    def forget(self) -> None:
        """Ask anew the next time."""
        with self._lock:
            self._rounds = [each for each in self._rounds if not each.has_ended.is_set()]

    def _is_new_round_due(self) -> bool:
        if not self._rounds:
            return True
        last = self._rounds[-1]
        if last.has_ended.is_set():
            return monotonic() - last.ended_at >= self.kept_for
        return monotonic() - last.began_at >= GIVEN_UP_AFTER and len(self._rounds) < MOST_AT_ONCE

    def _begin(self) -> None:
        self._rounds = [each for each in self._rounds if not each.has_ended.is_set()]
        self._rounds.append(Round())
        threading.Thread(target=self._run, args=(self._rounds[-1],), name="watched", daemon=True).start()

    def _run(self, current: Round[V]) -> None:
        try:
            self.ask(current.found)
        except Exception:
            logger.exception("could not find out how the site is")
        finally:
            connections.close_all()
            current.ended_at = monotonic()
            current.has_ended.set()
