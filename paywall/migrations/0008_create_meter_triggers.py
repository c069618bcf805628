"""What tells of another setting of the meter: every gate for strangers shows what they may open."""

from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers


class Migration(migrations.Migration):
    atomic = False  # the table is locked by itself, and for a moment only

    dependencies = [("paywall", "0007_create_meters")]

    operations = [
        migrations.RunSQL(
            create_triggers("paywall_meter", "SELECT 'access' FROM changed"), drop_triggers("paywall_meter")
        ),
    ]
