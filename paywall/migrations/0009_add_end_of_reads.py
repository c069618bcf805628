import django.db.models.deletion
from django.db import migrations, models

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '4s';"  # as nobody should wait long for a table that each reading asks

# The previous release does not name the column, and spends by calendar months alone.
CREATE_TRIGGER = """
CREATE FUNCTION metered_read_renews_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.renews_on := NEW.period + interval '1 month';
    RETURN NEW;
END
$$;
CREATE TRIGGER metered_read_renews_on BEFORE INSERT ON paywall_meteredread
    FOR EACH ROW WHEN (NEW.renews_on IS NULL) EXECUTE FUNCTION metered_read_renews_on();
"""
DROP_TRIGGER = """
DROP TRIGGER metered_read_renews_on ON paywall_meteredread;
DROP FUNCTION metered_read_renews_on();
"""

# By hand, since Django would make the foreign key anew and read the whole table for it. The column goes back only
# without the reads whose article their readers have erased.
DROP_NOT_NULL = "ALTER TABLE paywall_meteredread ALTER COLUMN article_id DROP NOT NULL"
SET_NOT_NULL = """
DELETE FROM paywall_meteredread WHERE article_id IS NULL;
ALTER TABLE paywall_meteredread ALTER COLUMN article_id SET NOT NULL;
"""


class Migration(migrations.Migration):
    """Until when each read counts; and reads whose article has been erased."""

    dependencies = [("paywall", "0008_create_meter_triggers")]

    operations = [
        migrations.RunSQL(LOCK_TIMEOUT, migrations.RunSQL.noop),
        migrations.AddField("meteredread", "renews_on", models.DateField(null=True, verbose_name="counts until")),
        migrations.RunSQL(CREATE_TRIGGER, DROP_TRIGGER),
        migrations.AlterField("meteredread", "period", models.DateField(verbose_name="period")),
        migrations.RunSQL(
            DROP_NOT_NULL,
            SET_NOT_NULL,
            state_operations=[
                migrations.AlterField(
                    "meteredread",
                    "article",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="articles.article",
                        verbose_name="article",
                    ),
                )
            ],
        ),
        migrations.RunSQL(migrations.RunSQL.noop, LOCK_TIMEOUT),
    ]
