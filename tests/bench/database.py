"""The server and databases of the benches: throwaway, but as durable as a real one, or the figures would flatter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from newsroom.embedded_postgres import Cluster

PROJECT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = "bench_template"
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
OF_THE_CALLER = ("DJANGO_", "STRIPE_", "SITE_URL", "ALLOWED_HOSTS")  # must not decide what is measured


@contextmanager
def bench_cluster() -> Iterator[Cluster]:
    """A running server with a migrated template. Named clusters give up durability; here it is put back and asked for.

    Ends the program if the server does not take the settings.
    """
    cluster = Cluster(PROJECT, "bench")
    was_started = cluster.start()
    try:
        with superuser(cluster) as connection:
            for name in DURABLE:
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = 'on'").format(sql.Identifier(name)))
            connection.execute("SELECT pg_reload_conf()")
            drop(connection, TEMPLATE)
        cluster.ensure_database(TEMPLATE)
        refuse_flattery(cluster)
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=PROJECT, env=environment(cluster, TEMPLATE), check=True)
        yield cluster
    finally:
        if was_started:
            cluster.stop()


def refuse_flattery(cluster: Cluster) -> None:
    with superuser(cluster) as connection:
        for name in DURABLE:
            row = connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone()
            if row != ("on",):
                sys.exit(f"Nothing measured: {name} of the server is not on.")


@contextmanager
def fresh_database(cluster: Cluster, name: str, template: str = TEMPLATE) -> Iterator[str]:
    """A clone of the template for as long as the block lasts."""
    with superuser(cluster) as connection:
        drop(connection, name)
        names = (sql.Identifier(name), sql.Identifier(template))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    try:
        yield name
    finally:
        with superuser(cluster) as connection:
            drop(connection, name)


def environment(cluster: Cluster, database: str) -> dict[str, str]:
    """That of a command of the site in local mode, with this database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_CALLER)}
    return kept | {"DATABASE_URL": url(cluster, database)}


def url(cluster: Cluster, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={cluster.socket_dir}"


def machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; PostgreSQL with {', '.join(DURABLE)} on"


@contextmanager
def superuser(cluster: Cluster, database: str = "postgres") -> Iterator[psycopg.Connection]:
    with psycopg.connect(host=str(cluster.socket_dir), user="postgres", dbname=database, autocommit=True) as connection:
        yield connection


def drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
