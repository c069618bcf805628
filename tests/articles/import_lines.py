"""Records of the import format, and their import, for several files of tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from articles.importers import Report, import_records

BODY = "<p>The ferry left. Nobody saw it. The harbour was empty by noon, and the clerks went home.</p>"


def record(**fields: Any) -> dict[str, Any]:
    return {"id": "a1", "headline": "The ferry", "published": "2020-05-04T10:00:00+02:00", "body": BODY, **fields}


def load(*records: object, folder: Path | None = None, dry_run: bool = False) -> Report:
    return import_records(enumerate(records, start=1), folder=folder, dry_run=dry_run)


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.changed, report.unchanged, report.rejected


def reasons(report: Report) -> list[str]:
    return [str(problem) for problem in report.problems]
