"""What tells of a changed page of the house, and of what the foot of every page says of it."""

from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers

TABLE = "articles_page"
PAGES = """
    SELECT 'page-' || id FROM changed
    UNION ALL
    SELECT 'pages' FROM changed GROUP BY id
    HAVING bool_or(is_published)
       AND (count(*) = 1 OR count(DISTINCT (slug, title, position, is_published, is_in_footer)) > 1)
"""


class Migration(migrations.Migration):
    dependencies = [("articles", "0017_create_pages")]
    operations = [migrations.RunSQL(create_triggers(TABLE, PAGES), drop_triggers(TABLE))]
