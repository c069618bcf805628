"""What of an invoice was returned, and who may return it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0033_add_grant_revocation"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="refunded_minor",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="returned"),
        ),
        migrations.AlterModelOptions(
            name="invoice",
            options={
                "ordering": ("-finalized_at", "-pk"),
                "permissions": (("return_money", "Can give money back"),),
                "verbose_name": "invoice",
                "verbose_name_plural": "invoices",
            },
        ),
    ]
