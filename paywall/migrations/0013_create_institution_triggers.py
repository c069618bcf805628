"""What tells of changes of institutions. Every gate says whether there is any, so that their contracts purge all pages;
their addresses are shown nowhere.
"""

from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers

CONTRACTS = "SELECT unnest(ARRAY['institutions', 'access', 'moments']) FROM changed"
# What no page and no decision shows is not told.
CONTRACT_DIFFERS = """
    (o.name, o.starts_on, o.ends_on, o.roaming_days) IS DISTINCT FROM (n.name, n.starts_on, n.ends_on, n.roaming_days)
"""
WAYS = "SELECT 'institutions' FROM changed"


class Migration(migrations.Migration):
    atomic = False  # each table is locked by itself, and for a moment only

    dependencies = [("paywall", "0012_create_institutions")]

    operations = [
        migrations.RunSQL(
            create_triggers("paywall_institution", CONTRACTS, differs=CONTRACT_DIFFERS),
            drop_triggers("paywall_institution"),
        ),
        *(
            migrations.RunSQL(create_triggers(table, WAYS), drop_triggers(table))
            for table in ("paywall_addressrange", "paywall_maildomain")
        ),
    ]
