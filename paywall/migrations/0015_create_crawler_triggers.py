"""What tells of changes of the crawlers that read in full. No page shows them."""

from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers


class Migration(migrations.Migration):
    atomic = False  # the table is locked by itself, and for a moment only

    dependencies = [("paywall", "0014_create_crawlers")]

    operations = [
        migrations.RunSQL(
            create_triggers("paywall_crawler", "SELECT 'crawlers' FROM changed"), drop_triggers("paywall_crawler")
        )
    ]
