"""The outbox of purges, and the function of the triggers that fill it."""

import django.utils.timezone
from django.db import migrations, models

from articles.purge_triggers import DROP_PURGE_FUNCTION, PURGE_FUNCTION


class Migration(migrations.Migration):
    dependencies = [("articles", "0001_create_library")]

    operations = [
        migrations.CreateModel(
            name="CachePurge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("keys", models.TextField(verbose_name="surrogate keys")),
                (
                    "due_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name="due"),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("is_repeated", models.BooleanField(default=False, verbose_name="told once already")),
            ],
            options={
                "verbose_name": "purge of a cache",
                "verbose_name_plural": "purges of caches",
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(PURGE_FUNCTION, DROP_PURGE_FUNCTION),
    ]
