from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The list of a section. Begins by dropping what a broken run of it left, so it can be run again."""

    atomic = False

    dependencies = [("articles", "0023_add_topic_list_index")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS article_by_section_date", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "article",
            models.Index(fields=["section", "status", "-published_at", "-id"], name="article_by_section_date"),
        ),
    ]
