from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0040_alter_agreement_kind")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="begins_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it was sold to begin, with its first payment. Until then the gift opens what is open.",
                null=True,
                verbose_name="begins behind a gift",
            ),
        ),
    ]
