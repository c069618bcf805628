"""Terms of single articles, and the triggers that purge what they and the plans change."""

import datetime

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from articles.purge_triggers import create_triggers, drop_triggers

MOMENTS = (datetime.datetime(1001, 1, 1, tzinfo=datetime.UTC), datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC))
TRIGGERS = [
    ("paywall_articleterms", "SELECT unnest(ARRAY['article-' || article_id, 'moments']) FROM changed", "article_id"),
    ("subscriptions_plan", "SELECT 'plans' FROM changed", "id"),
    ("subscriptions_planprice", "SELECT 'plans' FROM changed", "id"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0002_create_cache_purges"),
        ("paywall", "0001_create_metered_reads"),
        ("subscriptions", "0003_create_stripe_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="ArticleTerms",
            fields=[
                (
                    "article",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="terms",
                        serialize=False,
                        to="articles.article",
                        verbose_name="article",
                    ),
                ),
                (
                    "free_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Up to this second everybody may read it, whatever it asks for otherwise.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(MOMENTS[0]),
                            django.core.validators.MaxValueValidator(MOMENTS[1]),
                        ],
                        verbose_name="free until",
                    ),
                ),
            ],
            options={
                "verbose_name": "terms",
                "verbose_name_plural": "terms",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("free_until__isnull", True), ("free_until__range", MOMENTS), _connector="OR"
                        ),
                        name="terms_moment_is_within_reason",
                    )
                ],
            },
        ),
        *(
            migrations.RunSQL(create_triggers(table, keys, key=key), drop_triggers(table))
            for table, keys, key in TRIGGERS
        ),
    ]
