"""`manage.py demo`: everything that the site needs to be tried, as one program that leaves nothing behind.

Only puts the parts in order. What is published is the business of `load_demo`, running parts that of the supervisor.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import sys
import time
from argparse import ArgumentTypeError
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from newsroom.demo_plans import offer_code
from newsroom.embedded_postgres import Cluster, EmbeddedPostgresError
from newsroom.env import is_embedded_database
from newsroom.stripe_account import sandbox_port, sandbox_url
from newsroom.supervisor import (
    AlreadyRunning,
    Part,
    PartDied,
    PortTaken,
    Signals,
    Supervisor,
    end_leftovers,
    only_one,
    refuse_taken_port,
)

READY_LIMIT = 60.0  # seconds from the start of the parts to the first answer
SANDBOX_LIMIT = 20.0  # seconds from the start of the Stripe stand-in to its first answer
POLL_INTERVAL = 0.25  # seconds


def port_number(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")


def existing_file(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise ArgumentTypeError(f"there is no file {path}")
    return path


class Command(BaseCommand):
    help = "Runs the site with its demo publication, a database, a worker and a web server of its own, until Ctrl-C."
    requires_system_checks = ()  # one of them asks the database, which is not there yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000)
        parser.add_argument(
            "--corpus",
            type=existing_file,
            default=os.environ.get("CORPUS") or None,
            help="a file of articles to import beside the demo publication; also from the environment as CORPUS",
        )
        parser.add_argument("--since", type=float, help="when the start began, in seconds since 1970; now if not given")

    def handle(self, *, port: int, corpus: Path | None, since: float | None, **options: object) -> None:
        if not settings.LOCAL_MODE:
            raise CommandError("The demo is for this machine alone, and the environment names a public host.")
        began_at = time.time() if since is None else since
        if settings.HAS_STRIPE_SANDBOX:  # the parts learn the port from their environment, this process from --port
            settings.STRIPE_API_BASE = sandbox_url(port)
        self.signals = Signals()
        self.signals.install()
        try:
            with only_one(settings.LOCAL_DIR / "demo.lock", f"process {os.getpid()}, http://localhost:{port}"):
                if count := end_leftovers(self._notes()):
                    self._say(f"Ended {count} processes of a demo that was killed.")
                refuse_taken_ports(port)
                self._run(port, corpus, began_at)
        except KeyboardInterrupt:
            pass
        except AlreadyRunning as error:
            raise CommandError(f"A demo of this clone is running already ({error}). Stop that one first.") from error
        except PortTaken as error:
            raise CommandError(f"{error} Choose another one: make demo PORT={next_port(port)}") from error
        except (EmbeddedPostgresError, PartDied) as error:
            raise CommandError(f"{error}\nThe demo has stopped.") from error
        self._say("The demo has stopped. Nothing of it is running any more.")

    def _run(self, port: int, corpus: Path | None, began_at: float) -> None:
        """Prepare, serve, and end everything in any case.

        That includes a database server which another command started before and left: the demo's end is where such a
        server is meant to end, and a second demo of the same clone cannot be using it.
        """
        cluster = Cluster(settings.BASE_DIR) if is_embedded_database(os.environ) else None
        supervisor = Supervisor(settings.BASE_DIR, self._notes(), self._say)
        try:
            self._prepare(cluster, corpus)
            self.signals.defer()
            refuse_taken_ports(port)  # once more: preparing may have taken long
            if settings.HAS_STRIPE_SANDBOX:
                supervisor.start(stripe_sandbox(port))
                self._await_sandbox(port, supervisor)
            if self.signals.has_stopped:
                return
            self._say("Telling Stripe the plans …")
            call_command("sync_plans", verbosity=0)
            if settings.HAS_STRIPE_SANDBOX:
                offer_code()
            connections.close_all()
            for part in parts(port):
                supervisor.start(part)
            self._serve(port, cluster, supervisor, began_at)
        finally:
            self.signals.defer()
            supervisor.stop()
            connections.close_all()
            if cluster is not None:
                cluster.stop()

    def _prepare(self, cluster: Cluster | None, corpus: Path | None) -> None:
        if cluster is not None:
            self._say("Starting PostgreSQL …")
            cluster.start()
            cluster.ensure_database()
        logging.disable(logging.INFO)  # what is loaded is told in one line, and hundreds of pictures in none
        self._say("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        collect_static_files(settings.LOCAL_DIR / "static.state")
        self._say("Loading the demo publication …")
        call_command("load_demo")
        if corpus is not None:
            self._say(f"Importing {corpus} …")
            call_command("import_articles", str(corpus))
        logging.disable(logging.NOTSET)
        connections.close_all()

    def _await_sandbox(self, port: int, supervisor: Supervisor) -> None:
        deadline = time.monotonic() + SANDBOX_LIMIT
        while not self.signals.has_stopped and not answers(sandbox_port(port), "/sandbox/"):
            supervisor.check()
            if time.monotonic() > deadline:
                raise PartDied(f"The Stripe stand-in did not answer within {SANDBOX_LIMIT:.0f} seconds.")
            time.sleep(POLL_INTERVAL)

    def _serve(self, port: int, cluster: Cluster | None, supervisor: Supervisor, began_at: float) -> None:
        deadline = time.monotonic() + READY_LIMIT
        is_ready = False
        while not self.signals.has_stopped:
            supervisor.check()
            if cluster is not None and not cluster.answers():
                raise PartDied("\n".join(["PostgreSQL ended. Its last lines:", *cluster.log_tail()]))
            if not is_ready and (is_ready := answers(port, "/healthz")):
                sandbox = sandbox_url(port) if settings.HAS_STRIPE_SANDBOX else ""
                lines = welcome_lines(f"http://localhost:{port}", sandbox)
                self._say("\n".join(["", *lines, "", f"Ready after {time.time() - began_at:.1f} s.", ""]))
            if not is_ready and time.monotonic() > deadline:
                raise PartDied(f"The site did not answer within {READY_LIMIT:.0f} seconds.")
            time.sleep(POLL_INTERVAL)
        self._say("Stopping …")

    def _notes(self) -> Path:
        return settings.LOCAL_DIR / "demo.parts.json"

    def _say(self, text: str) -> None:
        """Print at once. The terminal may be gone, which must not keep anything from being ended."""
        with suppress(OSError):
            self.stdout.write(text)
            self.stdout.flush()


def parts(port: int) -> list[Part]:
    python, project = sys.executable, str(settings.BASE_DIR)
    worker = ["db_worker", "--queue-name", "*", "--interval", "0.3", "--no-startup-delay", "--no-reload"]
    server = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "64"]
    site = ["--working-dir", project, "--workers-kill-timeout", "3", "newsroom.wsgi:application"]
    environment = {"PORT": str(port), "DEMO": "1"}
    return [
        Part("worker", [python, f"{project}/manage.py", *worker], environment),
        Part("web", [python, "-m", "granian", *server, *site], {**environment, "DATABASE_POOL": "1"}),
    ]


def stripe_sandbox(port: int) -> Part:
    """The Stripe stand-in for the site at this port. It keeps what was sold in a file, as the site does in its
    database.
    """
    command = [sys.executable, "-m", "stripe_sandbox", "--port", str(sandbox_port(port))]
    webhook = ["--webhook-url", f"http://127.0.0.1:{port}/stripe/webhook/"]
    state = ["--state", str(settings.LOCAL_DIR / "stripe_sandbox.json")]
    secrets = {
        "STRIPE_SECRET_KEY": settings.STRIPE_SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": settings.STRIPE_WEBHOOK_SECRETS[0],
    }
    return Part("stripe", [*command, *webhook, *state], secrets)


def refuse_taken_ports(port: int) -> None:
    """Raise PortTaken if another program listens at the site's port or at that of the Stripe stand-in."""
    refuse_taken_port(port)
    if settings.HAS_STRIPE_SANDBOX:
        refuse_taken_port(sandbox_port(port))


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def next_port(port: int) -> int:
    return port + 1 if port < 65535 else port - 1


def collect_static_files(state_file: Path) -> None:
    """Run collectstatic, unless neither the files nor what processes them have changed since the last time."""
    digest = hashlib.sha256(f"{django.__version__} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            details = Path(storage.path(name)).stat()
            digest.update(f"{name} {details.st_mtime_ns} {details.st_size}\n".encode())
    state = digest.hexdigest()
    is_collected = (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file()
    if is_collected and state_file.is_file() and state_file.read_text(encoding="ascii") == state:
        return
    # Cleared, since a file of a package that was downgraded is older than the copy and would not be copied again.
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    state_file.write_text(state, encoding="ascii")


def welcome_lines(base_url: str, sandbox: str = "") -> list[str]:
    """What to open, as whom, and what to try. `sandbox` is the address of the Stripe stand-in, if one runs."""
    return [
        f"The demo is at {base_url}",
        "",
        "Log in with a code; the mail that brings it appears at",
        f"  {base_url}/demo/inbox/",
        "",
        f"  editor             editor@example.com       writes and publishes at {base_url}/admin/",
        "  publisher          publisher@example.com    also sells: plans, readers, groups, money back and figures",
        "  subscriber         subscriber@example.com   reads everything",
        "  lapsed             lapsed@example.com       had a subscription, and is asked at the gate whether to go on",
        "  registered reader  reader@example.com       reads some articles each month",
        "",
        "To try: open an article and meet the gate, type any address there and choose to read free,",
        f"fetch the code from {base_url}/demo/inbox/, and read on where the text had stopped.",
        *payment_lines(sandbox),
        "Ctrl-C stops everything.",
    ]


def payment_lines(sandbox: str) -> list[str]:
    if not sandbox:
        return [
            "To pay: choose Annual or Monthly at the gate; the card page is that of your Stripe account, in test mode."
        ]
    return [
        "To pay: choose Annual or Monthly at the gate. The card page is a stand-in for Stripe's: no money moves.",
        f"To make time pass, a renewal fail or a message get lost: {sandbox}/sandbox/",
    ]
