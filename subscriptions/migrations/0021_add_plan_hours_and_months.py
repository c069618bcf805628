"""Of what is paid once: how long a pass runs, and how long a gift."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0020_add_seat_invitation"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="gift_months",
            field=models.PositiveSmallIntegerField(
                db_default=12,
                default=12,
                help_text="Of a gift subscription.",
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(24)],
                verbose_name="months of a gift",
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="pass_hours",
            field=models.PositiveSmallIntegerField(
                db_default=24,
                default=24,
                help_text="Of a one-off pass, from the moment of payment: 24 is a day, 168 a week.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(8784),
                ],
                verbose_name="hours of a pass",
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="kind",
            field=models.CharField(
                choices=[
                    ("registration", "free registration"),
                    ("trial", "trial"),
                    ("recurring", "recurring subscription"),
                    ("pass", "one-off pass"),
                    ("article", "single article"),
                    ("gift", "gift subscription"),
                ],
                default="recurring",
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("pass_hours__gte", 1), ("pass_hours__lte", 8784)), name="plan_pass_has_hours"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("gift_months__gte", 1), ("gift_months__lte", 24)), name="plan_gift_has_months"
            ),
        ),
    ]
