"""Gift subscriptions."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import subscriptions.models.gift


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0025_alter_alert_kind_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Gift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("months", models.PositiveSmallIntegerField(verbose_name="months")),
                (
                    "giver_name",
                    models.CharField(
                        blank=True,
                        help_text="Empty: it is not said who gave it.",
                        max_length=60,
                        verbose_name="giver's name",
                    ),
                ),
                ("recipient_name", models.CharField(blank=True, max_length=60, verbose_name="for")),
                (
                    "recipient_email",
                    models.EmailField(
                        blank=True,
                        help_text="Empty: the giver prints the card.",
                        max_length=254,
                        verbose_name="recipient's address",
                    ),
                ),
                ("message", models.TextField(blank=True, max_length=600, verbose_name="message")),
                ("sends_on", models.DateField(verbose_name="sent on")),
                ("seed", models.CharField(default=subscriptions.models.gift.new_seed, editable=False, max_length=43)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("cards", models.PositiveSmallIntegerField(default=0, verbose_name="cards sent")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="ordered")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="to be redeemed until")),
                ("redeemed_at", models.DateTimeField(blank=True, null=True, verbose_name="redeemed")),
                (
                    "remainder",
                    models.DurationField(
                        blank=True,
                        help_text="Where a subscription began while it ran; else all of its months.",
                        null=True,
                        verbose_name="what is left",
                    ),
                ),
                ("begun_at", models.DateTimeField(blank=True, null=True, verbose_name="begun")),
            ],
            options={
                "verbose_name": "gift subscription",
                "verbose_name_plural": "gift subscriptions",
                "ordering": ("-created_at", "-pk"),
            },
        ),
        migrations.AddField(
            model_name="gift",
            name="attempt",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gift",
                to="subscriptions.checkoutattempt",
                verbose_name="checkout attempt",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="grant",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="gift",
                to="subscriptions.grant",
                verbose_name="grant",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="purchase",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gift",
                to="subscriptions.purchase",
                verbose_name="purchase",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="redeemed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="gifts_redeemed",
                to=settings.AUTH_USER_MODEL,
                verbose_name="redeemed by",
            ),
        ),
        migrations.AddIndex(
            model_name="gift",
            index=models.Index(
                condition=models.Q(("cards", 0), ("purchase__isnull", False)),
                fields=["sends_on"],
                name="gift_to_be_sent",
            ),
        ),
        migrations.AddIndex(
            model_name="gift",
            index=models.Index(
                condition=models.Q(("begun_at", None), ("redeemed_at__isnull", False)),
                fields=["redeemed_by"],
                name="gift_that_waits",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(condition=models.Q(("months__gte", 1)), name="gift_has_a_month"),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("redeemed_at__isnull", True), ("purchase__isnull", False), _connector="OR"),
                name="gift_redeemed_is_paid",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("begun_at__isnull", True), ("redeemed_at__isnull", False), _connector="OR"),
                name="gift_begun_is_redeemed",
            ),
        ),
    ]
