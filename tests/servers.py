"""Servers as a publisher runs them: granian with several workers under the settings of a public host, and what else a
test or a bench starts as processes of their own.
"""

from __future__ import annotations

import atexit
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from newsroom import processes
from tests.newsroom.waiting import eventually

PROJECT = Path(__file__).resolve().parent.parent
HOST = "news.example.org"
TOLD_PROCESS = "x-test-process"  # see tests/told_wsgi.py
START_LIMIT = 60.0  # seconds
STOP_LIMIT = 15.0  # seconds
# Variables of the caller that must not decide what a test sees.
OF_THE_CALLER = ("DJANGO_", "STRIPE_", "SITE_", "ALLOWED_HOSTS", "DATABASE_", "PORT", "DEMO", "EMAIL_", "NEWSROOM_")


_FIRST = os.getpid() % 100 * 100
PORTS = iter([*range(20_000 + _FIRST, 30_000), *range(20_000, 20_000 + _FIRST)])


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
    """A port that is free, is given to nobody else in this process, and that no client's end of a connection takes
    while its server is down: it lies below those that systems hand out for that. Each process begins elsewhere.
    """
    for port in PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


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
    """What production serves names its files by the manifest that this writes. They are collected once for all sites
    of this process, in whose folders a link leads there.
    """
    root = Path(environment["STATIC_ROOT"])
    if not (root / "staticfiles.json").is_file():
        root.symlink_to(collected_static(), target_is_directory=True)


@cache
def collected_static() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="newsroom-static-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)  # a server that is not root's reads it
    environment = production("postgresql://nobody@localhost/none", folder) | {"STATIC_ROOT": str(folder)}
    run_command(environment, "collectstatic", "--no-input", "--verbosity", "0")
    return folder


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
    command = [sys.executable, "-m", "granian", *listen, *size, "tests.told_wsgi:application"]
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    with started(command, port, {**environment, "DATABASE_POOL": "1"}, folder / "site.log", headers) as server:
        yield server


def workers_of(server: Server) -> list[int]:
    """The ids of granian's worker processes that live: they are what else its group holds."""
    main = server.process.pid
    return [
        process.pid
        for process in processes.running().values()
        if process.group == main and process.pid != main and process.command
    ]


def by_each_worker(server: Server, path: str, tries: int = 40, workers: int = 2) -> list[Answer]:
    """Many answers of granian's, among which are some of each of its workers."""
    answers: list[Answer] = []

    def are_all_heard() -> bool:
        answers.extend(at_once(server, path, tries, {TOLD_PROCESS: "please"}))
        return len({answer.headers[TOLD_PROCESS] for answer in answers}) >= workers

    assert eventually(are_all_heard, within=START_LIMIT), "one worker answers everything"
    return answers


def at_once(server: Server, path: str, tries: int, headers: Mapping[str, str] | None = None) -> list[Answer]:
    """Answers to as many requests at the same time, each on a connection of its own."""
    with ThreadPoolExecutor(tries) as pool:
        return list(pool.map(lambda _try: server.get(path, headers), range(tries)))
