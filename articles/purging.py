"""How every web process hears, within a second, of a change that any process made: triggers in the database send the
surrogate keys of what was changed (articles/purge_triggers.py), and one connection of each web process listens.

While that connection is down the process keeps nothing and answers from the database.
"""

from __future__ import annotations

import logging
import select
import threading
from typing import Any

import psycopg
from django.db import connection

from articles.page_store import PageStore, store

logger = logging.getLogger(__name__)

CHANNEL = "newsroom_purge"
BEAT = 0.5  # seconds between two proofs that the connection lives
PAUSE = 0.5  # seconds before it is tried again
OF_DJANGO = ("cursor_factory", "context", "prepare_threshold")  # of no use to a connection that only listens
PROOF_LIMIT = 5  # seconds in which a message to oneself has to arrive


class NothingHeard(Exception):
    """The connection works, but messages do not arrive on it: a pooler that shares connections stands between."""


class Listener(threading.Thread):
    """Keeps `kept` purged, and open only while it is sure to hear."""

    def __init__(self, kept: PageStore) -> None:
        super().__init__(name="purge listener", daemon=True)
        self.kept = kept
        self._is_proved = False
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except (psycopg.Error, OSError, NothingHeard) as error:
                logger.warning("the page cache is off until the database tells of changes again: %s", told(error))
            finally:
                self.kept.close()
            self._ended.wait(PAUSE)

    def end(self) -> None:
        self._ended.set()

    def _listen(self) -> None:
        with psycopg.connect(**parameters(), autocommit=True) as listening:
            listening.add_notify_handler(self._heed)
            listening.execute(f"LISTEN {CHANNEL}")
            self._prove(listening)
            self.kept.open()
            while not self._ended.is_set():
                # A message makes the socket readable; it is handed over with the answer to the next statement.
                select.select([listening.fileno()], [], [], BEAT)
                listening.execute("SELECT 1")
                self.kept.hear()

    def _prove(self, listening: psycopg.Connection) -> None:
        """Send a message by another connection and see it arrive. Raises NothingHeard."""
        self._is_proved = False
        with psycopg.connect(**parameters(), autocommit=True) as sending:
            sending.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        for _beat in range(int(PROOF_LIMIT / BEAT)):
            select.select([listening.fileno()], [], [], BEAT)
            listening.execute("SELECT 1")
            if self._is_proved:
                return
        raise NothingHeard("it does not; DATABASE_URL has to lead to PostgreSQL itself, or to a pooler in session mode")

    def _heed(self, message: psycopg.Notify) -> None:
        self._is_proved = True
        self.kept.purge(message.payload.split())


def told(error: Exception) -> str:
    """The error without what it may say about the database's address."""
    return str(error) if isinstance(error, NothingHeard) else type(error).__name__


def parameters() -> dict[str, Any]:
    """Those of Django's own connections, with a limit to how long a dead network goes unnoticed."""
    given = connection.get_connection_params()
    plain = {
        name: value for name, value in given.items() if name not in ("cursor_factory", "context", "prepare_threshold")
    }
    return plain | {"application_name": "newsroom purge listener", "connect_timeout": 3, "tcp_user_timeout": 2000}


def listen() -> None:
    """Let this process hear of changes from now on. To be called once in each web process."""
    if store.most_bytes:
        Listener(store).start()
