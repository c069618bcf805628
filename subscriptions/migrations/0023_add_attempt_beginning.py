"""When a subscription is first charged that begins behind a gift."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0022_alter_grant_source"),
    ]

    operations = [
        migrations.AddField(
            model_name="checkoutattempt",
            name="begins_at",
            field=models.DateTimeField(
                blank=True,
                help_text="The end of a gift that the reader has; empty: the first payment is due at once.",
                null=True,
                verbose_name="first payment",
            ),
        ),
    ]
