import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import articles.fields


class Migration(migrations.Migration):
    dependencies = [("articles", "0003_create_purge_triggers")]

    operations = [
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("correction", "correction"),
                            ("clarification", "clarification"),
                            ("update", "update"),
                        ],
                        default="correction",
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                (
                    "text",
                    articles.fields.PlainTextField(
                        help_text="What was wrong and what is right. Everybody reads it, so quote nothing of the part that costs.",
                        max_length=1000,
                        verbose_name="text",
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="made"),
                ),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="articles.article",
                        verbose_name="article",
                    ),
                ),
            ],
            options={
                "verbose_name": "correction",
                "verbose_name_plural": "corrections",
                "ordering": ("-made_at", "-pk"),
                "indexes": [models.Index(fields=["-made_at", "-id"], name="correction_by_date")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["correction", "clarification", "update"])),
                        name="correction_kind_is_known",
                    )
                ],
            },
        ),
    ]
