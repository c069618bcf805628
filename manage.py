#!/usr/bin/env python
"""Runs Django's commands; first starts or joins the embedded PostgreSQL where that is the database."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

# Commands that ask no database, or look after the server themselves. Any other finds it running and leaves it running:
# most run Django's checks, of which those of the models ask what the server can do.
WITHOUT_DATABASE = frozenset(
    {
        "collectstatic",
        "compilemessages",
        "demo",
        "diffsettings",
        "embedded_postgres",
        "help",
        "makemessages",
        "version",
    }
)


def needs_database(arguments: list[str]) -> bool:
    """Whether the command of these arguments (without the program's name) asks the database."""
    is_asking_for_help = bool({"-h", "--help", "--version"} & set(arguments))
    return bool(arguments) and not is_asking_for_help and arguments[0] not in WITHOUT_DATABASE


def join_embedded_postgres() -> None:
    """Start or join the server that comes with the clone, if it is the one that the settings will name."""
    from newsroom.embedded_postgres import Cluster, EmbeddedPostgresError
    from newsroom.env import is_embedded_database

    if not is_embedded_database(os.environ):
        return
    cluster = Cluster(Path(__file__).resolve().parent)
    try:
        cluster.start()
        cluster.ensure_database()
    except EmbeddedPostgresError as error:
        sys.exit(str(error))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    arguments = sys.argv[1:]
    if arguments[:1] == ["demo"]:  # Ctrl-C just ends it, until it has something to tidy up and says so itself
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if needs_database(arguments):
        join_embedded_postgres()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
