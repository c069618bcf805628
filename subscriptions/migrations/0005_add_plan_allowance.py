import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0004_add_lead_source"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="allowance",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Subscribers' articles in each period. For the free registration empty means what MONTHLY_ALLOWANCE says. For what is paid empty means the whole library; a number means so many articles instead of it.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000)],
                verbose_name="allowance",
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="description",
            field=models.TextField(
                blank=True,
                help_text="One advantage a line; three lines look best. {allowance} stands for its articles a period.",
                max_length=600,
                verbose_name="lines",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("allowance__isnull", True), ("allowance__lte", 1000), _connector="OR"),
                name="plan_allowance_is_within_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "registration"), ("allowance__isnull", True), ("allowance__gte", 1), _connector="OR"
                ),
                name="plan_paid_allowance_from_one",
            ),
        ),
    ]
