"""A payment that is contested, and the subscription that it suspends."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0029_add_subscription_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stripe_id", models.CharField(max_length=255, unique=True, verbose_name="dispute at Stripe")),
                ("charge_id", models.CharField(db_index=True, max_length=255, verbose_name="charge at Stripe")),
                ("payment_intent", models.CharField(blank=True, max_length=255, verbose_name="payment at Stripe")),
                (
                    "amount_minor",
                    models.BigIntegerField(help_text="In the smallest unit of the currency.", verbose_name="contested"),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="As Stripe spells it.", max_length=60, verbose_name="reason"
                    ),
                ),
                ("status", models.CharField(help_text="As Stripe spells it.", max_length=40, verbose_name="status")),
                ("evidence_due_at", models.DateTimeField(blank=True, null=True, verbose_name="evidence is due")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                (
                    "closed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the site learned of it: Stripe tells no moment.",
                        null=True,
                        verbose_name="closed",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="subscriptions.stripecustomer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "purchase",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="subscriptions.purchase",
                        verbose_name="purchase",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="subscriptions.subscription",
                        verbose_name="subscription",
                    ),
                ),
            ],
            options={
                "verbose_name": "dispute",
                "verbose_name_plural": "disputes",
                "ordering": ("-opened_at", "-pk"),
            },
        ),
        migrations.AddField(
            model_name="subscription",
            name="suspended_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Since when a payment for it is contested, or was lost by it.",
                null=True,
                verbose_name="suspended",
            ),
        ),
    ]
