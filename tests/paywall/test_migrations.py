"""The reads that stand when they get the day on which they come back: forwards, beside the release before, and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts.models import User
from articles.models import Article
from paywall.models import MeteredRead
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

APP = "paywall"
NAMES = ("0009_add_end_of_reads", "0010_fill_end_of_reads", "0011_alter_metered_read_keys")
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
# As the release before writes: it does not name the new column.
WRITE = "INSERT INTO paywall_meteredread (user_id, article_id, period, slot, read_at) VALUES (%s, %s, %s, %s, %s)"


def forwards(*names: str) -> None:
    loader = MigrationLoader(connection)
    for name in names:
        migration = loader.disk_migrations[APP, name]
        with connection.schema_editor(atomic=migration.atomic) as editor:
            migration.apply(loader.project_state((APP, name), at_end=False), editor)


def backwards(*names: str) -> None:
    loader = MigrationLoader(connection)
    for name in reversed(names):
        migration = loader.disk_migrations[APP, name]
        with connection.schema_editor(atomic=migration.atomic) as editor:
            migration.unapply(loader.project_state((APP, name), at_end=False), editor)


def write(user: User, article: Article, period: date, slot: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [user.pk, article.pk, period, slot, NOW])


def shape() -> list[tuple[str, str, bool]]:
    """The constraints and triggers of the table, and whether its rows are known to keep them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
            " WHERE conrelid = 'paywall_meteredread'::regclass"
            " UNION ALL SELECT tgname, '', true FROM pg_trigger"
            " WHERE tgrelid = 'paywall_meteredread'::regclass AND NOT tgisinternal"
            " ORDER BY 1"
        )
        return cursor.fetchall()


def columns() -> list[str]:
    with connection.cursor() as cursor:
        return [each.name for each in connection.introspection.get_table_description(cursor, "paywall_meteredread")]


@pytest.fixture
def reader() -> User:
    return User.objects.create_user("reader@example.com")


@pytest.fixture
def before() -> Iterator[list[tuple[str, str, bool]]]:
    """The table as the release before has it."""
    now = shape()
    backwards(*NAMES)
    yield now
    assert shape() == now


def test_reads_that_stand_come_back_on_the_first_of_the_next_month(
    before: list[tuple[str, str, bool]], reader: User
) -> None:
    assert "renews_on" not in columns()
    first, last = make.article(), make.article()
    write(reader, first, date(2026, 10, 1), 1)
    write(reader, last, date(2026, 12, 1), 1)
    forwards(*NAMES)
    assert shape() == before
    ends = dict(MeteredRead.objects.values_list("article_id", "renews_on"))
    assert ends == {first.pk: date(2026, 11, 1), last.pk: date(2027, 1, 1)}


@pytest.mark.parametrize("done", [1, 2, 3])
def test_what_the_release_before_writes_meanwhile_has_its_day_by_its_own_month(
    before: list[tuple[str, str, bool]], reader: User, done: int
) -> None:
    """Not by the database's clock: at the turn of a month that has another one."""
    forwards(*NAMES[:done])
    write(reader, make.article(), date(2031, 1, 1), 1)
    forwards(*NAMES[done:])
    assert MeteredRead.objects.get().renews_on == date(2031, 2, 1)


def test_a_day_that_is_given_is_kept(reader: User) -> None:
    read = MeteredRead.objects.create(
        user=reader, article=make.article(), period=date(2026, 11, 3), renews_on=date(2026, 11, 10), slot=1
    )
    read.refresh_from_db()
    assert read.renews_on == date(2026, 11, 10)


def test_the_keys_can_be_made_again_after_a_break(reader: User) -> None:
    now = shape()
    write(reader, make.article(), date(2026, 11, 1), 1)
    forwards(NAMES[1], NAMES[2])
    assert shape() == now


def test_back_what_the_release_before_cannot_hold_goes_and_the_rest_stays(reader: User) -> None:
    """An erased article, one that was opened twice after a change of the meter, and two reads with one number."""
    now = shape()
    twice, other = make.article(), make.article()
    reads = [
        (twice, date(2026, 11, 2), 1),
        (twice, date(2026, 12, 1), 1),
        (other, date(2026, 12, 1), 2),
        (None, date(2026, 12, 1), 3),
    ]
    for article, renews_on, slot in reads:
        MeteredRead.objects.create(
            user=reader, article=article, period=date(2026, 11, 1), renews_on=renews_on, slot=slot
        )
    other_day = MeteredRead.objects.create(
        user=reader, article=make.article(), period=date(2026, 11, 1), renews_on=date(2026, 12, 2), slot=1
    )
    backwards(*NAMES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT article_id, slot FROM paywall_meteredread ORDER BY slot")
        assert cursor.fetchall() == [(twice.pk, 1), (other.pk, 2), (other_day.article_id, 4)]
    forwards(*NAMES)
    assert shape() == now
    assert set(MeteredRead.objects.values_list("renews_on", flat=True)) == {date(2026, 12, 1)}


def test_the_source_of_a_lead_is_validated_by_itself() -> None:
    """In one with the column it would read the table while nobody else may."""
    loader = MigrationLoader(connection)
    adding = loader.disk_migrations["subscriptions", "0004_add_lead_source"]
    validating = loader.disk_migrations["subscriptions", "0006_alter_lead_source_check"]
    assert "AddConstraintNotValid" in {type(operation).__name__ for operation in adding.operations}
    assert [type(operation).__name__ for operation in validating.operations] == ["ValidateConstraint"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'lead_source_is_known'")
        assert cursor.fetchone() == (True,)
