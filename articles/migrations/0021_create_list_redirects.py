import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0020_create_saved_articles"),
    ]

    operations = [
        migrations.CreateModel(
            name="ListRedirect",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=200, verbose_name="former slug")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="redirects",
                        to="articles.author",
                        verbose_name="author",
                    ),
                ),
                (
                    "section",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="redirects",
                        to="articles.section",
                        verbose_name="section",
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="redirects",
                        to="articles.series",
                        verbose_name="series",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="redirects",
                        to="articles.topic",
                        verbose_name="topic",
                    ),
                ),
            ],
            options={
                "verbose_name": "redirect of a list",
                "verbose_name_plural": "redirects of lists",
                "ordering": ("slug",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("author__isnull", True),
                                ("section__isnull", False),
                                ("series__isnull", True),
                                ("topic__isnull", True),
                            ),
                            models.Q(
                                ("author__isnull", True),
                                ("section__isnull", True),
                                ("series__isnull", True),
                                ("topic__isnull", False),
                            ),
                            models.Q(
                                ("author__isnull", False),
                                ("section__isnull", True),
                                ("series__isnull", True),
                                ("topic__isnull", True),
                            ),
                            models.Q(
                                ("author__isnull", True),
                                ("section__isnull", True),
                                ("series__isnull", False),
                                ("topic__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="list_redirect_has_one_target",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("section__isnull", False)),
                        fields=("slug",),
                        name="list_redirect_once_a_section",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("topic__isnull", False)),
                        fields=("slug",),
                        name="list_redirect_once_a_topic",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("author__isnull", False)),
                        fields=("slug",),
                        name="list_redirect_once_a_author",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("series__isnull", False)),
                        fields=("slug",),
                        name="list_redirect_once_a_series",
                    ),
                ],
            },
        ),
    ]
