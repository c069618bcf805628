"""What tells of a former address of a list: whoever keeps the redirect has it under the key of what it leads to."""

from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers

TABLE = "articles_listredirect"
REDIRECTS = """
    SELECT unnest(ARRAY['section-' || section_id, 'topic-' || topic_id, 'author-' || author_id, 'series-' || series_id])
    FROM changed
"""


class Migration(migrations.Migration):
    dependencies = [("articles", "0021_create_list_redirects")]

    operations = [migrations.RunSQL(create_triggers(TABLE, REDIRECTS), drop_triggers(TABLE))]
