"""Workers that tell that they are there, and what becomes of the tasks of those that are not any more."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import connection
from django.tasks import Task, TaskResultStatus
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

from accounts import mail
from newsroom import heartbeats, housekeeping, lost_tasks
from newsroom.heartbeats import Heartbeat
from newsroom.management.commands import db_worker
from newsroom.models import WorkerHeartbeat
from tests import make
from tests.newsroom.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
OFTEN = 0.02  # seconds
OTHERS_SEE_IT = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heartbeat() -> Iterator[Heartbeat]:
    made = Heartbeat("worker-1", every=OFTEN)
    yield made
    made.stop()


def row() -> WorkerHeartbeat | None:
    return WorkerHeartbeat.objects.filter(pk="worker-1").first()


def goes_on() -> bool:
    """Whether a later beat comes than the one that is there now."""
    before = row()
    return eventually(lambda: (now := row()) is not None and (before is None or now.beat_at > before.beat_at))


def silenced(work: Callable[[], None]) -> bool:
    """Whether `work` is followed by no beat any more: the thread has passed its look at the clock several times."""
    looked = threading.Semaphore(0)
    hangs = heartbeats.TaskClock.hangs

    def counted(self: heartbeats.TaskClock) -> bool:
        looked.release()
        return hangs(self)

    work()
    with mock.patch.object(heartbeats.TaskClock, "hangs", counted):
        assert looked.acquire(timeout=10)
        assert looked.acquire(timeout=10)  # the beat that was under way is over
        before = row()
        assert looked.acquire(timeout=10)
        assert looked.acquire(timeout=10)
    return row() == before and (before is None or row().beat_at == before.beat_at)


@OTHERS_SEE_IT
def test_a_worker_beats_until_its_end_and_leaves_nothing(heartbeat: Heartbeat) -> None:
    heartbeat.start()
    assert eventually(lambda: row() is not None)
    assert goes_on()
    heartbeat.stop()
    assert row() is None


@OTHERS_SEE_IT
def test_the_start_stays_while_the_beats_go_on(heartbeat: Heartbeat) -> None:
    heartbeat.start()
    assert eventually(lambda: row() is not None)
    assert goes_on()
    assert row().started_at == heartbeat.started_at


@OTHERS_SEE_IT
def test_a_heartbeat_outlives_its_connection(heartbeat: Heartbeat, caplog: pytest.LogCaptureFixture) -> None:
    heartbeat.start()
    assert eventually(lambda: row() is not None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 1
    assert eventually(lambda: "finds no database" in caplog.text)
    assert goes_on()


@OTHERS_SEE_IT
def test_a_task_that_hangs_silences_the_worker_until_it_ends(heartbeat: Heartbeat) -> None:
    moment = [0.0]
    heartbeat.clock.now = lambda: moment[0]
    heartbeat.start()
    heartbeat.clock.begin()
    moment[0] = heartbeats.LONGEST_TASK.total_seconds()
    assert eventually(lambda: row() is not None)
    assert goes_on()  # long, but not too long

    def hang() -> None:
        moment[0] += 1

    assert silenced(hang)
    heartbeat.clock.end()
    assert goes_on()


@OTHERS_SEE_IT
def test_a_worker_whose_main_thread_has_died_falls_silent(heartbeat: Heartbeat) -> None:
    dead = threading.Thread()
    dead.start()
    dead.join()
    heartbeat.start()
    assert eventually(lambda: row() is not None)
    with mock.patch.object(WorkerHeartbeat.objects, "beat"), mock.patch.object(heartbeat, "_main", dead):
        looked = threading.Semaphore(0)
        dead.is_alive = lambda: looked.release() or False  # type: ignore[method-assign,func-returns-value]
        for _look in range(3):
            assert looked.acquire(timeout=10)
        before = row().beat_at
        assert looked.acquire(timeout=10)
        assert looked.acquire(timeout=10)
        assert row().beat_at == before


@OTHERS_SEE_IT
def test_the_clock_follows_the_tasks_that_the_worker_runs(heartbeat: Heartbeat) -> None:
    seen: list[object] = []
    heartbeat.start()
    with mock.patch("django.core.mail.EmailMessage.send", side_effect=lambda: seen.append(heartbeat.clock._began_at)):
        mail.send.enqueue(recipient="a@example.org", sender="b@example.org", subject="x", text="y")
        make.run_tasks()
    assert len(seen) == 1
    assert seen[0] is not None
    assert heartbeat.clock._began_at is None


@OTHERS_SEE_IT
def test_a_heartbeat_keeps_no_process_alive(heartbeat: Heartbeat) -> None:
    heartbeat.start()
    assert heartbeat._thread.daemon


@OTHERS_SEE_IT
def test_who_leaves_a_task_unfinished_leaves_the_row_that_tells_of_it(heartbeat: Heartbeat) -> None:
    queued("newsroom.housekeeping.keep_house").claim("worker-1")
    heartbeat.start()
    assert eventually(lambda: row() is not None)
    heartbeat.stop()
    assert row() is not None


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done with two parts of the background."""
    done: list[str] = []

    class Noted:
        def __init__(self, name: str, worker_id: str) -> None:
            self.name = f"{name} of {worker_id}"

        def start(self) -> None:
            done.append(f"start {self.name}")

        def stop(self) -> None:
            done.append(f"stop {self.name}")

    parts = (lambda worker_id: Noted("first", worker_id), lambda worker_id: Noted("second", worker_id))
    monkeypatch.setattr(db_worker, "BACKGROUND", parts)
    return done


ALL_OF_IT = ["start first of w", "start second of w", "stop second of w", "stop first of w"]


def run_worker(**options: Any) -> None:
    module = "django_tasks_db.management.commands.db_worker"
    with (
        mock.patch(f"{module}.close_old_connections"),
        mock.patch("newsroom.housekeeping.queue_round"),
    ):
        call_command("db_worker", interval=0, startup_delay=False, verbosity=0, worker_id="w", **options)


@pytest.mark.django_db
def test_the_background_lasts_as_long_as_the_worker(diary: list[str]) -> None:
    mail.drop.enqueue(recipient="a@example.org", sender="b@example.org", subject="x", text="y")
    run_worker(max_tasks=1)
    assert diary == ALL_OF_IT


@pytest.mark.django_db
def test_the_background_ends_also_when_the_worker_fails(diary: list[str]) -> None:
    ends = mock.patch("django_tasks_db.management.commands.db_worker.Worker.run", side_effect=SystemExit(0))
    with ends, pytest.raises(SystemExit):
        run_worker()
    assert diary == ALL_OF_IT


@pytest.mark.django_db
def test_a_batch_has_no_background(diary: list[str]) -> None:
    run_worker(batch=True)
    assert diary == []


@pytest.mark.django_db
def test_what_only_starts_the_worker_again_has_no_background(diary: list[str]) -> None:
    with mock.patch("django_tasks_db.management.commands.db_worker.run_with_reloader") as starter:
        run_worker(reload=True)
        assert diary == []
        with mock.patch.dict("os.environ", {"RUN_MAIN": "true"}):
            run_worker(reload=True)
    assert starter.call_count == 2
    assert diary == ALL_OF_IT


def test_the_heartbeat_is_part_of_the_background() -> None:
    assert Heartbeat in db_worker.BACKGROUND


# --- lost tasks -------------------------------------------------------------------------------------------------------


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


@OTHERS_SEE_IT
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
    for package in ("newsroom", "paywall", "articles", "subscriptions", "accounts"):
        for path in (PROJECT / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and any("task" in ast.dump(one) for one in node.decorator_list):
                    found.add(".".join([*path.relative_to(PROJECT).with_suffix("").parts, node.name]))
    return found


def test_it_is_decided_for_each_task_how_often_it_is_put_back() -> None:
    assert set(lost_tasks.REPEATS) == tasks_in_the_code()
    assert all(isinstance(import_string(path), Task) for path in lost_tasks.REPEATS)
