"""A library many times as large: every article copied in the database under new names and moments.

Importing so many would take half an hour and more. The copies have all that an article has, body, search vectors
and index entries too, so that tables and indexes are as large as those of an imported library.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from newsroom.embedded_postgres import Cluster
from tests.bench.database import superuser

ARTICLE_ID = "article_id + {step}"
EARLIER = "- {copy} * interval '17 minutes'"
OUT_AT = f"out_at {EARLIER}"  # the triggers that keep it are off
# What a copy does not have from its original, by table; {copy} is its number, {step} the distance of its keys. A larger
# library has more series, not longer ones, so they are copied too.
COPIED: dict[str, dict[str, str]] = {
    "articles_series": {"id": "id + {step}", "title": "title || ' {copy}'", "slug": "slug || '-{copy}'"},
    "articles_article": {
        "id": "id + {step}",
        "public_id": "gen_random_uuid()",
        "slug": "slug || '-{copy}'",
        "source_id": "source_id || '-{copy}'",
        "series_id": "series_id + {step}",
        "published_at": f"published_at {EARLIER}",
    },
    "articles_body": {"article_id": ARTICLE_ID},
    "articles_byline": {"id": "id + {step}", "article_id": ARTICLE_ID, "out_at": OUT_AT},
    "articles_article_topics": {"id": "id + {step}", "article_id": ARTICLE_ID, "out_at": OUT_AT},
}


def grow(cluster: Cluster, database: str, times: int) -> None:
    """Make the library so many times as large as it is."""
    with superuser(cluster, database) as connection:
        step = distance(connection)
        # Neither foreign keys nor purges are looked after: this is what a finished import leaves behind.
        connection.execute("SET session_replication_role = replica")
        with vectors_as_they_are(connection):
            for table, changes in COPIED.items():
                columns = columns_of(connection, table)
                for number in range(1, times):
                    connection.execute(copying(table, columns, changes, number, step))
        for table, changes in COPIED.items():
            if "id" in changes:
                query = "SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {}"
                connection.execute(sql.SQL(query).format(sql.Identifier(table)), [table])


def settle(cluster: Cluster, database: str) -> None:
    """What the database does by itself after a while: visibility, statistics, and everything on disk."""
    with superuser(cluster, database) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


@contextmanager
def vectors_as_they_are(connection: psycopg.Connection) -> Iterator[None]:
    """Lets search vectors be copied instead of computed, and indexes them afterwards: ten times as fast.

    From then on nobody computes them in this database, which readers do not notice.
    """
    columns = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_name = ANY(%s) AND is_generated = 'ALWAYS'",
        [list(COPIED)],
    ).fetchall()
    for table, column in columns:
        statement = "ALTER TABLE {} ALTER COLUMN {} DROP EXPRESSION"
        connection.execute(sql.SQL(statement).format(sql.Identifier(table), sql.Identifier(column)))
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef LIKE '%% USING gin %%'",
        [list(COPIED)],
    ).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    connection.execute("SET maintenance_work_mem = '1GB'")
    for _, definition in indexes:
        connection.execute(definition)


def distance(connection: psycopg.Connection) -> int:
    """More than the largest key of any copied table."""
    keyed = [table for table, changes in COPIED.items() if "id" in changes]
    largest = [sql.SQL("(SELECT max(id) FROM {})").format(sql.Identifier(table)) for table in keyed]
    row = connection.execute(sql.SQL("SELECT greatest({})").format(sql.SQL(", ").join(largest))).fetchone()
    return 1 + int(row[0]) if row else 1


def columns_of(connection: psycopg.Connection, table: str) -> list[str]:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
    return [name for (name,) in connection.execute(query, [table])]


def copying(table: str, columns: list[str], changes: dict[str, str], number: int, step: int) -> sql.Composed:
    """Copies the originals, whose keys are below `step`."""
    values = [
        sql.SQL(changes[name].format(copy=number, step=number * step)) if name in changes else sql.Identifier(name)
        for name in columns
    ]
    statement = "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {2} FROM {0} WHERE {3} < {4}"
    return sql.SQL(statement).format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(values),
        sql.Identifier("id" if "id" in changes else "article_id"),
        sql.Literal(step),
    )
