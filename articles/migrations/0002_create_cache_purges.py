"""The outbox of purges, and the triggers that fill it and tell every web process."""

import django.utils.timezone
from django.db import migrations, models

from articles.purge_triggers import DROP_PURGE_FUNCTION, PURGE_FUNCTION, create_triggers, drop_triggers

# `library` is purged when the set of what is out, or its order, changes; `articles` with any change of what is out.
ARTICLES = """
    SELECT unnest(ARRAY['article-' || id, 'articles']) FROM changed WHERE status <> 'draft'
    UNION ALL
    SELECT 'library' FROM changed GROUP BY id
    HAVING bool_or(status <> 'draft')
       AND (count(*) = 1 OR count(DISTINCT (status, published_at, slug, section_id, series_id, series_part)) > 1)
"""
PHOTOS = """
    SELECT 'article-' || article.id FROM articles_article AS article JOIN changed ON article.photo_id = changed.id
    UNION ALL
    SELECT 'author-' || author.id FROM articles_author AS author JOIN changed ON author.portrait_id = changed.id
"""
# Table, keys, primary key, operations.
TRIGGERS = [
    ("articles_article", ARTICLES, "id", ("INSERT", "UPDATE", "DELETE")),
    ("articles_body", "SELECT 'article-' || article_id FROM changed", "article_id", ("UPDATE", "DELETE")),
    (
        "articles_byline",
        "SELECT unnest(ARRAY['article-' || article_id, 'author-' || author_id]) FROM changed",
        "id",
        ("INSERT", "UPDATE", "DELETE"),
    ),
    (
        "articles_article_topics",
        "SELECT unnest(ARRAY['article-' || article_id, 'topic-' || topic_id]) FROM changed",
        "id",
        ("INSERT", "UPDATE", "DELETE"),
    ),
    ("articles_articleredirect", "SELECT 'article-' || article_id FROM changed", "id", ("INSERT", "UPDATE", "DELETE")),
    (
        "articles_section",
        "SELECT unnest(ARRAY['section-' || id, 'sections', 'lists']) FROM changed",
        "id",
        ("INSERT", "UPDATE", "DELETE"),
    ),
    ("articles_topic", "SELECT unnest(ARRAY['topic-' || id, 'lists']) FROM changed", "id", ("UPDATE", "DELETE")),
    ("articles_author", "SELECT unnest(ARRAY['author-' || id, 'lists']) FROM changed", "id", ("UPDATE", "DELETE")),
    ("articles_series", "SELECT unnest(ARRAY['series-' || id, 'lists']) FROM changed", "id", ("UPDATE", "DELETE")),
    ("articles_photo", PHOTOS, "id", ("UPDATE",)),
]


class Migration(migrations.Migration):
    dependencies = [("articles", "0001_create_library")]

    operations = [
        migrations.CreateModel(
            name="CachePurge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("keys", models.TextField(verbose_name="surrogate keys")),
                (
                    "due_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name="due"),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("is_repeated", models.BooleanField(default=False, verbose_name="told once already")),
            ],
            options={
                "verbose_name": "purge of a cache",
                "verbose_name_plural": "purges of caches",
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(PURGE_FUNCTION, DROP_PURGE_FUNCTION),
        *(
            migrations.RunSQL(create_triggers(table, keys, key=key, on=on), drop_triggers(table, on=on))
            for table, keys, key, on in TRIGGERS
        ),
    ]
