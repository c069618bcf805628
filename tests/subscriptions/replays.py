"""Telling one history again and again: the database as it was before, workers with connections of their own, and a
digest of all that came of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection, models
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from tests.shop import Shop
from tests.subscriptions.deliveries import post

KEPT = "kept_before"
# What tells how something was heard of, and not what it came to.
LEFT_OUT = {"StripeEvent", "EventCursor", "SyncJob", "OutgoingMail", "Alert", "Dashboard"}
OWN_MOMENTS = {
    *("listed_at", "synced_at", "created_at", "closed_at", "revoked_at", "refused_at", "made_at", "confirmed_at"),
    *("deleted_at", "paid_at", "unknown_since", "invited_at", "taken_at", "handled_at"),
}
SECRETS = {"fingerprint", "seed", "token_hash"}  # of the card that was seen first; drawn by chance


# --- The database as it was before ------------------------------------------------------------------------------------


def tables() -> list[str]:
    return [name for name in connection.introspection.table_names() if name != "django_migrations"]


def keep() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {KEPT} CASCADE; CREATE SCHEMA {KEPT}")
        for table in tables():
            cursor.execute(f'CREATE TABLE {KEPT}."{table}" AS TABLE public."{table}"')


def restore() -> None:
    """All rows as they were, past triggers and references."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in tables():
            columns = stored_columns(cursor, table)
            cursor.execute(f'DELETE FROM public."{table}"')
            cursor.execute(f'INSERT INTO public."{table}" ({columns}) SELECT {columns} FROM {KEPT}."{table}"')
        cursor.execute("SET session_replication_role = DEFAULT")


def stored_columns(cursor: Any, table: str) -> str:
    """Without those that the database computes."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'",
        [table],
    )
    return ", ".join(f'"{name}"' for (name,) in cursor.fetchall())


def forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {KEPT} CASCADE")


# --- Workers ----------------------------------------------------------------------------------------------------------


@contextmanager
def workers(count: int) -> Iterator[None]:
    """So many at the queue, each with a connection of its own; when the block ends, they empty it."""
    is_over = threading.Event()
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            while True:
                was_over = is_over.is_set()
                worker(f"worker-{number}").run()
                if was_over:
                    return
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join(60)
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)
    failed = DBTaskResult.objects.filter(status="FAILED").values_list("task_path", "exception_class_path")
    assert list(failed) == []


def worker(name: str) -> Worker:
    return Worker(
        queue_names=["*"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=name,
        excluded_queue_names=[],
    )


def tell(shop: Shop, events: Sequence[dict[str, Any]], *, at_once: int = 1) -> None:
    """Deliver the events in this order, so many at the same time."""
    left, guard = iter(events), threading.Lock()
    answers: list[int] = []

    def deliver() -> None:
        try:
            while (event := taken()) is not None:
                answers.append(post(shop, *shop.sandbox.signed(event)))
        finally:
            connection.close()

    def taken() -> dict[str, Any] | None:
        with guard:
            return next(left, None)

    threads = [threading.Thread(target=deliver) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [200] * len(events)


# --- What came of it --------------------------------------------------------------------------------------------------


def digest() -> dict[str, list[dict[str, Any]]]:
    """All rows of the app by model, told by names and not by numbers of rows, without moments of our own."""
    found = {}
    for model in apps.get_app_config("subscriptions").get_models():
        if model.__name__ not in LEFT_OUT:
            rows = [row_of(row) for row in model._default_manager.all()]
            found[model.__name__] = sorted(rows, key=repr)
    mails = apps.get_model("subscriptions", "OutgoingMail")._default_manager
    receipts = mails.filter(dedupe_key__startswith="receipt:").values("dedupe_key", "recipient")
    found["Receipts"] = sorted(receipts, key=repr)
    return found


def row_of(row: models.Model) -> dict[str, Any]:
    return {
        field.name: value_of(row, field)
        for field in row._meta.concrete_fields
        if field.name not in SECRETS and not isinstance(field, models.AutoField)
    }


def value_of(row: models.Model, field: models.Field[Any, Any]) -> Any:
    value = getattr(row, field.attname)
    if value is None or isinstance(value, datetime):
        return value is not None if field.name in OWN_MOMENTS else value
    if field.is_relation:
        return name_of(getattr(row, field.name))
    return value


def name_of(row: models.Model) -> str:
    for name in ("stripe_id", "email", "key", "uuid"):
        if hasattr(row, name):
            return str(getattr(row, name))
    return type(row).__name__
