import django.db.models.deletion
from django.db import migrations, models

SOURCES = ["direct", "site", "search", "social", "mail", "other", "unknown"]
STEPS = ["teaser_seen", "gate_seen", "address_entered", "confirmed", "checkout_started", "paid"]


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0026_add_series_list_index"),
        ("paywall", "0015_create_crawler_triggers"),
        ("subscriptions", "0004_add_lead_source"),
    ]

    operations = [
        migrations.CreateModel(
            name="FunnelCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("direct", "direct"),
                            ("site", "this site"),
                            ("search", "search engine"),
                            ("social", "social network"),
                            ("mail", "mail"),
                            ("other", "another site"),
                            ("unknown", "not known"),
                        ],
                        max_length=8,
                        verbose_name="source",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("teaser_seen", "page with the gate opened"),
                            ("gate_seen", "gate seen"),
                            ("address_entered", "address entered"),
                            ("confirmed", "address confirmed"),
                            ("checkout_started", "payment page opened"),
                            ("paid", "paid"),
                        ],
                        max_length=16,
                        verbose_name="step",
                    ),
                ),
                ("number", models.PositiveIntegerField(default=0, verbose_name="number")),
                (
                    "article",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="articles.article",
                        verbose_name="article",
                    ),
                ),
            ],
            options={
                "verbose_name": "count of the funnel",
                "verbose_name_plural": "funnel",
                "ordering": ("-day", "pk"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "article", "source", "step"), name="funnel_count_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(condition=models.Q(("source__in", SOURCES)), name="funnel_source_is_known"),
                    models.CheckConstraint(condition=models.Q(("step__in", STEPS)), name="funnel_step_is_known"),
                ],
            },
        ),
    ]
