"""A gift is a source of grants."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0021_add_plan_hours_and_months"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="grant",
            name="grant_source_is_known",
        ),
        migrations.AlterField(
            model_name="grant",
            name="source",
            field=models.CharField(
                choices=[
                    ("staff", "given by staff"),
                    ("import", "brought from another system"),
                    ("demo", "demonstration"),
                    ("gift", "gift subscription"),
                ],
                default="staff",
                max_length=12,
                verbose_name="source",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["staff", "import", "demo", "gift"])), name="grant_source_is_known"
            ),
        ),
    ]
