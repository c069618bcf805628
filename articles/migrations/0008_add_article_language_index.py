from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Begins by dropping what a broken run of it left, an index that is never used; so it can be run again."""

    atomic = False

    dependencies = [
        ("articles", "0007_create_front_page_triggers"),
    ]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS article_languages", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="article",
            index=models.Index(
                condition=models.Q(("status", "published")), fields=["language"], name="article_languages"
            ),
        ),
    ]
