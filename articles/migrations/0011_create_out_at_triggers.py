from django.db import migrations

from articles.out_at_triggers import create_out_at_triggers, drop_out_at_triggers
from articles.purge_triggers import DIFFERS, create_triggers

# That `out_at` follows its article shows nothing that the article's own purge does not tell.
DIFFERS_FOR_READERS = "(to_jsonb(o) - 'out_at') IS DISTINCT FROM (to_jsonb(n) - 'out_at')"
KEYS = {
    "articles_byline": "SELECT unnest(ARRAY['article-' || article_id, 'author-' || author_id, 'lists']) FROM changed",
    "articles_article_topics": (
        "SELECT unnest(ARRAY['article-' || article_id, 'topic-' || topic_id, 'lists']) FROM changed"
    ),
}


def update_triggers(differs: str) -> str:
    return "".join(create_triggers(table, keys, differs=differs, on=("UPDATE",)) for table, keys in KEYS.items())


class Migration(migrations.Migration):
    dependencies = [("articles", "0010_add_out_at")]

    operations = [
        migrations.RunSQL(update_triggers(DIFFERS_FOR_READERS), update_triggers(DIFFERS)),
        migrations.RunSQL(create_out_at_triggers(), drop_out_at_triggers()),
    ]
