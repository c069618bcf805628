"""The three parts of a site that somebody kills, each brought back as its supervisor would."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from newsroom.embedded_postgres import DEFAULT_DATABASE, SUPERUSER, Cluster
from tests import servers
from tests.newsroom.waiting import eventually

BACK_LIMIT = 60.0  # seconds for a part to come back
WORKER = ("db_worker", "--queue-name", "*", "--interval", "0.1", "--no-startup-delay", "--no-reload")

TASKS, JOBS = "django_tasks_database_dbtaskresult", "subscriptions_syncjob"
NEVER_PUT_OFF = "9999-01-01"
AN_HOUR_PASSES = (
    f"UPDATE {TASKS} SET started_at = started_at - interval '1 hour'",
    f"UPDATE {TASKS} SET run_after = run_after - interval '1 hour' WHERE run_after < '{NEVER_PUT_OFF}'",
    f"UPDATE {JOBS} SET lease_until = lease_until - interval '1 hour', not_before = not_before - interval '1 hour'",
    "UPDATE newsroom_workerheartbeat SET beat_at = beat_at - interval '1 hour'",
)
LEFT_TO_DO = (
    f"SELECT task_path, status FROM {TASKS} WHERE status = 'RUNNING' OR status = 'READY'"
    f" AND NOT (task_path = 'newsroom.housekeeping.keep_house' AND run_after > now() AND run_after < '{NEVER_PUT_OFF}')"
    f" UNION ALL SELECT 'sync of customer', customer_id::text FROM {JOBS} WHERE generation <> done_generation"
)


class NotBack(AssertionError):
    """A part did not come back in time."""


@dataclass
class Database:
    """A cluster with the settings of a site that runs the embedded one, so that commits outlive the server."""

    cluster: Cluster

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """The rows of a statement, on a connection of its own. Raises psycopg.OperationalError while it is away."""
        host = str(self.cluster.socket_dir)
        with psycopg.connect(host=host, user=SUPERUSER, dbname=DEFAULT_DATABASE, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def answers(self) -> bool:
        try:
            return self.ask("SELECT 1") == [(1,)]
        except psycopg.OperationalError:
            return False

    def has_task_at_work(self) -> bool:
        return bool(self.ask(f"SELECT 1 FROM {TASKS} WHERE status = 'RUNNING'"))

    def let_an_hour_pass(self) -> None:
        """Whatever was put off is due; the dead have held their leases and been silent for long enough."""
        for statement in AN_HOUR_PASSES:
            self.ask(statement)

    def left_to_do(self) -> list[tuple[object, ...]]:
        """Tasks that wait or run, without the round that the housekeeping does hourly, and customers to be synced."""
        return self.ask(LEFT_TO_DO)

    def kill_server(self) -> None:
        """Kill the server. Its children notice by themselves; a supervisor starts it again."""
        pid_file = self.cluster.home / "data" / "postmaster.pid"
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
        self.cluster.start()
        self._await()

    def kill_one_connection(self, dice: random.Random) -> None:
        """Kill the process of one connection of the site: PostgreSQL then ends all of them and recovers by itself."""
        site = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        pids = sorted(int(str(pid)) for (pid,) in self.ask(site))
        os.kill(dice.choice(pids), signal.SIGKILL)
        self._await()

    def _await(self) -> None:
        if not eventually(self.answers, within=BACK_LIMIT):
            raise NotBack("\n".join(["the database did not come back", *self.cluster.log_tail()]))


@dataclass
class Web:
    """Granian with two workers, always at the same port."""

    environment: Mapping[str, str]
    folder: Path
    port: int = field(default_factory=servers.free_port)
    _running: ExitStack = field(default_factory=ExitStack)
    _server: servers.Server | None = None

    def start(self) -> None:
        self._running = ExitStack()
        self._server = self._running.enter_context(servers.site(self.environment, self.folder, port=self.port))
        self._await()

    def stop(self) -> None:
        self._running.close()

    def kill_all(self) -> None:
        """Kill granian with its workers, and start it again."""
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.stop()
        self.start()

    def kill_one_worker(self, dice: random.Random) -> None:
        """Kill one worker, which granian replaces; where granian takes that for a crash loop, it is started again."""
        doomed = dice.choice(self.workers())
        os.kill(doomed, signal.SIGKILL)
        eventually(lambda: doomed not in self.workers(), within=BACK_LIMIT)
        self._await()

    @property
    def server(self) -> servers.Server:
        assert self._server is not None
        return self._server

    def workers(self) -> list[int]:
        return servers.workers_of(self.server)

    def _await(self) -> None:
        def is_back() -> bool:
            if self.server.process.poll() is not None:
                self.stop()
                self._server = self._running.enter_context(servers.site(self.environment, self.folder, port=self.port))
            return len(self.workers()) >= 2 and self.server.answers()

        if not eventually(is_back, within=BACK_LIMIT):
            raise NotBack(f"the web server did not come back:\n{self.server.log.read_text(errors='replace')[-3000:]}")


@dataclass
class Worker:
    """`manage.py db_worker` under a supervisor that starts it again whenever it ends."""

    environment: Mapping[str, str]
    folder: Path
    starts: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _supervisor: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        self._stopping.clear()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        self._stopping.set()
        self.kill()
        if self._supervisor is not None:
            self._supervisor.join()

    def kill(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.kill()

    @property
    def log(self) -> Path:
        return self.folder / "worker.log"

    def _supervise(self) -> None:
        command = [sys.executable, "manage.py", *WORKER]
        with self.log.open("ab") as log:
            while not self._stopping.is_set():
                with self._lock:
                    self._process = process = subprocess.Popen(
                        command, cwd=servers.PROJECT, env=dict(self.environment), stdout=log, stderr=log
                    )
                    self.starts += 1
                process.wait()


def run_books(environment: Mapping[str, str], what: str, *arguments: str) -> str:
    """A function of tests/losses/books.py in a process of the site's own settings; what it printed."""
    command = [sys.executable, "-m", "tests.losses.books", what, *arguments]
    done = subprocess.run(command, cwd=servers.PROJECT, env=dict(environment), capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"books {what}: {done.stderr[-4000:]}")
    return done.stdout.splitlines()[-1]
