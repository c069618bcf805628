"""What migrations wrote, kept beside its tables. A test that commits empties all of them, and the next one begins with
what migrations wrote: Django saves it again row by row, which takes half a second; here it is one statement a table.
"""

from __future__ import annotations

from django.db import connection, transaction

KEPT = "migrated"  # the schema of the copies


def keep() -> None:
    """Copy what is in the tables. Called once for each database of the tests, before the first of them."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {KEPT}")
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            cursor.execute(f"SELECT EXISTS (SELECT FROM {quote(table)})")
            if cursor.fetchone() == (True,):
                cursor.execute(f"CREATE TABLE {KEPT}.{quote(table)} AS TABLE {quote(table)}")


@transaction.atomic
def restore() -> None:
    """Into tables that are empty, or were not touched yet. Their order does not matter: references are looked at when
    the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, string_agg(quote_ident(column_name), ', ')
                 FROM information_schema.columns AS here
                WHERE table_schema = 'public' AND is_generated = 'NEVER' AND EXISTS (
                    SELECT FROM pg_tables AS kept WHERE kept.schemaname = %s AND kept.tablename = here.table_name
                )
                GROUP BY table_name""",
            [KEPT],
        )
        statements = [
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {KEPT}.{name} ON CONFLICT DO NOTHING"
            for name, columns in ((connection.ops.quote_name(table), columns) for table, columns in cursor.fetchall())
        ]
        cursor.execute("; ".join(statements))
