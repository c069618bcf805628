import django.core.validators
from django.db import migrations, models

SEATS = [django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)]


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0018_add_agreement_trigger"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="is_group",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="The price is for one seat. Who pays invites the readers, and reads without a seat.",
                verbose_name="for groups",
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="least_seats",
            field=models.PositiveSmallIntegerField(
                db_default=2, default=2, validators=SEATS, verbose_name="fewest seats"
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="most_seats",
            field=models.PositiveSmallIntegerField(
                db_default=50, default=50, validators=SEATS, verbose_name="most seats"
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="is_at_gate",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Else on the page of the plans alone, as is best for groups.",
                verbose_name="also under articles",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_group", False), ("kind", "recurring"), _connector="OR"),
                name="plan_group_is_a_subscription",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("least_seats__gte", 1), ("most_seats__gte", models.F("least_seats")), ("most_seats__lte", 1000)
                ),
                name="plan_seats_are_a_range",
            ),
        ),
    ]
