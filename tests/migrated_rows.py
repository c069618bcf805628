"""What migrations wrote, kept beside its tables. After a test that commits, all tables are put back by one call of a
function in the database, which touches only what was changed. Django would empty each, and save row after row anew.
"""

from __future__ import annotations

from django.db import connection
from django.db.backends.utils import CursorWrapper

from articles.page_store import EVERYTHING
from articles.purging import CHANNEL

KEPT = "migrated"  # the schema of the copies
APART = "django_migrations"  # which tests of migrations see to themselves


def keep() -> None:
    """Copy what is in the tables. Called once for each database of the tests, before the first of them; as a superuser,
    since no trigger may act when the rows come back, nor any reference be looked at.
    """
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> %s", [APART])
        tables = [quote(table) for (table,) in cursor.fetchall()]
        cursor.execute(f"CREATE SCHEMA {KEPT}")
        # The lock waits for whoever still writes, so that nothing of one test arrives in the next.
        steps = "\n".join(step(cursor, table) for table in tables)
        cursor.execute(
            f"""CREATE FUNCTION {KEPT}.begin_anew() RETURNS void LANGUAGE plpgsql
                SET session_replication_role = replica AS $$
                BEGIN
                    LOCK TABLE {", ".join(tables)} IN SHARE ROW EXCLUSIVE MODE;
                    {steps}
                    PERFORM pg_notify('{CHANNEL}', '{EVERYTHING}');  -- which the triggers would tell the sites
                END $$"""
        )


def step(cursor: CursorWrapper, table: str) -> str:
    """What puts a table back, its rows kept if it has any."""
    cursor.execute(f"SELECT EXISTS (SELECT FROM public.{table})")
    if cursor.fetchone() != (True,):
        return f"IF EXISTS (SELECT FROM public.{table}) THEN DELETE FROM public.{table}; END IF;"
    cursor.execute(f"CREATE TABLE {KEPT}.{table} AS TABLE public.{table}")
    columns = stored_columns(cursor, table)
    here, kept = f"SELECT {columns} FROM public.{table}", f"SELECT {columns} FROM {KEPT}.{table}"
    return f"""
        IF EXISTS ({here} EXCEPT ALL {kept}) OR EXISTS ({kept} EXCEPT ALL {here}) THEN
            DELETE FROM public.{table};
            INSERT INTO public.{table} ({columns}) {kept};
        END IF;"""


def stored_columns(cursor: CursorWrapper, table: str) -> str:
    cursor.execute(
        """SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
            WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''""",
        [f"public.{table}"],
    )
    return str(cursor.fetchone()[0])


def begin_anew() -> None:
    """Leave every table as migrations left it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {KEPT}.begin_anew()")
