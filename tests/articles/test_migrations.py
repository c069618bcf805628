"""Migrations of tables that have grown: they wake nobody who need not wake, and can be run again after a break."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection
from django.db.migrations import Migration, RunSQL
from django.db.migrations.loader import MigrationLoader

from articles.models import Byline, CachePurge, TopicEntry
from tests import make
from tests.articles.test_purging import keys_of

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("articles_byline", "articles_article_topics")


def without_moments() -> None:
    """As the tables are when they have the column and no trigger yet."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET out_at = NULL")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def fill() -> None:
    with connection.schema_editor(atomic=False) as editor:
        import_module("articles.migrations.0012_fill_out_at").fill(apps, editor)


def test_filling_in_moments_purges_nothing() -> None:
    author = make.author()
    article = make.article(authors=[author], topics=[make.topic()])
    without_moments()
    assert keys_of(fill) == set()
    for table in (Byline, TopicEntry):
        assert [entry.out_at for entry in table.objects.all()] == [article.published_at]
    mine = {f"article-{article.pk}", f"author-{author.pk}", "lists"}
    assert keys_of(lambda: Byline.objects.update(position=7)) == mine


def test_publishing_is_told_by_the_article_and_not_again_by_each_of_its_entries() -> None:
    draft = make.article(authors=[make.author()], topics=[make.topic()], status="draft")
    assert keys_of(lambda: type(draft).objects.update(status="published")) == {
        f"article-{draft.pk}",
        "articles",
        "library",
    }
    assert CachePurge.objects.count() == 1


# --- indexes --------------------------------------------------------------------------------------------------------


def index_migrations() -> dict[str, tuple[Migration, str]]:
    """Those that make an index concurrently, and its name."""
    found = {}
    for (app, name), migration in sorted(MigrationLoader(connection).disk_migrations.items()):
        if app != "articles":
            continue
        for operation in migration.operations:
            sql = str(operation.sql) if isinstance(operation, RunSQL) else ""
            if isinstance(operation, AddIndexConcurrently):
                found[name] = (migration, operation.index.name)
            elif sql.startswith("CREATE INDEX CONCURRENTLY"):
                found[name] = (migration, sql.split()[3])
    return found


def is_valid(index: str) -> bool | None:
    """None where there is no such index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = %s", [index])
        row: Any = cursor.fetchone()
    return row[0] if row else None


def test_each_concurrent_index_has_a_migration_of_its_own() -> None:
    found = index_migrations()
    assert len(found) >= 5
    for name, (migration, _index) in found.items():
        assert len(migration.operations) == 2, name
        assert not migration.atomic, name


def test_an_index_that_a_broken_run_has_left_is_made_anew() -> None:
    loader = MigrationLoader(connection)
    for name, (migration, index) in index_migrations().items():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [index])
        assert is_valid(index) is False, name
        with connection.schema_editor(atomic=False) as editor:
            migration.apply(loader.project_state(("articles", name), at_end=False), editor)
        assert is_valid(index) is True, name
