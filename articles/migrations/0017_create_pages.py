import django.utils.timezone
from django.db import migrations, models

import articles.fields


class Migration(migrations.Migration):
    dependencies = [("articles", "0016_create_feed_states")]

    operations = [
        migrations.CreateModel(
            name="Page",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=80, unique=True, verbose_name="slug")),
                ("title", articles.fields.PlainCharField(max_length=120, verbose_name="title")),
                (
                    "standfirst",
                    articles.fields.PlainCharField(
                        blank=True,
                        help_text="One sentence, also shown by search engines.",
                        max_length=300,
                        verbose_name="standfirst",
                    ),
                ),
                ("html", models.TextField(blank=True, verbose_name="text")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="The order in the footer.", verbose_name="position"
                    ),
                ),
                ("is_published", models.BooleanField(default=True, verbose_name="published")),
                ("is_in_footer", models.BooleanField(default=True, verbose_name="in the footer")),
                (
                    "is_as_delivered",
                    models.BooleanField(
                        default=False,
                        help_text="The text came with the software, and nobody has made it the publication's own.",
                        verbose_name="still to be read",
                    ),
                ),
                ("updated_on", models.DateField(default=django.utils.timezone.localdate, verbose_name="text of")),
            ],
            options={
                "verbose_name": "page of the house",
                "verbose_name_plural": "pages of the house",
                "ordering": ("position", "title"),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("title", ""), _negated=True), name="page_has_a_title")
                ],
            },
        ),
    ]
