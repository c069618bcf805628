"""manage.py import_articles FILE: articles from a file of JSON lines into the library."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from articles.importers import Problem, Report, import_records
from articles.importers.lines import read_json_lines

INTERRUPTED = 130  # what shells call a command that Ctrl-C ended


class Command(BaseCommand):
    help = (
        "Import articles from a file of JSON lines (plain or gzip). Importing it again leaves alone the articles whose "
        "lines are as they were, with all that editors changed; a changed line writes the fields that it names, never "
        "the address, the state, or what it does not mention. Photos must be files in the folder of FILE; nothing is "
        "fetched."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the file; one article a line")
        parser.add_argument("--format", choices=["jsonl"], default="jsonl", help="what the file is (default: jsonl)")
        parser.add_argument(
            "--dry-run", action="store_true", help="report the same, but write nothing (holds locks until it is done)"
        )

    def handle(self, *, file: Path, dry_run: bool, verbosity: int, **options: Any) -> None:
        try:
            report = self._import(file, dry_run=dry_run, is_quiet=verbosity == 0)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror or error}") from error
        except DatabaseError as error:
            raise CommandError(f"The database is gone; what was written before stays. {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted. What was written stays; run it again.", returncode=INTERRUPTED) from None
        self.stdout.write(f"{report}.")
        if dry_run:
            self.stdout.write("Nothing was written.")
        if report.rejected and report.rejected == report.lines:
            raise CommandError("Not one line could be imported.")

    def _import(self, file: Path, *, dry_run: bool, is_quiet: bool) -> Report:
        size = file.stat().st_size
        with tqdm(total=size, unit="B", unit_scale=True, desc=file.name, disable=True if is_quiet else None) as bar:

            def advance(position: int) -> None:
                bar.update(position - bar.n)

            def tell(problem: Problem) -> None:
                if not is_quiet:
                    with bar.external_write_mode():
                        self.stdout.write(str(problem))

            records = read_json_lines(file, advance)
            return import_records(records, folder=file.absolute().parent, dry_run=dry_run, tell=tell)
