from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """For what is forgotten. Begins by dropping what a broken run of it left, so it can be run again."""

    atomic = False

    dependencies = [("paywall", "0018_create_mail_passes")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS metered_read_renews_on", migrations.RunSQL.noop),
        AddIndexConcurrently("meteredread", models.Index(fields=["renews_on"], name="metered_read_renews_on")),
    ]
