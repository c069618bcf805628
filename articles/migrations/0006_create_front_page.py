import django.db.models.deletion
from django.db import migrations, models

import articles.fields


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0005_create_correction_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="FrontPage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("changed_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
            ],
            options={
                "verbose_name": "front page",
                "verbose_name_plural": "front page",
                "default_permissions": ("change", "view"),
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="front_page_is_one")],
            },
        ),
        migrations.CreateModel(
            name="FrontPick",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("lead", "lead"),
                            ("secondary", "beside the lead"),
                            ("section", "first in its section"),
                            ("most_read", "most read"),
                            ("library", "from the library"),
                        ],
                        max_length=12,
                        verbose_name="place",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "words",
                    articles.fields.PlainCharField(
                        blank=True,
                        help_text="A sentence shown instead of the standfirst. Everybody can read it.",
                        max_length=300,
                        verbose_name="quoted",
                    ),
                ),
                (
                    "until",
                    models.DateTimeField(
                        blank=True,
                        help_text="From then on the newest take its place again.",
                        null=True,
                        verbose_name="until",
                    ),
                ),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="articles.article",
                        verbose_name="article",
                    ),
                ),
                (
                    "front_page",
                    models.ForeignKey(
                        default=1,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="picks",
                        to="articles.frontpage",
                    ),
                ),
            ],
            options={
                "verbose_name": "choice for the front page",
                "verbose_name_plural": "choices for the front page",
                "ordering": ("place", "position", "pk"),
                "constraints": [
                    models.UniqueConstraint(fields=("place", "article"), name="front_pick_article_once_a_place"),
                    models.CheckConstraint(
                        condition=models.Q(("place__in", ["lead", "secondary", "section", "most_read", "library"])),
                        name="front_pick_place_is_known",
                    ),
                ],
            },
        ),
    ]
