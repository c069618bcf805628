import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import articles.fields


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0026_add_series_list_index"),
        ("paywall", "0016_create_funnel_counts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GiftLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.DateField(verbose_name="month")),
                ("slot", models.PositiveSmallIntegerField(verbose_name="number in the month")),
                ("seed", models.CharField(editable=False, max_length=43)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "shown_name",
                    articles.fields.PlainCharField(
                        blank=True,
                        help_text="Empty: the page does not say who gave it.",
                        max_length=60,
                        verbose_name="shown name",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("expires_at", models.DateTimeField(db_index=True, verbose_name="ends")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
                ("most_readers", models.PositiveSmallIntegerField(verbose_name="for so many readers")),
                ("readers", models.PositiveSmallIntegerField(default=0, verbose_name="readers so far")),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="articles.article",
                        verbose_name="article",
                    ),
                ),
                (
                    "giver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gift_links",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="subscriber",
                    ),
                ),
            ],
            options={
                "verbose_name": "gift link",
                "verbose_name_plural": "gift links",
                "ordering": ("-made_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="GiftOpening",
            fields=[
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="openings", to="paywall.giftlink"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="giftlink",
            constraint=models.UniqueConstraint(fields=("giver", "period", "slot"), name="gift_link_slot_once"),
        ),
        migrations.AddConstraint(
            model_name="giftlink",
            constraint=models.CheckConstraint(condition=models.Q(("slot__gte", 1)), name="gift_link_slot_from_one"),
        ),
        migrations.AddConstraint(
            model_name="giftlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("readers__lte", models.F("most_readers"))), name="gift_link_readers_up_to_most"
            ),
        ),
        migrations.AddConstraint(
            model_name="giftlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("made_at"))), name="gift_link_ends_after_start"
            ),
        ),
    ]
