import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("paywall", "0017_create_gift_links"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailPass",
            fields=[
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("most_browsers", models.PositiveSmallIntegerField()),
                ("browsers", models.PositiveSmallIntegerField(default=0)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mail_passes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "pass of a letter",
                "verbose_name_plural": "passes of letters",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="MailPassOpening",
            fields=[
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                (
                    "mail_pass",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="openings", to="paywall.mailpass"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="mailpass",
            constraint=models.CheckConstraint(
                condition=models.Q(("browsers__lte", models.F("most_browsers"))), name="mail_pass_browsers_up_to_most"
            ),
        ),
    ]
