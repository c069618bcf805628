from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '4s';"


class Migration(migrations.Migration):
    """The rows that stand are not read: 0006 validates the constraint."""

    dependencies = [("subscriptions", "0003_create_stripe_records")]

    operations = [
        migrations.RunSQL(LOCK_TIMEOUT, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="lead",
            name="source",
            field=models.CharField(
                choices=[
                    ("direct", "direct"),
                    ("site", "this site"),
                    ("search", "search engine"),
                    ("social", "social network"),
                    ("mail", "mail"),
                    ("other", "another site"),
                    ("unknown", "not known"),
                ],
                db_default="unknown",
                default="unknown",
                max_length=8,
                verbose_name="led here by",
            ),
        ),
        AddConstraintNotValid(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["direct", "site", "search", "social", "mail", "other", "unknown"])),
                name="lead_source_is_known",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, LOCK_TIMEOUT),
    ]
