"""`manage.py embedded_postgres`: the server that other commands leave running, and one for a single program."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import REMAINDER
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsroom.embedded_postgres import DEFAULT_DATABASE, SUPERUSER, Cluster, EmbeddedPostgresError


class Command(BaseCommand):
    help = (
        "Starts, stops or shows the PostgreSQL that comes with this clone; "
        "or runs a program with another one, which is empty at first and ends with it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status", "run"])
        parser.add_argument("program", nargs=REMAINDER, help="with run: what to run, DATABASE_URL being set for it")

    def handle(self, *, action: str, program: list[str], **options: object) -> None:
        if bool(program) != (action == "run"):
            raise CommandError("embedded_postgres run takes a program, and nothing else does.")
        try:
            if action == "run":
                sys.exit(run(program))
            self.stdout.write(answer(action, Cluster(settings.BASE_DIR)))
        except EmbeddedPostgresError as error:
            raise CommandError(str(error)) from error


def answer(action: str, cluster: Cluster) -> str:
    if action == "start":
        has_started = cluster.start()
        cluster.ensure_database()
        return f"PostgreSQL {'started' if has_started else 'was running already'}, socket in {cluster.socket_dir}"
    if action == "stop":
        return "PostgreSQL stopped" if cluster.stop() else "PostgreSQL was not running"
    state = "running" if cluster.is_running() else "not running"
    return f"PostgreSQL is {state}\n  data and log: {cluster.home}\n  socket:       {cluster.socket_dir}"


def run(program: list[str]) -> int:
    """Run the program with a database apart from the site's own; its status. A DATABASE_URL that is set serves it."""
    if "DATABASE_URL" in os.environ:
        return subprocess.run(program, check=False).returncode
    cluster = Cluster(settings.BASE_DIR, "run")
    try:
        cluster.remove()  # what a killed one left
        cluster.start()
        cluster.ensure_database()
        url = f"postgresql://{SUPERUSER}@/{DEFAULT_DATABASE}?host={quote(str(cluster.socket_dir))}"
        return subprocess.run(program, env=os.environ | {"DATABASE_URL": url}, check=False).returncode
    finally:
        cluster.remove()
