"""Writes many new rows at once through PostgreSQL's COPY.

Django's `bulk_create` would have every generated column sent back, and the search vectors are larger than the articles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def reserve_ids(model: type[models.Model], number: int) -> list[int]:
    """Primary keys that nothing else will use."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, number],
        )
        return [row[0] for row in cursor.fetchall()]


def copy_rows(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model, each with its primary key unless the database gives it. No signals are sent.

    Raises django.db.DatabaseError for the lot of them.
    """
    if not rows:
        return
    model = type(rows[0])
    fields: list[Any] = [
        column
        for column in model._meta.local_concrete_fields
        if not column.generated and not (column.primary_key and rows[0].pk is None)
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column.column) for column in fields)
    statement = f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([column.get_db_prep_save(column.pre_save(row, True), connection) for column in fields])
