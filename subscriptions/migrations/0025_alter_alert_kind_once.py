"""What may be wrong with something that was paid once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0024_add_purchase_invoice"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("double_subscription", "double subscription"),
                    ("unknown_status", "unknown status"),
                    ("unknown_price", "unknown price"),
                    ("switched_off", "paid for an account that is switched off"),
                    ("unknown_customer", "unknown customer"),
                    ("leaving", "somebody leaves, and a person has to look"),
                    ("not_returned", "money that could not be returned"),
                    ("bought_twice", "one article bought twice"),
                    ("partly_returned", "a payment was returned in part"),
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
    ]
