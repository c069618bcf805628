"""What the benches print: on what, with what, how fast; as the Markdown that docs/benchmarks.md holds."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from newsroom.embedded_postgres import Cluster
from tests import edge
from tests.bench.database import DURABLE, superuser
from tests.bench.load import CONNECTIONS, THREADS, Target


@dataclass(frozen=True, slots=True)
class Result:
    """A figure beside what was promised: at least, or at most."""

    what: str
    measured: float
    least: float | None = None
    most: float | None = None

    @property
    def is_met(self) -> bool:
        is_enough = self.least is None or self.measured >= self.least
        return is_enough and (self.most is None or self.measured <= self.most)

    def cells(self) -> list[str]:
        measured = f"{self.measured}" if isinstance(self.measured, int) else f"{self.measured:.3f}"
        target = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return [self.what, measured, target, "ok" if self.is_met else "**missed**"]


def print_pages(cluster: Cluster, load: str, targets: Sequence[Target], results: Sequence[Result]) -> None:
    print(f"{machine()}; load at the start {load}.\n{versions(cluster)}")
    rounds = f"{len(targets[0].rounds)} rounds of {targets[0].rounds[0].seconds:.0f} s each"
    print(f"wrk with {THREADS} threads and {CONNECTIONS} connections; medians of {rounds}.\n")
    rows = [
        [target.name, f"{target.rate:,.0f}", *(f"{median:.1f}" for median in waits(target)), spread(target)]
        for target in targets
    ]
    print_table(["Page", "requests/s", "p50 ms", "p99 ms", "slowest and fastest round"], rows)
    print_table(["Promise", "measured", "target", ""], [result.cells() for result in results])


def waits(target: Target) -> tuple[float, float]:
    return (
        statistics.median(each.p50_ms for each in target.rounds),
        statistics.median(each.p99_ms for each in target.rounds),
    )


def spread(target: Target) -> str:
    rates = [each.rate for each in target.rounds]
    return f"{min(rates):,.0f} to {max(rates):,.0f}"


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |")
    print(flush=True)


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def machine() -> str:
    """The processor, how many of it, and the memory."""
    told = re.search(r"^model name\s*: (.+)$", read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+) kB$", read("/proc/meminfo"), re.MULTILINE)
    size = f", {int(memory[1]) / 1024**2:.0f} GiB" if memory else ""
    return f"{os.cpu_count()} cores, {told[1] if told else platform.machine()}{size}, {platform.system()}"


def versions(cluster: Cluster) -> str:
    with superuser(cluster) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    packages = ", ".join(f"{name} {version(name.lower())}" for name in ("Django", "granian", "psycopg"))
    postgres = f"PostgreSQL {row[0] if row else ''} with {', '.join(DURABLE)} on"
    tools = f"nginx {asked(str(edge.PROGRAM), '-v')}, wrk {asked('wrk', '-v')}"
    return f"Python {platform.python_version()}, {packages}, {postgres}, {tools}."


def asked(*command: str) -> str:
    """The version that a program tells, on whichever channel and with whatever status."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "of unknown version"


def read(path: str) -> str:
    file = Path(path)
    return file.read_text(encoding="utf-8") if file.exists() else ""
