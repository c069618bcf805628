"""/healthz and /readyz: what each part's failure looks like, and that nothing which hangs makes the probe hang."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from newsroom import health
from newsroom import watched as watching
from newsroom.models import WorkerHeartbeat
from newsroom.watched import Watched
from tests.newsroom.waiting import eventually

OTHERS_SEE_IT = pytest.mark.django_db(transaction=True)
ALL_WELL = "database ok\nmigrations ok\nworker ok\ndisk ok\n"
NO_DATABASE = "failing: the database does not answer\n"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing is remembered of what another test has seen."""
    with (
        mock.patch.object(health, "readiness", Watched(health.look, limit=20, kept_for=0)),
        mock.patch.object(health, "migrations", health.Migrations()),
    ):
        yield


@pytest.fixture
def worker() -> WorkerHeartbeat:
    now = timezone.now()
    return WorkerHeartbeat.objects.create(worker_id="w", started_at=now, beat_at=now)


def probe() -> HttpResponse:
    return Client().get("/readyz")


def problems() -> str:
    """The lines that are not ok; the status says the same."""
    response = probe()
    lines = [line for line in response.content.decode().splitlines(keepends=True) if not line.endswith(" ok\n")]
    assert response.status_code == (503 if lines else 200)
    return "".join(lines)


@OTHERS_SEE_IT
def test_all_is_well(worker: WorkerHeartbeat) -> None:
    response = probe()
    assert (response.status_code, response.content.decode()) == (200, ALL_WELL)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


@OTHERS_SEE_IT
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_a_probe_is_not_redirected_to_https(address: str, worker: WorkerHeartbeat, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/robots.txt").status_code == 301
    assert Client().get(address).status_code == 200


@OTHERS_SEE_IT
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_a_probe_must_name_a_host_of_the_site(address: str, worker: WorkerHeartbeat) -> None:
    assert Client().get(address, headers={"Host": "198.51.100.7"}).status_code == 400


@OTHERS_SEE_IT
@pytest.mark.parametrize(("ago", "is_well"), [(58, True), (63, False)])
def test_a_worker_that_was_not_heard_of_for_a_minute_is_missed(
    ago: int, is_well: bool, worker: WorkerHeartbeat
) -> None:
    WorkerHeartbeat.objects.update(beat_at=timezone.now() - timedelta(seconds=ago))
    assert problems() == ("" if is_well else "worker failing: none has been heard of for a minute\n")


@OTHERS_SEE_IT
def test_one_worker_of_several_is_enough(worker: WorkerHeartbeat) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    WorkerHeartbeat.objects.create(worker_id="dead", started_at=long_ago, beat_at=long_ago)
    assert problems() == ""


@OTHERS_SEE_IT
def test_no_worker_at_all_is_told() -> None:
    assert problems() == "worker failing: none has been heard of for a minute\n"


@OTHERS_SEE_IT
def test_a_migration_that_waits_is_told_until_it_is_applied(worker: WorkerHeartbeat) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("newsroom", "0002_create_worker_heartbeats")
    try:
        assert "migrations failing: not all are applied\n" in problems()
    finally:
        recorder.record_applied("newsroom", "0002_create_worker_heartbeats")
    assert problems() == ""
    with mock.patch("newsroom.health.MigrationExecutor") as executor:
        assert problems() == ""
    executor.assert_not_called()  # what is applied once stays so


@OTHERS_SEE_IT
def test_too_little_room_is_told(worker: WorkerHeartbeat, settings: Any) -> None:
    settings.MIN_FREE_DISK_MB = 10**12
    assert problems() == "disk failing: too little room for uploads\n"
    settings.MIN_FREE_DISK_MB = 0
    assert problems() == ""


@OTHERS_SEE_IT
@pytest.mark.parametrize("folder", ["uploads", "temporary files"])
def test_a_folder_that_cannot_be_written_is_told(
    folder: str, worker: WorkerHeartbeat, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    if folder == "uploads":
        settings.MEDIA_ROOT = in_the_way / "media"
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(in_the_way / "tmp"))
    assert problems() == f"disk failing: {folder} cannot be written\n"


@OTHERS_SEE_IT
@pytest.mark.parametrize("trouble", [OperationalError("connection to 10.1.2.3 refused"), PoolTimeout("in 3.0 sec")])
def test_a_database_that_refuses_is_told_without_its_words(trouble: Exception) -> None:
    with mock.patch.object(DatabaseWrapper, "get_new_connection", side_effect=trouble):
        assert problems() == "".join(f"{part} {NO_DATABASE}" for part in ("database", "migrations", "worker"))


@OTHERS_SEE_IT
def test_a_database_that_hangs_does_not_make_the_probe_hang(worker: WorkerHeartbeat) -> None:
    has_come_back = threading.Event()
    connect = DatabaseWrapper.get_new_connection

    def hang(self: DatabaseWrapper, parameters: dict[str, Any]) -> Any:
        assert has_come_back.wait(60)
        return connect(self, parameters)

    watched = Watched(health.look, limit=0.05, kept_for=0)
    with mock.patch.object(health, "readiness", watched):
        with mock.patch.object(DatabaseWrapper, "get_new_connection", hang):
            late = "".join(f"{part} failing: no answer in time\n" for part in ("database", "migrations", "worker"))
            assert problems() == late
            has_come_back.set()
        watched.limit = 20
        assert problems() == ""


def test_the_limit_of_the_real_probe_is_short() -> None:
    assert watching.LIMIT <= 2
    assert watching.DATABASE_LIMIT <= 1000
    assert watching.KEPT_FOR >= 1


# --- watching ---------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_for_its_time() -> None:
    asked: list[int] = []

    def ask(found: dict[str, str]) -> None:
        asked.append(1)
        found["number"] = str(len(asked))

    kept = Watched(ask, limit=20, kept_for=3600)
    assert [kept.answer() for _probe in range(5)] == [{"number": "1"}] * 5
    fleeting = Watched(ask, limit=20, kept_for=0)
    assert [fleeting.answer()["number"] for _probe in range(3)] == ["2", "3", "4"]


def test_while_one_asks_nobody_else_does_and_what_is_known_is_told() -> None:
    may_end = threading.Event()
    asked: list[int] = []

    def ask(found: dict[str, str]) -> None:
        asked.append(1)
        found["first"] = "known"
        assert may_end.wait(60)
        found["second"] = "late"

    watched = Watched(ask, limit=0.05, kept_for=3600)
    assert eventually(lambda: watched.answer() == {"first": "known"})
    for _probe in range(20):
        assert watched.answer() == {"first": "known"}
    assert len(asked) == 1
    may_end.set()
    assert eventually(lambda: watched.answer() == {"first": "known", "second": "late"})


def test_what_hangs_for_long_is_given_up_but_not_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    asked: list[int] = []

    def ask(_found: dict[str, str]) -> None:
        asked.append(1)
        assert may_end.wait(60)

    monkeypatch.setattr("newsroom.watched.GIVEN_UP_AFTER", 0.0)
    watched = Watched(ask, limit=0, kept_for=0)
    for _probe in range(20):
        watched.answer()
    may_end.set()
    assert eventually(lambda: len(asked) == 5)
    monkeypatch.setattr(watched, "limit", 20)
    assert eventually(lambda: watched.answer() == {} and len(asked) == 6)


def test_an_error_is_logged_and_leaves_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    watched: Watched[str] = Watched(mock.Mock(side_effect=RuntimeError("broken")), limit=20, kept_for=0)
    assert watched.answer() == {}
    assert [record.levelname for record in caplog.records] == ["ERROR"]
