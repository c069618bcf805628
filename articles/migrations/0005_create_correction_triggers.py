from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers

TABLE = "articles_correction"
CORRECTIONS = "SELECT unnest(ARRAY['article-' || article_id, 'corrections']) FROM changed"


class Migration(migrations.Migration):
    dependencies = [("articles", "0004_create_corrections")]

    operations = [migrations.RunSQL(create_triggers(TABLE, CORRECTIONS), drop_triggers(TABLE))]
