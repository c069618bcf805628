"""The periodic task, on the real queue: that it goes on whatever happens, once at a time, and what it does when."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles.models import CachePurge
from newsroom import housekeeping
from tests import make

pytestmark = pytest.mark.django_db
WORKERS = 8
ALL = ["catch_up", "sync_plans", "reconcile", "send_waiting", "prune"]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stripe(settings: Any) -> Iterator[mock.Mock]:
    """Payments are open; what is asked of Stripe is only written down."""
    settings.STRIPE_SECRET_KEY = "sk_test_sandbox_x"
    work = mock.Mock()
    work.reconcile.return_value = []
    with (
        mock.patch("subscriptions.mirroring.reconcile.catch_up", work.catch_up),
        mock.patch("subscriptions.catalogue.sync_plans", work.sync_plans),
        mock.patch("subscriptions.mirroring.reconcile.reconcile", work.reconcile),
        mock.patch("subscriptions.outgoing.send_waiting", work.send_waiting),
        mock.patch("accounts.pruning.prune", work.prune),
    ):
        yield work


def done(work: mock.Mock) -> list[str]:
    names = [name for name, _arguments, _options in work.method_calls]
    work.reset_mock()
    return names


def rounds(status: str = TaskResultStatus.READY) -> QuerySet[DBTaskResult]:
    return DBTaskResult.objects.filter(task_path=housekeeping.keep_house.module_path, status=status)


def run_worker(**options: Any) -> None:
    """The worker as it runs for good, ended after one task. It fails where it would wait for one."""
    module = "django_tasks_db.management.commands.db_worker"
    idle = mock.Mock(sleep=mock.Mock(side_effect=AssertionError("no task is queued")))
    with mock.patch(f"{module}.close_old_connections"), mock.patch(f"{module}.time", idle):
        call_command("db_worker", interval=0, startup_delay=False, verbosity=0, max_tasks=1, **options)


def test_a_worker_that_starts_has_a_round_done_and_the_next_one_waits_an_hour(stripe: mock.Mock) -> None:
    with time_machine.travel(NOON, tick=False):
        run_worker()
    assert done(stripe) == ALL
    assert rounds(TaskResultStatus.SUCCESSFUL).count() == 1
    assert rounds().get().run_after == NOON + timedelta(hours=1)


def test_a_batch_queues_no_round(stripe: mock.Mock) -> None:
    make.run_tasks()
    assert not rounds().exists()
    assert done(stripe) == []


def test_a_worker_that_starts_beside_another_leaves_its_round_alone() -> None:
    with time_machine.travel(NOON, tick=False):
        run_worker()
        waiting = rounds().get().pk
        housekeeping.queue_round()
    assert rounds().get().pk == waiting


@pytest.mark.django_db(transaction=True)
def test_workers_that_start_at_once_leave_one_round_waiting() -> None:
    barrier = threading.Barrier(WORKERS)

    def start() -> None:
        try:
            barrier.wait(timeout=20)
            housekeeping.queue_round()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(start) for _ in range(WORKERS)]:
            future.result(timeout=30)
    assert rounds().count() == 1


def test_the_next_round_waits_before_anything_of_this_one_is_done(stripe: mock.Mock) -> None:
    seen: list[int] = []
    stripe.catch_up.side_effect = lambda: seen.append(rounds().count())
    housekeeping.queue_round()
    make.run_tasks()
    assert seen == [1]


@pytest.mark.parametrize("failing", ALL)
def test_an_error_keeps_nothing_else_from_being_done(
    failing: str, stripe: mock.Mock, caplog: pytest.LogCaptureFixture
) -> None:
    getattr(stripe, failing).side_effect = RuntimeError("broken")
    with time_machine.travel(NOON, tick=False):
        housekeeping.queue_round()
        make.run_tasks()
    assert done(stripe) == ALL
    assert [record.levelname for record in caplog.records if record.name == "newsroom.housekeeping"] == ["ERROR"]
    assert rounds().count() == 1


def test_a_round_whose_worker_was_killed_before_it_queued_the_next_is_followed_by_one(stripe: mock.Mock) -> None:
    housekeeping.queue_round()
    rounds().get().claim("a worker that is killed now")
    assert not rounds().exists()
    run_worker()
    assert "catch_up" in done(stripe)
    assert rounds().count() == 1


def test_the_comparison_with_stripe_is_made_once_a_night_in_the_hour_from_three(
    stripe: mock.Mock, settings: Any
) -> None:
    settings.TIME_ZONE = "America/New_York"
    at = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)  # half past midnight there
    made: list[str] = []
    for _round in range(50):
        with time_machine.travel(at, tick=False):
            housekeeping.queue_round()
            make.run_tasks()
            names = done(stripe)
            assert names == [name for name in ALL if name in names]
            assert {"catch_up", "send_waiting", "prune"} <= set(names)
            if "reconcile" in names:
                made.append(f"{timezone.localtime():%d %H:%M}")
        at = rounds().get().run_after + timedelta(seconds=1)
    assert [moment[:5] for moment in made] == ["23 03", "24 03"]


@pytest.mark.parametrize(
    ("hour", "last_night", "expected"),
    [
        (2, "", False),
        (2, "2026-11-22", False),
        (3, "2026-11-22", True),
        (3, "2026-11-23", False),
        (9, "2026-11-22", True),
        (9, "", True),
        (23, "2026-11-23", False),
    ],
)
def test_a_night_that_was_missed_is_made_up_for(hour: int, last_night: str, expected: bool) -> None:
    assert housekeeping.has_night_come(datetime(2026, 11, 23, hour, tzinfo=UTC), last_night) is expected


def test_what_the_comparison_found_is_logged(stripe: mock.Mock, caplog: pytest.LogCaptureFixture) -> None:
    stripe.reconcile.return_value = iter(["sub_1: active -> canceled", "sub_2: active -> past_due"])
    with time_machine.travel(NOON, tick=False):
        housekeeping.queue_round()
        make.run_tasks()
    assert [record.args for record in caplog.records if record.name == "newsroom.housekeeping"] == [
        ("sub_1: active -> canceled",),
        ("sub_2: active -> past_due",),
    ]


@pytest.mark.parametrize("is_batch", [True, False])
def test_purges_that_no_worker_sent_are_forgotten_after_an_hour(is_batch: bool) -> None:
    for minutes in (59, 61):
        due_at = NOON - timedelta(minutes=minutes)
        CachePurge.objects.create(keys=f"of {minutes} minutes ago", due_at=due_at)
    with time_machine.travel(NOON, tick=False):
        make.run_tasks() if is_batch else run_worker()
    kept = CachePurge.objects.filter(keys__startswith="of ")
    assert [purge.keys for purge in kept] == ["of 59 minutes ago"]


def test_with_payments_closed_nothing_is_asked_of_stripe(stripe: mock.Mock, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    with time_machine.travel(NOON, tick=False):
        housekeeping.queue_round()
        make.run_tasks()
    assert done(stripe) == ["send_waiting", "prune"]
    assert rounds().count() == 1
