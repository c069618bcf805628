import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletters", "0001_create_follows"),
        ("articles", "0020_create_saved_articles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Arrival",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("arrived_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "article",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="articles.article"
                    ),
                ),
            ],
            options={
                "verbose_name": "arrival",
                "verbose_name_plural": "arrivals",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DailyMail",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="daily_mail",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reader",
                    ),
                ),
                ("is_on", models.BooleanField(default=True, verbose_name="is sent")),
                ("due_on", models.DateField(default=django.utils.timezone.localdate, verbose_name="due")),
                ("told_up_to", models.BigIntegerField(default=0, editable=False)),
            ],
            options={
                "verbose_name": "daily mail",
                "verbose_name_plural": "daily mails",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_on", True)), fields=["due_on", "user"], name="daily_mail_by_day"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                (
                    "article_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), verbose_name="articles"
                    ),
                ),
                ("others", models.PositiveIntegerField(default=0, verbose_name="articles beyond those")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("taken", "in a worker’s hand"),
                            ("sent", "sent"),
                            ("dropped", "not needed any more"),
                            ("failed", "given up"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="changed")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="letters",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reader",
                    ),
                ),
            ],
            options={
                "verbose_name": "letter",
                "verbose_name_plural": "letters",
                "ordering": ("pk",),
                "default_permissions": (),
                "indexes": [models.Index(fields=["state", "changed_at"], name="letter_by_state")],
                "constraints": [models.UniqueConstraint(fields=("user", "day"), name="letter_once_a_day")],
            },
        ),
    ]
