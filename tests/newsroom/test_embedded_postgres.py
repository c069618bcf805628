"""The embedded PostgreSQL, really started, in folders of its own: nothing here uses Django's database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from newsroom import embedded_postgres, postgres_binaries, processes
from newsroom.embedded_postgres import NO_PROCESS, SOCKET_NAME, Cluster, EmbeddedPostgresUnavailable
from newsroom.postgres_binaries import server_account
from tests.newsroom.conftest import remove_clusters

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="concerns root alone")


def query(cluster: Cluster, statement: str) -> str:
    with psycopg.connect(
        host=str(cluster.socket_dir), user="postgres", dbname="newsroom", autocommit=True
    ) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    return "" if row is None else str(row[0])


def pid_file(cluster: Cluster) -> Path:
    return cluster.home / "data" / "postmaster.pid"


def kill_server(cluster: Cluster) -> None:
    pid = int(pid_file(cluster).read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)


@pytest.fixture
def innocent(project: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's user that has nothing to do with it."""
    account = server_account(Cluster(project).home)
    uid = None if account is None else account.uid
    with subprocess.Popen(["/bin/sleep", "600"], user=uid, cwd="/") as process:
        yield process
        process.kill()


def test_its_place_follows_from_the_path_alone(project: Path) -> None:
    cluster = Cluster(project)
    detour = project / ".." / project.name
    assert Cluster(detour).socket_dir == cluster.socket_dir
    assert Cluster(project / "other").socket_dir != cluster.socket_dir
    assert not cluster.home.exists()


@pytest.mark.parametrize("name", ["long" * 30, "with, comma", "quoted ' name", "ümlaut"])
def test_a_path_that_no_socket_address_can_hold_gets_a_short_folder(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    cluster = Cluster(Path("/home/somebody") / name)
    assert cluster.home.parent.name == name
    assert cluster.socket_dir.parent == Path("/tmp")
    assert len(os.fsencode(cluster.socket_dir / SOCKET_NAME)) <= 103


def test_a_second_start_joins_and_a_stop_ends_it(project: Path) -> None:
    cluster = Cluster(project)
    assert not cluster.is_running()
    assert cluster.start()
    assert not cluster.start()
    assert cluster.is_running()
    assert cluster.ensure_database()
    assert not cluster.ensure_database()
    assert query(cluster, "SHOW server_encoding") == "UTF8"
    assert query(cluster, "SHOW synchronous_commit") == "on"
    assert "ready to accept connections" in "\n".join(cluster.log_tail())
    assert cluster.stop()
    assert not cluster.is_running()
    assert not cluster.stop()


def test_of_several_starts_at_once_one_starts_and_the_others_join(project: Path) -> None:
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: Cluster(project).start(), range(4)))
    assert sorted(answers) == [False, False, False, True]


def test_nobody_else_may_enter(project: Path) -> None:
    cluster = Cluster(project)
    cluster.start()
    assert cluster.home.stat().st_mode & 0o777 == 0o700
    assert (cluster.socket_dir / SOCKET_NAME).stat().st_mode & 0o777 == 0o700
    cluster.ensure_database()
    assert query(cluster, "SHOW listen_addresses") == ""


def test_the_cluster_of_the_tests_is_another_one_without_durability(project: Path) -> None:
    lasting, throwaway = Cluster(project), Cluster(project, "test")
    for cluster in (lasting, throwaway):
        assert cluster.start()
        assert cluster.ensure_database()
    assert query(throwaway, "SHOW fsync") == "off"
    assert query(lasting, "SHOW fsync") == "on"
    assert throwaway.stop()
    assert lasting.is_running()


@pytest.mark.parametrize("name", ["two words", "long" * 25, "with, comma"])
def test_it_serves_from_an_awkward_path(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = folder / name
    project.mkdir()
    monkeypatch.setattr(embedded_postgres, "LASTING_TEMPORARY_FOLDER", project)
    cluster = Cluster(project)
    try:
        assert cluster.start()
        assert cluster.home.is_relative_to(project)
        assert cluster.ensure_database()
        assert query(cluster, "SELECT 1") == "1"
    finally:
        remove_clusters(project)


def test_variables_meant_for_another_server_do_not_reach_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGHOST": "example.org", "PGUSER": "nobody"}.items():
        monkeypatch.setenv(name, value)
    cluster = Cluster(project)
    assert cluster.start()
    assert cluster.ensure_database()


def test_a_killed_server_starts_again_with_every_row(project: Path) -> None:
    cluster = Cluster(project)
    cluster.start()
    cluster.ensure_database()
    query(cluster, "CREATE TABLE kept (n integer)")
    query(cluster, "INSERT INTO kept SELECT generate_series(1, 1000)")
    kill_server(cluster)
    assert cluster.start()
    assert query(cluster, "SELECT count(*) FROM kept") == "1000"


def test_a_stale_pid_file_costs_no_innocent_process(project: Path, innocent: subprocess.Popen[bytes]) -> None:
    cluster = Cluster(project)
    cluster.start()
    lines = pid_file(cluster).read_text().splitlines(keepends=True)
    kill_server(cluster)
    pid_file(cluster).write_text("".join([f"{innocent.pid}\n", *lines[1:]]))
    (cluster.socket_dir / f"{SOCKET_NAME}.lock").write_text(f"{innocent.pid}\n")
    assert not cluster.stop()
    assert cluster.start()
    assert cluster.stop()
    assert innocent.poll() is None


def test_a_pid_file_cut_short_does_not_matter(project: Path) -> None:
    cluster = Cluster(project)
    cluster.start()
    cluster.stop()
    pid_file(cluster).write_text("")
    assert cluster.start()


def test_a_server_that_lost_its_socket_is_replaced(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_postgres, "START_LIMIT", 4)  # a quarter of it is the patience with a silent server
    cluster = Cluster(project)
    cluster.start()
    (cluster.socket_dir / SOCKET_NAME).unlink()
    assert not cluster.is_running()
    assert cluster.start()
    assert cluster.is_running()


def test_an_interrupted_initdb_leaves_no_half_cluster(project: Path) -> None:
    cluster = Cluster(project)
    cluster.start()
    cluster.stop()
    (cluster.home / "data").rename(cluster.home / "data.tmp")
    (cluster.home / "data.tmp" / "PG_VERSION").unlink()
    assert cluster.start()
    assert not (cluster.home / "data.tmp").exists()


def test_data_of_another_version_is_refused_in_words(project: Path) -> None:
    cluster = Cluster(project)
    cluster.start()
    cluster.stop()
    (cluster.home / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresUnavailable, match="made by PostgreSQL 17"):
        cluster.start()


def test_a_folder_that_somebody_else_put_there_is_refused(project: Path) -> None:
    cluster = Cluster(project)
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    cluster.home.symlink_to(elsewhere)
    with pytest.raises(EmbeddedPostgresUnavailable, match="belongs to somebody else"):
        cluster.start()
    assert list(elsewhere.iterdir()) == []
    cluster.home.unlink()


def test_a_missing_wheel_is_told_with_what_to_do(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_binaries, "PACKAGE", "no_such_package")
    with pytest.raises(EmbeddedPostgresUnavailable, match=r"uv sync --group embedded.*DATABASE_URL"):
        Cluster(project).start()


@as_root
def test_a_clone_made_anew_at_the_same_path_begins_with_nothing(project: Path) -> None:
    cluster = Cluster(project)
    cluster.start()
    assert cluster.ensure_database()
    shutil.rmtree(project)
    project.mkdir()
    assert cluster.start()
    assert cluster.ensure_database()
    assert not cluster.start()


@as_root
def test_binaries_below_a_closed_folder_are_copied_and_the_folder_stays_closed(
    project: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    package = postgres_binaries.binaries().parent.parent
    for source in (package / "pginstall18", package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, closed / source.relative_to(package.parent))
    closed.chmod(0o700)
    monkeypatch.setattr(postgres_binaries, "binaries", lambda: closed / package.name / "pginstall18" / "bin")
    cluster = Cluster(project)
    assert cluster.start()
    assert cluster.ensure_database()
    assert [path.name for path in cluster.home.glob("server-*")] != []
    assert closed.stat().st_mode & 0o777 == 0o700


def test_the_table_of_processes_knows_this_one() -> None:
    from_proc = processes.running()[os.getpid()]
    assert from_proc.group == os.getpgrp()
    assert Path(sys.executable).name in from_proc.command
    assert NO_PROCESS not in processes.running()


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps")
def test_ps_tells_the_same_as_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    from_proc = processes.running()[os.getpid()]
    monkeypatch.setattr(processes, "PROC", Path("/nowhere"))
    from_ps = processes.running()[os.getpid()]
    assert (from_ps.pid, from_ps.group, from_ps.command) == (from_proc.pid, from_proc.group, from_proc.command)
    assert from_ps.started == processes.running()[os.getpid()].started
