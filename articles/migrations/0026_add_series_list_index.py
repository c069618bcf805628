import django.db.models.functions.comparison
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The list of a series. Begins by dropping what a broken run of it left, so it can be run again."""

    atomic = False

    dependencies = [("articles", "0025_drop_section_index")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS article_by_series_place", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "article",
            models.Index(
                models.F("series"),
                models.F("status"),
                django.db.models.functions.comparison.Coalesce(
                    "series_part", 1000000, output_field=models.IntegerField()
                ),
                models.F("published_at"),
                models.F("id"),
                name="article_by_series_place",
            ),
        ),
    ]
