from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0019_add_plan_seats"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="seat",
            name="token_hash",
            field=models.CharField(
                blank=True,
                db_default="",
                editable=False,
                max_length=64,
                verbose_name="hash of the invitation's secret",
            ),
        ),
        migrations.AddField(
            model_name="seat",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="invitation ends"),
        ),
        migrations.AddField(
            model_name="seat",
            name="sendings",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="invitations sent"),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "taken")), fields=("group", "user"), name="seat_one_by_reader"
            ),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.UniqueConstraint(
                condition=models.Q(("token_hash", ""), _negated=True),
                fields=("token_hash",),
                name="seat_token_is_its_own",
            ),
        ),
    ]
