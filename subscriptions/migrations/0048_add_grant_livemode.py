from typing import Any

from django.db import migrations, models

# Gifts that were redeemed are few: one statement.
FILL = """
    UPDATE subscriptions_grant AS given
       SET livemode = giver.livemode
      FROM subscriptions_gift AS gift
      JOIN subscriptions_purchase AS paid ON paid.id = gift.purchase_id
      JOIN subscriptions_stripecustomer AS giver ON giver.id = paid.customer_id
     WHERE gift.grant_id = given.id
"""


def fill(_apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0047_add_attempt_taking_up")]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="livemode",
            field=models.BooleanField(
                editable=False,
                help_text="Of the gift it comes from; empty where nothing was paid.",
                null=True,
                verbose_name="live mode",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
