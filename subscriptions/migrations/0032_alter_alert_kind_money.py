"""What may be wrong with money that went back, or with what Stripe bills."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0031_add_alert_note"),
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
                    ("renewal_returned", "a payment was returned, and its subscription goes on"),
                    ("refund_failed", "a return of money that failed"),
                    ("dispute", "a payment is contested"),
                    ("foreign_product", "a product that is not this site's"),
                    ("finalization_failed", "an invoice that cannot be finalised"),
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
    ]
