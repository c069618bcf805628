"""python -m tests.audit [--runs N]: Lighthouse on the front page, a free article and the gate of the demonstration, as
readers get them: granian behind nginx with TLS. Prints the median of each mark.

Ends with 0 if every mark is reached, 1 if one is missed. Where something that it needs is missing it says so, and ends
with 0 without having looked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import chromium
from tests.bench.database import bench_cluster, environment, fresh_database, superuser, url
from tests.edge import PROGRAM, Edge, nginx
from tests.servers import HOST, PROJECT, production, run_command, site

LIGHTHOUSE = PROJECT / "tests/tools/lighthouse/node_modules/.bin/lighthouse"
DATABASE = "audit"
WANTED = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
# The certificate of the audit signs itself.
FLAGS = ["--headless=new", *chromium.FLAGS, "--ignore-certificate-errors"]
LIMIT = 180  # seconds for one run
Marks = dict[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.audit")
    parser.add_argument("--runs", type=int, default=5, help="of which the median counts (5)")
    runs = parser.parse_args().runs
    needed = {
        "Node": shutil.which("node"),
        "Lighthouse": LIGHTHOUSE.exists(),
        "Chromium": chromium.PROGRAM,
        "nginx": PROGRAM,
    }
    for name, there in needed.items():
        if not there:
            print(f"Nothing was audited: {name} is missing and could not be fetched.", file=sys.stderr)
            return 0
    with served() as (edge, pages):
        print(f"{'':<14}" + "".join(f"{name:>16}" for name in WANTED))
        return max([audited(edge, name, path, runs) for name, path in pages.items()])


@contextmanager
def served() -> Iterator[tuple[Edge, dict[str, str]]]:
    """The demonstration publication behind nginx, and the pages to look at."""
    with (
        tempfile.TemporaryDirectory(prefix="newsroom-audit-") as name,
        bench_cluster() as cluster,
        fresh_database(cluster, DATABASE) as database,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        run_command(environment(cluster, database) | {"MEDIA_ROOT": str(folder / "media")}, "load_demo")
        with superuser(cluster, database) as connection:
            slugs = {tier: newest(connection, tier) for tier in ("free", "premium")}
        pages = {"front page": "/", "free article": slugs["free"], "gate": slugs["premium"]}
        variables = production(url(cluster, database), folder, SITE_NOTE="", SITE_NAME="The Meridian Review")
        with site(variables, folder) as granian, nginx(granian, folder) as edge:
            yield edge, pages


def newest(connection: Any, tier: str) -> str:
    rows = connection.execute(
        "SELECT slug FROM articles_article WHERE tier = %s AND photo_id IS NOT NULL ORDER BY published_at DESC LIMIT 1",
        [tier],
    )
    return f"/articles/{rows.fetchone()[0]}/"


def audited(edge: Edge, name: str, path: str, runs: int) -> int:
    """Look at one page so often, print the medians and what Lighthouse holds against it; whether a mark is missed."""
    edge.get(path)  # kept from now on, as it is for every reader but the first
    reports = [report(edge, path) for _ in range(runs)]
    medians = {mark: statistics.median(score(each, mark) for each in reports) for mark in WANTED}
    print(f"{name:<14}" + "".join(f"{medians[mark]:>16.0f}" for mark in WANTED), flush=True)
    missed = [mark for mark, least in WANTED.items() if medians[mark] < least]
    for mark in missed:
        for line in sorted(complaints(reports[-1], mark)):
            print(f"    {mark}: {line}")
    return 1 if missed else 0


def report(edge: Edge, path: str) -> dict[str, Any]:
    """One run of Lighthouse, a phone on a slow network as it has it by default. Where the browser's recording failed
    nothing was measured, and it is run once more.
    """
    rules = f'--host-resolver-rules="MAP {HOST}:443 127.0.0.1:{edge.port}"'
    command = [str(LIGHTHOUSE), f"https://{HOST}{path}", "--output=json", "--quiet"]
    command += [f"--only-categories={','.join(WANTED)}", f"--chrome-flags={' '.join([*FLAGS, rules])}"]
    variables = os.environ | {"CHROME_PATH": str(chromium.PROGRAM)}
    for _attempt in range(2):
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=LIMIT, check=False)
        if "Runtime error" not in done.stderr:
            break
    if done.returncode:
        sys.exit(f"Lighthouse failed on {path}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def score(found: dict[str, Any], mark: str) -> float:
    return round(100 * (found["categories"][mark]["score"] or 0))


def complaints(found: dict[str, Any], mark: str) -> Iterator[str]:
    for reference in found["categories"][mark]["auditRefs"]:
        each = found["audits"][reference["id"]]
        if reference["weight"] and each["score"] is not None and each["score"] < 0.9:
            items = each.get("details", {}).get("items", [])
            yield f"{each['title']} {each.get('displayValue', '')} {json.dumps(items)[:400]}"


if __name__ == "__main__":
    sys.exit(main())
