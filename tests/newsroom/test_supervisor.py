"""Parts that live and die together, tried with small programs in place of the real ones."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from newsroom import processes, supervisor
from newsroom.supervisor import (
    AlreadyRunning,
    Note,
    Part,
    PartDied,
    PortTaken,
    Supervisor,
    end_leftovers,
    only_one,
    refuse_taken_port,
)
from tests.newsroom.waiting import eventually

SLEEPER = "import time; print('up'); time.sleep(600)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"
FORKER = "import os, time; os.fork(); print('up'); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


def members(group: int) -> list[int]:
    """The living processes of a group; one that ended and waits to be collected has no command line."""
    return [process.pid for process in processes.running().values() if process.group == group and process.command]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


class Stage:
    """A supervisor, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "parts.json"
        self.lines: list[str] = []
        self.supervisor = Supervisor(folder, self.notes, self.lines.append)

    def start(self, code: str, name: str = "part") -> int:
        """Start a part and return the id of its group once it has printed its first line."""
        self.supervisor.start(Part(name, python(code)))
        assert eventually(lambda: any(line.startswith(name) for line in self.lines))
        return int(json.loads(self.notes.read_text())[-1]["pid"])


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.supervisor.stop()


def test_living_parts_pass_the_check_and_their_lines_are_named(stage: Stage) -> None:
    stage.start(SLEEPER, "first")
    stage.start(SLEEPER, "second")
    stage.supervisor.check()
    assert stage.lines == ["first    | up", "second   | up"]


@pytest.mark.parametrize(
    ("ending", "words"),
    [("raise SystemExit(3)", "ended with status 3"), ("os.kill(os.getpid(), 9)", "was killed by signal 9")],
)
def test_the_death_of_a_part_is_told_with_its_last_lines(stage: Stage, ending: str, words: str) -> None:
    stage.start(SLEEPER, "other")
    stage.start(f"import os; print('the reason'); {ending}", "victim")

    messages: list[str] = []

    def has_died() -> bool:
        try:
            stage.supervisor.check()
        except PartDied as error:
            messages.append(str(error))
        return messages != []

    assert eventually(has_died)
    assert messages == [f"victim {words}. Its last lines:\nthe reason"]


def test_stopping_ends_the_children_of_a_part_too(stage: Stage) -> None:
    group = stage.start(PARENT)
    assert len(members(group)) == 2
    stage.supervisor.stop()
    assert members(group) == []
    assert not stage.notes.exists()


def test_a_part_that_ignores_the_signal_is_killed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_LIMIT", 0.2)
    group = stage.start(STUBBORN)
    stage.supervisor.stop()
    assert members(group) == []


@pytest.mark.parametrize("code", [SLEEPER, PARENT])
def test_what_a_killed_supervisor_left_is_ended_by_the_next_start(tmp_path: Path, code: str) -> None:
    script = f"""
        import os, pathlib, signal
        from newsroom.supervisor import Part, Supervisor
        folder = pathlib.Path({str(tmp_path)!r})
        def say(line):
            (folder / "printed").write_text(line)
        Supervisor(folder, folder / "parts.json", say).start(Part("part", {python(code)!r}))
        while not (folder / "printed").exists():
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run(python(textwrap.dedent(script)), cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    group = json.loads((tmp_path / "parts.json").read_text())[0]["pid"]
    assert members(group) != []
    assert end_leftovers(tmp_path / "parts.json") == 1
    assert eventually(lambda: members(group) == [])
    assert end_leftovers(tmp_path / "parts.json") == 0


def test_a_worker_that_outlived_its_part_is_ended_as_well(stage: Stage) -> None:
    group = stage.start(FORKER)
    os.kill(group, signal.SIGKILL)
    assert eventually(lambda: group not in members(group))
    assert len(members(group)) == 1
    assert end_leftovers(stage.notes) == 1
    assert eventually(lambda: members(group) == [])


@pytest.mark.parametrize("difference", [{"started": "another moment"}, {"command": "another program"}])
def test_a_process_that_got_the_noted_id_since_is_left_alone(tmp_path: Path, difference: dict[str, str]) -> None:
    with subprocess.Popen(python(SLEEPER), start_new_session=True, stdout=subprocess.DEVNULL) as innocent:
        known = processes.running()[innocent.pid]
        note = asdict(Note(known.pid, known.started, known.command)) | difference
        (tmp_path / "parts.json").write_text(json.dumps([note]))
        assert end_leftovers(tmp_path / "parts.json") == 0
        assert innocent.poll() is None
        innocent.kill()


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"pid": 1}]'])
def test_notes_that_make_no_sense_are_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "parts.json").write_text(text)
    assert end_leftovers(tmp_path / "parts.json") == 0


def test_the_second_of_two_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    second = only_one(lock, "the second")
    with only_one(lock, "the first"), pytest.raises(AlreadyRunning, match="the first"):
        second.__enter__()
    with only_one(lock, "the third"):
        assert lock.read_text() == "the third"


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, ""), (socket.AF_INET6, "::1")]
)
def test_a_port_where_somebody_listens_is_refused(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as other:
        try:
            other.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            refuse_taken_port(port)
    refuse_taken_port(port)
