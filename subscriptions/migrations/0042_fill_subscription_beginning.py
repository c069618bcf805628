from typing import Any

from django.db import migrations

# Few are sold behind a gift: one statement, by the attempts that say so.
FILL = """
    UPDATE subscriptions_subscription AS sold
       SET begins_at = attempt.begins_at
      FROM subscriptions_checkoutattempt AS attempt
     WHERE attempt.subscription_id = sold.id AND attempt.begins_at IS NOT NULL AND sold.begins_at IS NULL
"""


def fill(_apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0041_add_subscription_beginning")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
