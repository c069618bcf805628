"""How every web process hears, within a second, of a change that any process made: triggers in the database send the
surrogate keys of what was changed (articles/purge_triggers.py), and one connection of each web process listens.

While that connection is down the process keeps nothing and answers from the database.
"""

from __future__ import annotations

import logging
import secrets
import select
import threading
import time
from typing import Any

import psycopg
from django.db import connection

from articles.page_store import PageStore, store

logger = logging.getLogger(__name__)

CHANNEL = "newsroom_purge"
BEAT = 0.25  # seconds between two proofs that the connection lives
PAUSE = 0.5  # seconds before it is tried again
LONG_PAUSE = 60.0  # seconds, where trying again will hardly help
PROOF = "proof:"  # begins a message that purges nothing
PROOF_LIMIT = 5.0  # seconds in which one has to arrive
OF_DJANGO = ("cursor_factory", "context", "prepare_threshold")  # of no use to a connection that only listens
# A dead network is to be noticed soon; where the site's own connections have such limits, these are stricter.
LIMITS = {"connect_timeout": 3, "tcp_user_timeout": 2000}


class NothingHeard(Exception):
    """The connection works, but messages do not arrive on it: a pooler that shares connections stands between."""


class Listener(threading.Thread):
    """Keeps `kept` purged, and open only while it is sure to hear. Nothing but `end` ends it."""

    def __init__(self, kept: PageStore) -> None:
        super().__init__(name="purge listener", daemon=True)
        self.kept = kept
        self._proof = ""
        self._is_told = False
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            pause = PAUSE
            try:
                self._listen()
            except NothingHeard as error:
                pause = LONG_PAUSE
                self._tell(str(error))
            except Exception as error:  # whatever it is: a thread that has ended would never hear again
                self._tell(type(error).__name__)  # the message may hold the database's address
            finally:
                self.kept.close()
            self._ended.wait(pause)

    def end(self) -> None:
        self._ended.set()

    def _tell(self, reason: str) -> None:
        """Once for each time that it goes off."""
        if not self._is_told:
            logger.warning("the page cache is off until the database tells of changes again: %s", reason)
        self._is_told = True

    def _listen(self) -> None:
        with psycopg.connect(**parameters(), autocommit=True) as listening:
            listening.add_notify_handler(self._heed)
            listening.execute(f"LISTEN {CHANNEL}")
            self._prove(listening)
            self.kept.open()
            self._is_told = False
            while not self._ended.is_set():
                self.kept.hear(hear_out(listening))

    def _prove(self, listening: psycopg.Connection) -> None:
        """Send a message by another connection and see it arrive. Raises NothingHeard."""
        self._proof = PROOF + secrets.token_hex(8)
        with psycopg.connect(**parameters(), autocommit=True) as sending:
            sending.execute("SELECT pg_notify(%s, %s)", [CHANNEL, self._proof])
        deadline = time.monotonic() + PROOF_LIMIT
        while self._proof:
            if time.monotonic() > deadline:
                raise NothingHeard(
                    "it does not; DATABASE_URL has to lead to PostgreSQL itself, or to a pooler in session mode"
                )
            hear_out(listening)

    def _heed(self, message: psycopg.Notify) -> None:
        if message.payload == self._proof:
            self._proof = ""
        elif not message.payload.startswith(PROOF):
            self.kept.purge(message.payload.split())


def hear_out(listening: psycopg.Connection) -> float:
    """Wait for a message, for one beat at most, and let all that were sent be handed over; the moment (of the monotonic
    clock) up to which nothing was missed.

    A message makes the socket readable; psycopg hands it over with the answer to the next statement.
    """
    watch = select.poll()
    watch.register(listening.fileno(), select.POLLIN)
    watch.poll(BEAT * 1000)
    asked_at = time.monotonic()
    listening.execute("SELECT 1")
    return asked_at


def parameters() -> dict[str, Any]:
    """Those of Django's own connections, made stricter."""
    given = connection.get_connection_params()
    return {name: value for name, value in given.items() if name not in OF_DJANGO} | {
        "application_name": "newsroom purge listener",
        **LIMITS,
    }


def listen() -> None:
    """Let this process hear of changes from now on. To be called once in each web process."""
    if store.most_bytes:
        Listener(store).start()
