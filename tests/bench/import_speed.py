"""How fast real articles come into the library, and in how much memory: whole runs of the command."""

from __future__ import annotations

import gzip
import itertools
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from newsroom.embedded_postgres import Cluster
from tests.bench.database import PROJECT, environment, fresh_database, machine, superuser

CORPUS = Path(os.environ.get("NEWSROOM_CORPUS") or PROJECT.parent / "shared" / "corpus")
REUTERS, DIGITALGOV = CORPUS / "reuters21578.jsonl.gz", CORPUS / "digitalgov.jsonl.gz"

MOST_SECONDS = 20.0  # for the first 10,000 of Reuters
LEAST_RATE = 200.0  # articles a second of digital.gov
MOST_GROWTH = 1.2  # peak memory at 20,000 articles against that at 2,000


@dataclass(frozen=True, slots=True)
class Run:
    lines: int
    seconds: float
    peak_mib: float
    summary: str


def measure(cluster: Cluster) -> int:
    """0 if every target is met, 1 if one is missed, 2 if the articles are not there."""
    if not (REUTERS.is_file() and DIGITALGOV.is_file()):
        print(f"Nothing measured: {REUTERS.name} and {DIGITALGOV.name} are not both in {CORPUS} (NEWSROOM_CORPUS).")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        return measure_runs(cluster, Path(folder))


def measure_runs(cluster: Cluster, folder: Path) -> int:
    reuters = run_import(cluster, head(REUTERS, 10_000, folder))
    digitalgov = run_import(cluster, head(DIGITALGOV, 1_000_000, folder))
    small = run_import(cluster, head(REUTERS, 2_000, folder))
    large = run_import(cluster, head(REUTERS, 20_000, folder))
    rate, growth = digitalgov.lines / digitalgov.seconds, large.peak_mib / small.peak_mib
    results = [
        (
            f"Reuters, {reuters.lines:,} lines",
            f"{reuters.seconds:.1f} s",
            f"<= {MOST_SECONDS:.0f} s",
            reuters.seconds <= MOST_SECONDS,
        ),
        (
            f"digital.gov, {digitalgov.lines:,} lines",
            f"{rate:.0f} a second",
            f">= {LEAST_RATE:.0f}",
            rate >= LEAST_RATE,
        ),
        (
            "peak memory, 20,000 against 2,000 lines",
            f"{growth:.2f} ({large.peak_mib:.0f} / {small.peak_mib:.0f} MiB)",
            f"<= {MOST_GROWTH}",
            growth <= MOST_GROWTH,
        ),
    ]
    print(f"Import: {machine()}")
    for what, measured, target, is_met in results:
        print(f"  {what:<42} {measured:<26} target {target:<9} {'met' if is_met else 'MISSED'}")
    for run in (reuters, digitalgov, large):
        print(f"  {run.summary} {run.seconds:.1f} s, {run.peak_mib:.0f} MiB")
    return 0 if all(is_met for *_, is_met in results) else 1


def head(source: Path, number: int, folder: Path) -> Path:
    """The first lines of a packed file as a packed file of their own."""
    target = folder / f"{number}-{source.name}"
    with gzip.open(source) as lines, gzip.open(target, "wb", compresslevel=1) as written:
        written.writelines(itertools.islice(lines, number))
    return target


def run_import(cluster: Cluster, file: Path) -> Run:
    with fresh_database(cluster, "bench_import") as name:
        run = manage(cluster, name, "import_articles", str(file))
        check_vectors(cluster, name)
    return run


def manage(cluster: Cluster, database: str, *arguments: str) -> Run:
    """Run a command of manage.py as anybody would; its time is that of the whole process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=environment(cluster, database),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"manage.py {arguments[0]} ended with {process.returncode}:\n{output}")
    summary = output.strip().rpartition("\n")[2]
    lines = int(summary.partition(" ")[0].replace(",", "") or 0)
    return Run(lines, seconds, usage.ru_maxrss / 1024, summary)


def check_vectors(cluster: Cluster, database: str) -> None:
    """A figure counts only if every article has its body and both have their search vectors."""
    with superuser(cluster, database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM articles_article a LEFT JOIN articles_body b ON b.article_id = a.id"
            " WHERE a.search_vector IS NULL OR b.search_vector IS NULL"
        ).fetchone()
    if row is None or row[0]:
        sys.exit(f"{row and row[0]} articles came in without a search vector")
