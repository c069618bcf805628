"""The invoice of what was paid once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0023_add_attempt_beginning"),
    ]

    operations = [
        migrations.AddField(
            model_name="purchase",
            name="invoice_id",
            field=models.CharField(blank=True, db_default="", max_length=255, verbose_name="invoice at Stripe"),
        ),
        migrations.AddField(
            model_name="purchase",
            name="invoice_number",
            field=models.CharField(blank=True, db_default="", max_length=60, verbose_name="invoice number"),
        ),
        migrations.AddField(
            model_name="purchase",
            name="invoice_url",
            field=models.TextField(blank=True, db_default="", verbose_name="invoice page at Stripe"),
        ),
    ]
