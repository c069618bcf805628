from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The list of an author. Begins by dropping what a broken run of it left, so it can be run again."""

    atomic = False

    dependencies = [("articles", "0012_fill_out_at")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS byline_by_date", migrations.RunSQL.noop),
        AddIndexConcurrently("byline", models.Index(fields=["author", "-out_at", "-article"], name="byline_by_date")),
    ]
