from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import paywall.meters.periods

# Every step can be run again after a break. What locks readers out neither waits nor works for long: the table is read
# by statements that lock nobody out.
PATIENCE = "SET LOCAL lock_timeout = '4s';"
TABLE = "ALTER TABLE paywall_meteredread"
IS_GIVEN = "metered_read_renews_on_is_given"
ENDS = "metered_read_ends_after_start"


def set_not_null() -> list[Operation]:
    """PostgreSQL takes the validated constraint's word for it, and reads nothing."""
    return [
        migrations.RunSQL(
            f"{PATIENCE} {TABLE} DROP CONSTRAINT IF EXISTS {IS_GIVEN};"
            f"{TABLE} ADD CONSTRAINT {IS_GIVEN} CHECK (renews_on IS NOT NULL) NOT VALID;",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(f"{TABLE} VALIDATE CONSTRAINT {IS_GIVEN}", migrations.RunSQL.noop),
        migrations.RunSQL(
            f"{PATIENCE} {TABLE} ALTER COLUMN renews_on SET NOT NULL; {TABLE} DROP CONSTRAINT {IS_GIVEN};",
            f"{PATIENCE} {TABLE} ALTER COLUMN renews_on DROP NOT NULL;",
            state_operations=[
                migrations.AlterField(
                    "meteredread",
                    "renews_on",
                    models.DateField(default=paywall.meters.periods.next_months_first, verbose_name="counts until"),
                )
            ],
        ),
    ]


def add_unique(name: str, column: str) -> list[Operation]:
    """Its index first, beside what is written meanwhile."""
    fields = ("user", "renews_on", column.removesuffix("_id"))
    return [
        migrations.RunSQL(
            [
                f"{PATIENCE} {TABLE} DROP CONSTRAINT IF EXISTS {name};",
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON paywall_meteredread (user_id, renews_on, {column})",
                f"{PATIENCE} {TABLE} ADD CONSTRAINT {name} UNIQUE USING INDEX {name};",
            ],
            f"{PATIENCE} {TABLE} DROP CONSTRAINT IF EXISTS {name};",
            state_operations=[
                migrations.AddConstraint("meteredread", models.UniqueConstraint(fields=fields, name=name))
            ],
        )
    ]


def add_check() -> list[Operation]:
    condition = models.Q(("renews_on__gt", models.F("period")))
    return [
        migrations.RunSQL(f"{PATIENCE} {TABLE} DROP CONSTRAINT IF EXISTS {ENDS};", migrations.RunSQL.noop),
        migrations.RunSQL("SET lock_timeout = '4s'", "RESET lock_timeout"),
        AddConstraintNotValid("meteredread", models.CheckConstraint(condition=condition, name=ENDS)),
        migrations.RunSQL("RESET lock_timeout", "SET lock_timeout = '4s'"),
        ValidateConstraint("meteredread", ENDS),
    ]


# Back: in a rolling period reads of one first day may have the same number, or the same article after a change of the
# meter. The later of two is kept, and they are numbered anew.
DROP_KEYS_BY_MONTH = """
SET LOCAL lock_timeout = '4s';
ALTER TABLE paywall_meteredread
    DROP CONSTRAINT IF EXISTS metered_read_once_an_article, DROP CONSTRAINT IF EXISTS metered_read_slot_once;
"""
ADD_KEYS_BY_MONTH = """
SET LOCAL lock_timeout = '4s';
ALTER TABLE paywall_meteredread
    DROP CONSTRAINT IF EXISTS metered_read_article_once, DROP CONSTRAINT IF EXISTS metered_read_number_once;
DELETE FROM paywall_meteredread AS earlier USING paywall_meteredread AS later
 WHERE (later.user_id, later.period, later.article_id) = (earlier.user_id, earlier.period, earlier.article_id)
   AND (later.renews_on, later.id) > (earlier.renews_on, earlier.id);
UPDATE paywall_meteredread AS changed SET slot = numbered.slot FROM (
    SELECT id, row_number() OVER (PARTITION BY user_id, period ORDER BY read_at, id) AS slot FROM paywall_meteredread
) AS numbered WHERE numbered.id = changed.id AND numbered.slot <> changed.slot;
ALTER TABLE paywall_meteredread
    ADD CONSTRAINT metered_read_once_an_article UNIQUE (user_id, period, article_id),
    ADD CONSTRAINT metered_read_slot_once UNIQUE (user_id, period, slot);
"""


class Migration(migrations.Migration):
    """Reads are told apart by the day on which they come back: in a rolling period that is each another one."""

    atomic = False  # indexes and checks beside what is written

    dependencies = [("paywall", "0010_fill_end_of_reads")]

    operations = [
        *set_not_null(),
        *add_unique("metered_read_article_once", "article_id"),
        *add_unique("metered_read_number_once", "slot"),
        *add_check(),
        migrations.RunSQL(
            DROP_KEYS_BY_MONTH,
            ADD_KEYS_BY_MONTH,
            state_operations=[
                migrations.RemoveConstraint("meteredread", "metered_read_once_an_article"),
                migrations.RemoveConstraint("meteredread", "metered_read_slot_once"),
            ],
        ),
    ]
