"""Whether this process serves (/healthz), and whether the site is ready for readers (/readyz).

The first asks nobody else, so that a slow database does not get web processes killed. The second may be asked by
anybody: it tells no names, paths or numbers of the machine, and costs as much as one look a second.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsroom.models import WorkerHeartbeat
from newsroom.watched import Watched, impatient_database

SILENT_AFTER = timedelta(seconds=60)
PARTS = ("database", "migrations", "worker", "disk")
MEGABYTE = 1024 * 1024

Findings = dict[str, str]  # by part; the text says what is wrong, and nothing if all is well


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    return plain("ok\n", HTTPStatus.OK)


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    found = readiness.answer()
    problems = {part: found.get(part, "no answer in time") for part in PARTS}
    lines = [f"{part} {f'failing: {problem}' if problem else 'ok'}\n" for part, problem in problems.items()]
    return plain("".join(lines), HTTPStatus.SERVICE_UNAVAILABLE if any(problems.values()) else HTTPStatus.OK)


def plain(text: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def look(found: Findings) -> None:
    found["disk"] = disk()
    try:
        with impatient_database():
            found["database"] = ""
            found["migrations"] = migrations.problem()
            found["worker"] = worker() if not found["migrations"] else ""
    except DatabaseTrouble:
        for part in ("database", "migrations", "worker"):
            found[part] = "the database does not answer"


readiness: Watched[str] = Watched(look)


class Migrations:
    """Whether all are applied that the running code has. Once they are, they stay so, and nothing is asked any more."""

    def __init__(self) -> None:
        self.are_applied = False

    def problem(self) -> str:
        if not self.are_applied:
            executor = MigrationExecutor(connection)
            self.are_applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return "" if self.are_applied else "not all are applied"


migrations = Migrations()


def worker() -> str:
    age = WorkerHeartbeat.objects.newest_age()
    return "" if age is not None and age <= SILENT_AFTER else "none has been heard of for a minute"


def disk() -> str:
    """Uploads and temporary files need a place, and so does a little more than that."""
    for name, folder in (("uploads", Path(settings.MEDIA_ROOT)), ("temporary files", Path(tempfile.gettempdir()))):
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent  # made with the first upload
        try:
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"ok")
            free = shutil.disk_usage(folder).free
        except OSError:
            return f"{name} cannot be written"
        if free < settings.MIN_FREE_DISK_MB * MEGABYTE:
            return f"too little room for {name}"
    return ""
