import uuid

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0026_add_series_list_index"),
        ("paywall", "0006_create_access_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Meter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "period_kind",
                    models.CharField(
                        choices=[("month", "calendar month"), ("rolling", "so many days from each read on")],
                        default="month",
                        help_text="With the calendar month all reads come back on the first. Otherwise each comes back by itself, so many days after it was spent. What was opened stays open as long as its reader was told, also after a change.",
                        max_length=8,
                        verbose_name="period",
                    ),
                ),
                (
                    "days",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="Of the publication's time zone, the day of the read counted as the first.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(92),
                        ],
                        verbose_name="days",
                    ),
                ),
                (
                    "anonymous_allowance",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How many subscribers' articles somebody opens in a period without giving an address; 0: none. It is counted by a cookie, so whoever removes the cookie begins anew, a few times a day in each network. What registered readers open is said on the plan of the free registration.",
                        validators=[django.core.validators.MaxValueValidator(20)],
                        verbose_name="free articles of strangers",
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
            ],
            options={
                "verbose_name": "meter",
                "verbose_name_plural": "meter",
                "default_permissions": ("change", "view"),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="meter_is_one"),
                    models.CheckConstraint(
                        condition=models.Q(("period_kind__in", ["month", "rolling"])),
                        name="meter_period_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("days__range", (1, 92))), name="meter_days_are_within_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("anonymous_allowance__lte", 20)), name="meter_anonymous_is_within_reason"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AnonymousMeter",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("period", models.DateField(verbose_name="period")),
                ("renews_on", models.DateField(db_index=True, verbose_name="counts until")),
            ],
            options={
                "verbose_name": "anonymous meter",
                "verbose_name_plural": "anonymous meters",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("renews_on__gt", models.F("period"))),
                        name="anonymous_meter_ends_after_start",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AnonymousRead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="articles.article"
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reads",
                        to="paywall.anonymousmeter",
                    ),
                ),
            ],
            options={
                "verbose_name": "anonymous read",
                "verbose_name_plural": "anonymous reads",
                "constraints": [
                    models.UniqueConstraint(fields=("meter", "article"), name="anonymous_read_once_an_article")
                ],
            },
        ),
    ]
