"""What tells of changes of rules, openings and the plans that an article needs; and of a body that everybody reads by one
of them.
"""

from django.db import migrations

from articles.purge_triggers import DIFFERS, create_triggers, drop_triggers

# Where strangers do not read the body, its change is none of their business. Which rule fits is not worth working out
# here: where any opens anything, a page too many is forgotten.
OPEN_BODIES = """
    SELECT 'article-' || changed.article_id
      FROM changed
      JOIN articles_article AS article ON article.id = changed.article_id
      LEFT JOIN paywall_articleterms AS terms ON terms.article_id = changed.article_id
     WHERE article.tier = 'free'
        OR terms.free_until > now()
        OR terms.free_hours IS NOT NULL
        OR EXISTS (SELECT FROM paywall_rule WHERE is_active AND ask = 'open')
        OR EXISTS (SELECT FROM paywall_opening WHERE ends_at > now())
"""
BODY_DIFFERS = "(o.html, o.continue_at) IS DISTINCT FROM (n.html, n.continue_at)"
FORMER_OPEN_BODIES = """
    SELECT 'article-' || changed.article_id
      FROM changed
      JOIN articles_article AS article ON article.id = changed.article_id
      LEFT JOIN paywall_articleterms AS terms ON terms.article_id = changed.article_id
     WHERE article.tier = 'free' OR terms.free_until > now()
"""
ACCESS = "SELECT 'access' FROM changed"
PLANS_OF_TERMS = "SELECT unnest(ARRAY['article-' || articleterms_id, 'moments']) FROM changed"
TRIGGERS = [
    ("paywall_rule", ACCESS),
    ("paywall_opening", ACCESS),
    ("paywall_articleterms_plans", PLANS_OF_TERMS),
]


class Migration(migrations.Migration):
    atomic = False  # each table is locked by itself, and for a moment only

    dependencies = [
        ("articles", "0026_add_series_list_index"),
        ("paywall", "0005_create_rules_and_openings"),
    ]

    operations = [
        *(
            migrations.RunSQL(create_triggers(table, keys, key="id", differs=DIFFERS), drop_triggers(table))
            for table, keys in TRIGGERS
        ),
        migrations.RunSQL(
            create_triggers("articles_body", OPEN_BODIES, key="article_id", differs=BODY_DIFFERS),
            create_triggers("articles_body", FORMER_OPEN_BODIES, key="article_id", differs=BODY_DIFFERS),
        ),
    ]
