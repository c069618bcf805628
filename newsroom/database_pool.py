"""How a web process keeps its connections over an outage of the database: none that is dead reaches a request, and
none is waited for longer than the outage lasts.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db import connection as site_connection
from psycopg_pool import ConnectionPool

# Three seconds: with the pool's own default a database that is down would hold every request for ten. Where the pool
# could not connect for two seconds it gives up, and begins anew with the next request; left to itself it would wait
# ever longer between two tries, and go on waiting when the database is back.
POOL: dict[str, Any] = {"min_size": 1, "max_size": 8, "timeout": 3, "reconnect_timeout": 2}


def pool_options() -> dict[str, Any]:
    """The value of `pool` in the OPTIONS of a database."""
    return POOL | {"check": check}


def check(connection: psycopg.Connection[Any]) -> None:
    """Called with each connection before it is handed out. Raises psycopg.OperationalError for a dead one.

    A server never speaks first to an idle connection, except to say goodbye: so only one that has something to read is
    asked, and the others cost no exchange. Where one is dead the others are not believed either.
    """
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLIN)
    if not watch.poll(0):
        return
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        pool: ConnectionPool[Any] | None = getattr(site_connection, "pool", None)
        if pool is not None:
            pool.drain()
        raise
