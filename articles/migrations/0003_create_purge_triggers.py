"""What tells the web processes and a CDN of every change that public pages show."""

from django.db import migrations

from articles.purge_triggers import DIFFERS, create_triggers, drop_triggers

# `library` is purged when the set of what is out, or its order, changes; `articles` with any change of what is out.
ARTICLES = """
    SELECT unnest(ARRAY['article-' || id, 'series-' || series_id, 'articles']) FROM changed WHERE status <> 'draft'
    UNION ALL
    SELECT 'library' FROM changed GROUP BY id
    HAVING bool_or(status <> 'draft')
       AND (count(*) = 1 OR count(DISTINCT (status, published_at, slug, section_id, series_id, series_part)) > 1)
"""
# The slow answer after a purge must not tell a stranger of changes in the part that costs. Of the number of words they
# see it rounded to fifty: between two multiples of twenty-five it rounds to the same.
ARTICLE_DIFFERS = """
    (to_jsonb(o) - '{modified_at,word_count}'::text[]) IS DISTINCT FROM (to_jsonb(n) - '{modified_at,word_count}'::text[])
    OR (o.word_count / 25, (o.word_count + 24) / 25) IS DISTINCT FROM (n.word_count / 25, (n.word_count + 24) / 25)
"""
PHOTOS = """
    SELECT 'article-' || article.id FROM articles_article AS article JOIN changed ON article.photo_id = changed.id
    UNION ALL
    SELECT 'author-' || author.id FROM articles_author AS author JOIN changed ON author.portrait_id = changed.id
"""
BYLINES = "SELECT unnest(ARRAY['article-' || article_id, 'author-' || author_id, 'lists']) FROM changed"
ARTICLE_TOPICS = "SELECT unnest(ARRAY['article-' || article_id, 'topic-' || topic_id, 'lists']) FROM changed"
SECTIONS = "SELECT unnest(ARRAY['section-' || id, 'sections', 'lists']) FROM changed"
# Table, keys, when a row has changed. The body is another app's: who may read it is decided there.
TRIGGERS = [
    ("articles_article", ARTICLES, ARTICLE_DIFFERS),
    ("articles_byline", BYLINES, DIFFERS),
    ("articles_article_topics", ARTICLE_TOPICS, DIFFERS),
    ("articles_articleredirect", "SELECT 'article-' || article_id FROM changed", DIFFERS),
    ("articles_section", SECTIONS, DIFFERS),
    ("articles_topic", "SELECT unnest(ARRAY['topic-' || id, 'lists']) FROM changed", DIFFERS),
    ("articles_author", "SELECT unnest(ARRAY['author-' || id, 'lists']) FROM changed", DIFFERS),
    ("articles_series", "SELECT unnest(ARRAY['series-' || id, 'lists']) FROM changed", DIFFERS),
    ("articles_photo", PHOTOS, DIFFERS),
]


class Migration(migrations.Migration):
    atomic = False  # each table is locked by itself, and for a moment only

    dependencies = [("articles", "0002_create_cache_purges")]

    operations = [
        migrations.RunSQL(create_triggers(table, keys, differs=differs), drop_triggers(table))
        for table, keys, differs in TRIGGERS
    ]
