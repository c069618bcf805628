from typing import Any

from django.db import migrations

BATCH = 10_000  # numbers of rows, each batch found by the primary key
BOUNDS = "SELECT min(id), max(id) FROM paywall_meteredread WHERE renews_on IS NULL"
FILL = """
    UPDATE paywall_meteredread SET renews_on = period + interval '1 month'
     WHERE id >= %s AND id < %s AND renews_on IS NULL
"""


def fill(_apps: Any, schema_editor: Any) -> None:
    """Every read that stands was spent in a calendar month. Those written meanwhile have their day by the trigger."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(BOUNDS)
        first, last = cursor.fetchone()
        if first is None:
            return
        for start in range(first, last + 1, BATCH):
            cursor.execute(FILL, [start, start + BATCH])


class Migration(migrations.Migration):
    atomic = False  # each batch by itself

    dependencies = [("paywall", "0009_add_end_of_reads")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
