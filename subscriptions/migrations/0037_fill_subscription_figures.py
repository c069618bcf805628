from typing import Any

from django.db import migrations

BATCH = 10_000  # numbers of rows, each batch found by the primary key
BOUNDS = "SELECT min(id), max(id) FROM subscriptions_subscription"
FILL = """
    UPDATE subscriptions_subscription AS held
       SET yearly_minor = held.amount_minor * CASE held.interval WHEN 'month' THEN 12 WHEN 'year' THEN 1 ELSE 0 END,
           first_paid_at = (SELECT min(invoice.paid_at) FROM subscriptions_invoice AS invoice
                             WHERE invoice.subscription_id = held.id AND invoice.paid_minor > 0)
     WHERE held.id >= %s AND held.id < %s AND held.first_paid_at IS NULL AND held.yearly_minor = 0
"""


def fill(_apps: Any, schema_editor: Any) -> None:
    """As far as the records tell; discounts, reasons and moments at Stripe come with the next nightly comparison."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(BOUNDS)
        first, last = cursor.fetchone()
        if first is None:
            return
        for start in range(first, last + 1, BATCH):
            cursor.execute(FILL, [start, start + BATCH])


class Migration(migrations.Migration):
    atomic = False  # each batch by itself

    dependencies = [("subscriptions", "0036_create_dashboard")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
