"""Servers as a publisher runs them: granian with several workers under the settings of a public host, and what else a
test or a bench starts as processes of their own.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from tests.newsroom.waiting import eventually

PROJECT = Path(__file__).resolve().parent.parent
HOST = "news.example.org"
START_LIMIT = 60.0  # seconds
STOP_LIMIT = 15.0  # seconds
# Variables of the caller that must not decide what a test sees.
OF_THE_CALLER = ("DJANGO_", "STRIPE_", "SITE_", "ALLOWED_HOSTS", "DATABASE_", "PORT", "DEMO", "EMAIL_", "NEWSROOM_")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(slots=True)
class Server:
    """A process that listens on a loopback port."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: str = "") -> Answer:
        """One request on a connection of its own, with the headers that the proxy in front would set."""
        with socket_to(self.port) as client:
            client.request(method, path, body=body or None, headers={**self.headers, **(headers or {})})
            answer = client.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def answers(self, path: str = "/healthz") -> bool:
        try:
            return self.get(path).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self) -> None:
        """End the process and whatever it started, by their group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_LIMIT)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_LIMIT)


@contextmanager
def socket_to(port: int) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        yield client
    finally:
        client.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_database_url() -> str:
    """The database of the running test, for another process."""
    given = connection.settings_dict
    user = quote(given["USER"], safe="")
    password = f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    port = f"&port={given['PORT']}" if given["PORT"] else ""
    return f"postgresql://{user}{password}@/{given['NAME']}?host={quote(given['HOST'], safe='')}{port}"


def production(database_url: str, folder: Path, **more: str) -> dict[str, str]:
    """The environment of a command on a public host. `folder` is for its files; mail goes to `folder/mail`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_CALLER)}
    return kept | {
        "SITE_URL": f"https://{HOST}",
        "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ",
        "DATABASE_URL": database_url,
        "EMAIL_URL": f"file://{folder}/mail",
        "DEFAULT_FROM_EMAIL": f"post@{HOST}",
        "STRIPE_SECRET_KEY": "sk_test_never_called",
        "STRIPE_WEBHOOK_SECRET": "whsec_for_the_tests",
        "TRUSTED_PROXIES": "1",
        "STATIC_ROOT": str(folder / "static"),
        "MEDIA_ROOT": str(folder / "media"),
        **more,
    }


def run_command(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a command of manage.py in a process of its own and return what it printed. Raises CalledProcessError."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=dict(environment), capture_output=True, text=True, check=True)
    return done.stdout


def collect_static(environment: Mapping[str, str]) -> None:
    """What production serves names its files by the manifest that this writes."""
    if not (Path(environment["STATIC_ROOT"]) / "staticfiles.json").is_file():
        run_command(environment, "collectstatic", "--no-input", "--verbosity", "0")


@contextmanager
def started(
    command: list[str], port: int, environment: Mapping[str, str], log: Path, headers: Mapping[str, str]
) -> Iterator[Server]:
    """A program that answers /healthz at the port once it is up, as long as the block lasts."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=dict(environment), stdout=output, stderr=output, start_new_session=True
        )
    server = Server(port, process, log, headers)
    try:
        is_up = eventually(lambda: server.answers() or process.poll() is not None, within=START_LIMIT)
        if not is_up or process.poll() is not None:
            raise AssertionError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-4000:]}")
        yield server
    finally:
        server.stop()


@contextmanager
def site(
    environment: Mapping[str, str], folder: Path, *, workers: int = 2, threads: int = 8, port: int = 0
) -> Iterator[Server]:
    """The site under granian. Requests carry what a proxy that ends TLS would set; `server.process` is granian's main
    process, whose children are the workers.
    """
    collect_static(environment)
    port = port or free_port()
    listen = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    size = ["--workers", str(workers), "--blocking-threads", str(threads), "--respawn-failed-workers"]
    command = [sys.executable, "-m", "granian", *listen, *size, "newsroom.wsgi:application"]
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    with started(command, port, {**environment, "DATABASE_POOL": "1"}, folder / "site.log", headers) as server:
        yield server


def workers_of(server: Server) -> list[int]:
    """The ids of granian's worker processes."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def by_each_worker(server: Server, path: str, tries: int = 40) -> list[Answer]:
    """Many answers at once, on as many connections: with several workers all of them are among those who answer."""
    answers: list[Answer] = []

    def ask() -> None:
        answers.append(server.get(path))

    threads = [threading.Thread(target=ask) for _ in range(tries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
