"""Workers that tell that they are there."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from accounts import mail
from newsroom import heartbeats, lost_tasks
from newsroom.heartbeats import Heartbeat
from newsroom.management.commands import db_worker
from newsroom.models import WorkerHeartbeat
from tests import make
from tests.newsroom.test_lost_tasks import queued
from tests.newsroom.waiting import eventually

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
def test_a_heartbeat_outlives_every_error_and_tells_of_each_kind_once(
    heartbeat: Heartbeat, caplog: pytest.LogCaptureFixture
) -> None:
    tries = threading.Semaphore(0)
    errors = itertools.cycle([RuntimeError("broken"), OperationalError("away"), KeyError("odd")])

    def fail() -> None:
        tries.release()
        raise next(errors)

    with mock.patch.object(lost_tasks, "settle", fail):
        heartbeat.start()
        for _try in range(7):
            assert tries.acquire(timeout=10)
        assert goes_on()
    told = [record.exc_info[0].__name__ for record in caplog.records if record.exc_info]
    assert sorted(told) == ["KeyError", "RuntimeError"]
    assert caplog.text.count("finds no database: OperationalError") == 1


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
