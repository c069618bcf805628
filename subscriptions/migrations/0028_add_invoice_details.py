from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0027_create_card"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="attempt_count",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="attempts"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="description",
            field=models.CharField(blank=True, db_default="", default="", max_length=300, verbose_name="for"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="due_minor",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="still to be paid"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="next_attempt_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="next attempt"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="pdf_url",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="PDF at Stripe"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="period_end",
            field=models.DateTimeField(blank=True, null=True, verbose_name="until"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="period_start",
            field=models.DateTimeField(blank=True, null=True, verbose_name="from"),
        ),
    ]
