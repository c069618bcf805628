from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0026_create_gift"),
    ]

    operations = [
        migrations.CreateModel(
            name="Card",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method_id", models.CharField(blank=True, max_length=255, verbose_name="payment method at Stripe")),
                ("kind", models.CharField(blank=True, max_length=40, verbose_name="kind")),
                ("brand", models.CharField(blank=True, max_length=40, verbose_name="brand")),
                ("last4", models.CharField(blank=True, max_length=4, verbose_name="last four digits")),
                ("exp_month", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="last month")),
                ("exp_year", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="last year")),
                (
                    "subscription",
                    models.OneToOneField(
                        on_delete=models.deletion.CASCADE,
                        related_name="card",
                        to="subscriptions.subscription",
                        verbose_name="subscription",
                    ),
                ),
            ],
            options={"verbose_name": "card", "verbose_name_plural": "cards", "ordering": ("-pk",)},
        ),
    ]
