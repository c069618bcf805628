"""Brings articles from elsewhere into the library. They are published; a date in the future schedules them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from django.db import transaction

from articles.importers.library import LibraryWriter
from articles.importers.report import Problem, Report

__all__ = ["Problem", "Report", "import_records"]


def import_records(
    records: Iterable[tuple[int, object]],
    *,
    folder: Path | None,
    dry_run: bool = False,
    tell: Callable[[Problem], None] | None = None,
) -> Report:
    """Import records in the import line format, each with its line number, in batches of their own transactions.

    Photos are looked for in `folder`; without one they are left out. `tell` gets every problem as it is met.
    A dry run does the same in one transaction that is undone at the end, and stores no files: its report is that of
    a real run, but editors who save one of these very articles meanwhile have to wait for it.
    Raises OSError or whatever `records` raises, and django.db.DatabaseError if the database is gone.
    """
    report = Report(tell=tell)
    if not dry_run:
        _run(records, report, folder, is_dry_run=False)
        return report
    with transaction.atomic():
        _run(records, report, folder, is_dry_run=True)
        transaction.set_rollback(True)
    return report


def _run(records: Iterable[tuple[int, object]], report: Report, folder: Path | None, *, is_dry_run: bool) -> None:
    writer = LibraryWriter(report, folder, is_dry_run=is_dry_run)
    for line, raw in records:
        writer.add(line, raw)
    writer.flush()
