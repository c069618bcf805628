"""Fill in what was filed before there were the triggers."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BATCH = 5_000
LAST = "SELECT coalesce(max(id), 0) FROM {table}"
FILL = """
    UPDATE {table} AS entry SET out_at = article.published_at
    FROM articles_article AS article
    WHERE article.id = entry.article_id AND article.status = 'published'
      AND entry.out_at IS DISTINCT FROM article.published_at AND entry.id >= %s AND entry.id < %s
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        for table in ("articles_byline", "articles_article_topics"):
            cursor.execute(LAST.format(table=table))
            for first in range(1, cursor.fetchone()[0] + 1, BATCH):
                cursor.execute(FILL.format(table=table), [first, first + BATCH])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("articles", "0011_create_out_at_triggers")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
