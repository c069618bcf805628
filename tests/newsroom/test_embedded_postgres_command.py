"""When manage.py starts the embedded server, and what its command answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from manage import needs_database
from newsroom.embedded_postgres import Cluster

CONNECT = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL']).close(); raise SystemExit(7)"


@pytest.fixture
def cluster(project: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster of the project that the command sees."""
    settings.BASE_DIR = project
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return Cluster(project)


def test_start_stop_and_status_say_what_is(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for action in ("status", "start", "start", "status", "stop", "stop"):
        call_command("embedded_postgres", action)
        said.append(capsys.readouterr().out.partition("\n")[0].partition(",")[0])
    assert said == [
        "PostgreSQL is not running",
        "PostgreSQL started",
        "PostgreSQL was running already",
        "PostgreSQL is running",
        "PostgreSQL stopped",
        "PostgreSQL was not running",
    ]


def test_a_program_runs_with_a_server_of_its_own_that_ends_with_it(cluster: Cluster) -> None:
    with pytest.raises(SystemExit) as status:
        call_command("embedded_postgres", "run", sys.executable, "-c", CONNECT)
    assert status.value.code == 7
    assert not Cluster(cluster.project, "run").home.exists()
    assert not cluster.home.exists()


@pytest.mark.parametrize("arguments", [["run"], ["stop", "something"]])
def test_only_run_takes_a_program(cluster: Cluster, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="takes a program"):
        call_command("embedded_postgres", *arguments)


@pytest.mark.parametrize(
    ("command_line", "is_needed"),
    [
        ("", False),
        ("help migrate", False),
        ("--version", False),
        ("migrate --help", False),
        ("demo --port 8123", False),
        ("embedded_postgres stop", False),
        ("collectstatic", False),
        ("migrate", True),
        ("check --deploy", True),
        ("db_worker", True),
        ("import_articles file.jsonl", True),
    ],
)
def test_the_server_is_started_only_for_what_asks_the_database(command_line: str, is_needed: bool) -> None:
    assert needs_database(command_line.split()) is is_needed
