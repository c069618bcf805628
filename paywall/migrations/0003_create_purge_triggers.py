"""What tells of changes that the pages show and that only the paywall knows the meaning of: terms, plans, bodies."""

from django.db import migrations

from articles.purge_triggers import DIFFERS, create_triggers, drop_triggers

# Where strangers do not read the body, its change is none of their business.
OPEN_BODIES = """
    SELECT 'article-' || changed.article_id
      FROM changed
      JOIN articles_article AS article ON article.id = changed.article_id
      LEFT JOIN paywall_articleterms AS terms ON terms.article_id = changed.article_id
     WHERE article.tier = 'free' OR terms.free_until > now()
"""
BODY_DIFFERS = "(o.html, o.continue_at) IS DISTINCT FROM (n.html, n.continue_at)"
TERMS = "SELECT unnest(ARRAY['article-' || article_id, 'moments']) FROM changed"
# Table, keys, primary key, when a row has changed.
TRIGGERS = [
    ("paywall_articleterms", TERMS, "article_id", DIFFERS),
    ("articles_body", OPEN_BODIES, "article_id", BODY_DIFFERS),
    ("subscriptions_plan", "SELECT 'plans' FROM changed", "id", DIFFERS),
    ("subscriptions_planprice", "SELECT 'plans' FROM changed", "id", DIFFERS),
]


class Migration(migrations.Migration):
    atomic = False  # each table is locked by itself, and for a moment only

    dependencies = [
        ("articles", "0003_create_purge_triggers"),
        ("paywall", "0002_create_article_terms"),
        ("subscriptions", "0003_create_stripe_records"),
    ]

    operations = [
        migrations.RunSQL(create_triggers(table, keys, key=key, differs=differs), drop_triggers(table))
        for table, keys, key, differs in TRIGGERS
    ]
