from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("paywall", "0019_add_reads_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailpass",
            name="most_unnamed",
            field=models.PositiveSmallIntegerField(db_default=20),
        ),
        migrations.AddField(
            model_name="mailpass",
            name="unnamed",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddConstraint(
            model_name="mailpass",
            constraint=models.CheckConstraint(
                condition=models.Q(("unnamed__lte", models.F("most_unnamed"))), name="mail_pass_unnamed_up_to_most"
            ),
        ),
    ]
