"""What becomes of the tasks of workers that are not there any more."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.tasks import Task, TaskResultStatus
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

from newsroom import housekeeping, lost_tasks
from newsroom.heartbeats import Heartbeat
from newsroom.models import WorkerHeartbeat
from tests import make
from tests.newsroom.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
OFTEN = 0.02  # seconds


def queued(path: str, **fields: Any) -> DBTaskResult:
    return DBTaskResult.objects.create(
        task_path=path,
        args_kwargs={"args": [], "kwargs": {}},
        backend_name="default",
        run_after=timezone.now(),
        **fields,
    )


def running(path: str, *workers: str, ago: timedelta = timedelta(hours=1)) -> DBTaskResult:
    state = {"status": TaskResultStatus.RUNNING, "started_at": timezone.now() - ago, "worker_ids": list(workers)}
    return queued(path, **state)


def beat(worker_id: str, *, ago: timedelta, started: timedelta = timedelta(days=1)) -> None:
    now = timezone.now()
    WorkerHeartbeat.objects.create(worker_id=worker_id, beat_at=now - ago, started_at=now - started)


def status_after(task: DBTaskResult) -> str:
    task.refresh_from_db()
    return str(task.status)


DEAD = timedelta(seconds=92)
KEEP_HOUSE = "newsroom.housekeeping.keep_house"
MAIL = "accounts.mail.send"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("beaten", "expected"),
    [(timedelta(seconds=1), "RUNNING"), (timedelta(seconds=80), "RUNNING"), (DEAD, "READY")],
)
def test_a_task_goes_back_into_the_queue_when_its_worker_has_been_silent_for_ninety_seconds(
    beaten: timedelta, expected: str
) -> None:
    task = running(MAIL, "w")
    beat("w", ago=beaten)
    lost_tasks.settle()
    assert status_after(task) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "path", "workers", "expected"),
    [
        ("django.db.utils.OperationalError", KEEP_HOUSE, 1, "READY"),
        ("django.db.utils.InterfaceError", KEEP_HOUSE, 2, "READY"),
        ("django.db.utils.OperationalError", KEEP_HOUSE, 3, "FAILED"),
        ("django.db.utils.OperationalError", "somewhere.unknown", 1, "FAILED"),
        ("builtins.ValueError", KEEP_HOUSE, 1, "FAILED"),
    ],
)
def test_a_task_that_an_outage_of_the_database_cut_short_is_put_back_as_often_as_its_rule_says(
    error: str, path: str, workers: int, expected: str
) -> None:
    names = [f"w{number}" for number in range(workers)]
    ended = {"status": TaskResultStatus.FAILED, "finished_at": timezone.now(), "exception_class_path": error}
    task = queued(path, worker_ids=names, **ended)
    lost_tasks.settle()
    assert status_after(task) == expected
    assert (task.exception_class_path == error) is (expected == "FAILED")


@pytest.mark.django_db
def test_a_task_that_was_put_back_is_run() -> None:
    task = running(MAIL, "w")
    task.args_kwargs["kwargs"] = {"recipient": "a@example.org", "sender": "b@example.org", "subject": "x", "text": "y"}
    task.save()
    beat("w", ago=DEAD)
    lost_tasks.settle()
    make.run_tasks()
    assert status_after(task) == "SUCCESSFUL"
    assert len(task.worker_ids) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "workers", "expected"),
    [
        (MAIL, 1, "READY"),
        (MAIL, 3, "READY"),
        (MAIL, 4, "FAILED"),
        (KEEP_HOUSE, 2, "READY"),
        (KEEP_HOUSE, 3, "FAILED"),
        ("somewhere.unknown", 1, "FAILED"),
    ],
)
def test_a_task_is_put_back_as_often_as_its_rule_says_and_then_given_up(path: str, workers: int, expected: str) -> None:
    names = [f"w{number}" for number in range(workers)]
    task = running(path, *names)
    beat(names[-1], ago=DEAD)
    lost_tasks.settle()
    assert status_after(task) == expected
    assert (task.finished_at is not None) == (expected == "FAILED")


@pytest.mark.django_db
def test_the_last_worker_of_a_task_is_the_one_that_counts() -> None:
    task = running(MAIL, "dead", "alive")
    beat("dead", ago=DEAD)
    beat("alive", ago=timedelta(seconds=1))
    assert lost_tasks.settle() == 0
    assert status_after(task) == "RUNNING"


@pytest.mark.django_db
@pytest.mark.parametrize(("started", "expected"), [(timedelta(minutes=30), "READY"), (timedelta(hours=2), "RUNNING")])
def test_a_worker_that_has_begun_anew_under_its_name_has_lost_what_it_had(started: timedelta, expected: str) -> None:
    task = running(MAIL, "w", ago=timedelta(hours=1))
    beat("w", ago=timedelta(seconds=1), started=started)
    lost_tasks.settle()
    assert status_after(task) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("ago", "expected"), [(timedelta(minutes=29), "RUNNING"), (timedelta(minutes=31), "READY")])
def test_a_worker_that_does_not_beat_has_half_an_hour(ago: timedelta, expected: str) -> None:
    task = running(MAIL, "batch", ago=ago)
    lost_tasks.settle()
    assert status_after(task) == expected


@pytest.mark.django_db
def test_housekeeping_settles_lost_tasks_and_forgets_dead_workers(settings: Any) -> None:
    task = running(MAIL, "old")
    beat("old", ago=timedelta(days=2))
    beat("young", ago=timedelta(hours=23))
    housekeeping.keep_house.call()
    assert status_after(task) == "READY"
    assert list(WorkerHeartbeat.objects.values_list("pk", flat=True)) == ["young"]


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_of_a_worker_looks_after_lost_tasks() -> None:
    task = running(MAIL, "old")
    beat("old", ago=DEAD)
    heartbeat = Heartbeat("worker-1", every=OFTEN)
    heartbeat.start()
    try:
        assert eventually(lambda: status_after(task) == "READY")
    finally:
        heartbeat.stop()


def tasks_in_the_code() -> set[str]:
    found = set()
    for package in ("newsroom", "newsletters", "paywall", "articles", "subscriptions", "accounts"):
        for path in (PROJECT / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and any("task" in ast.dump(one) for one in node.decorator_list):
                    found.add(".".join([*path.relative_to(PROJECT).with_suffix("").parts, node.name]))
    return found


def test_it_is_decided_for_each_task_how_often_it_is_put_back() -> None:
    assert set(lost_tasks.REPEATS) == tasks_in_the_code()
    assert all(isinstance(import_string(path), Task) for path in lost_tasks.REPEATS)
