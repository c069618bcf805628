"""Running several programs as one: all of them or none. Starts, watches and ends them.

Knows neither Django nor what the programs do.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from newsroom import processes

STOP_LIMIT = 8.0  # seconds for all parts together, before they are killed
TAIL_LINES = 20
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AlreadyRunning(Exception):
    """Another supervisor holds the lock; the message is what it said of itself."""


class PortTaken(Exception):
    """Something listens on the port already."""


class PartDied(Exception):
    """A part ended by itself. The message names it and holds its last lines."""


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """What is written down of a part, so that the next start can end it if this supervisor is killed."""

    pid: int
    started: str
    command: str


class Signals:
    """INT, TERM and HUP. At first they interrupt what is being done; after `defer()` they are only remembered."""

    def __init__(self) -> None:
        self.has_stopped = False
        self._interrupts = True

    def install(self) -> None:
        for number in SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:  # under nohup
                continue
            signal.signal(number, self._receive)

    def defer(self) -> None:
        self._interrupts = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.has_stopped = True
        if self._interrupts:
            self._interrupts = False  # a second one must not interrupt the tidying up
            raise KeyboardInterrupt


class Supervisor:
    """Runs the parts of one folder. Each is a process group of its own, so that Ctrl-C reaches the supervisor alone."""

    def __init__(self, folder: Path, notes: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._notes = notes
        self._say = say
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._tails: dict[str, deque[str]] = {}
        self._readers: dict[str, threading.Thread] = {}

    def start(self, part: Part) -> None:
        process = subprocess.Popen(
            part.command,
            cwd=self._folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **part.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._running[part.name] = process
        self._note()
        self._tails[part.name] = deque(maxlen=TAIL_LINES)
        reader = threading.Thread(target=self._read, args=(part.name, process), daemon=True)
        reader.start()
        self._readers[part.name] = reader

    def check(self) -> None:
        """Raise PartDied if any part has ended, whatever its status: nothing here is meant to end by itself."""
        for name, process in self._running.items():
            if (status := process.poll()) is not None:
                self._readers[name].join(timeout=0.5)  # lets its last words arrive
                words = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
                raise PartDied("\n".join([f"{name} {words}. Its last lines:", *self._tails[name]]))

    def stop(self) -> None:
        """End every part with all of its children; what remains after STOP_LIMIT seconds in all is killed."""
        deadline = time.monotonic() + STOP_LIMIT
        for process in self._running.values():
            _signal_group(process.pid, signal.SIGTERM)
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
            _signal_group(process.pid, signal.SIGKILL)  # also for children that outlived it
            process.wait()
        self._running.clear()
        for reader in self._readers.values():
            reader.join(timeout=1)
        self._notes.unlink(missing_ok=True)

    def _read(self, name: str, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                self._tails[name].append(line.rstrip())
                self._say(f"{name:<8} | {line.rstrip()}")

    def _note(self) -> None:
        known = processes.running()
        found = [known[process.pid] for process in self._running.values() if process.pid in known]
        notes = [asdict(Note(process.pid, process.started, process.command)) for process in found]
        draft = self._notes.with_suffix(".new")
        draft.write_text(json.dumps(notes), encoding="utf-8")
        draft.replace(self._notes)


def end_leftovers(notes: Path) -> int:
    """End the parts that a killed supervisor left behind, and say how many there were. For the lock's holder alone.

    An id may belong to somebody else by now: only a process of the noted group with the noted command line is ours.
    """
    try:
        noted = [Note(**entry) for entry in json.loads(notes.read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError, TypeError):
        return 0
    left = [note for note in noted if _is_left(note)]
    for note in left:
        _signal_group(note.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_LIMIT
    while any(map(_is_left, left)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for note in filter(_is_left, left):
        _signal_group(note.pid, signal.SIGKILL)
    notes.unlink(missing_ok=True)
    return len(left)


def _is_left(note: Note) -> bool:
    """Whether the part or, after its death, a worker that it forked is still there."""
    known = processes.running()
    leader = known.get(note.pid)
    if leader is not None and (leader.started != note.started or leader.command not in {note.command, ""}):
        return False
    return any(process.group == note.pid and process.command == note.command for process in known.values())


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS answers the second for a group of zombies
        os.killpg(group, number)


@contextmanager
def only_one(lock: Path, introduction: str) -> Iterator[None]:
    """Hold the lock, leaving the introduction in it, or raise AlreadyRunning with that of its holder.

    The kernel releases it when the holder dies, and no child inherits it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(file.read().strip()) from None
        file.truncate(0)
        file.write(introduction)
        file.flush()
        yield


def refuse_taken_port(port: int) -> None:
    """Raise PortTaken if another program listens where a reader of http://localhost:port would end up."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            probe = socket.socket(family, socket.SOCK_STREAM)
        except OSError:  # a machine without IPv6
            continue
        with probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not count
            try:
                probe.bind((host, port))
            except OSError as error:
                if family == socket.AF_INET6 and error.errno != errno.EADDRINUSE:  # the address ::1 is not there
                    continue
                raise PortTaken(f"Port {port} cannot be used: {error.strerror}.") from error
