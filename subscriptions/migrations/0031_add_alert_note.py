"""Whom an alert is about, and what was written when it was acknowledged."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0030_create_dispute"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                help_text="Whom it is about, where that is one.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="alerts",
                to="subscriptions.stripecustomer",
                verbose_name="customer",
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=300, verbose_name="note"),
        ),
    ]
