"""What tells of a further price of a plan: every gate shows what the options cost."""

from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers


class Migration(migrations.Migration):
    atomic = False  # the table is locked by itself, and for a moment only

    dependencies = [("paywall", "0020_add_unnamed_openings"), ("subscriptions", "0013_create_plan_amount")]

    operations = [
        migrations.RunSQL(
            create_triggers("subscriptions_planamount", "SELECT 'plans' FROM changed"),
            drop_triggers("subscriptions_planamount"),
        ),
    ]
