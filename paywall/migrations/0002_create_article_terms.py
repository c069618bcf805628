"""Terms of single articles."""

import datetime

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

MOMENTS = (datetime.datetime(1001, 1, 1, tzinfo=datetime.UTC), datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC))


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0001_create_library"),
        ("paywall", "0001_create_metered_reads"),
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
                        help_text="Until then everybody may read it, whatever “Open to” says.",
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
    ]
