"""The nightly comparison with Stripe: whether its memory stays flat, and how few requests it makes for each customer.

Everybody drifted first, which costs the most; then a second run finds nothing, as on any other night.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from unittest import mock

from newsroom.embedded_postgres import Cluster
from stripe_sandbox.server import Sandbox
from tests.bench.database import PROJECT, environment, fresh_database, machine, superuser
from tests.bench.report import Result, print_table
from tests.bench.webhook_events import live, open_customers

KEY, SECRET = "sk_test_sandbox_bench", "whsec_bench"
MANY = int(os.environ.get("BENCH_CUSTOMERS", "10000"))
FEW = min(1_000, MANY // 2)
BATCH = 100
MOST_MEMORY = 1.2  # times that of the few
MOST_REQUESTS = 8.0  # for a customer who drifted
MOST_QUIET = 0.05  # for one who did not: a hundred in a page
LIMIT = 3600.0  # seconds
# The command, with its lines and its memory told when it ends. The kernel's figure of this address space: that of
# getrusage also counts what this program held when it started the command, which is all of the stand-in.
RUN = (
    "import pathlib, re, django; django.setup();"
    "from subscriptions.mirroring.reconcile import reconcile;"
    "lines = sum(1 for _ in reconcile());"
    "print(lines, re.search(r'VmHWM:\\s+(\\d+) kB', pathlib.Path('/proc/self/status').read_text())[1])"
)


@dataclass(frozen=True, slots=True)
class Run:
    lines: int
    memory: float  # MiB, the most that the process ever held
    requests: int
    seconds: float


def measure(cluster: Cluster) -> int:
    """0 if every target is met, else 1."""
    print(f"Reconcile: {machine()}; Python {sys.version.split()[0]}", flush=True)
    few = nights(cluster, FEW)
    many = nights(cluster, MANY)
    rows = [
        [what, f"{count:,}", f"{run.seconds:.0f}", f"{run.requests / count:.3f}", f"{run.memory:.0f}", f"{run.lines:,}"]
        for count, found in ((FEW, few), (MANY, many))
        for what, run in zip(("everybody drifted", "nobody did"), found, strict=True)
    ]
    print_table(["Night", "customers", "seconds", "requests each", "MiB", "lines"], rows)
    results = [
        Result(f"memory with {MANY:,} who drifted / with {FEW:,}", ratio(many[0], few[0]), most=MOST_MEMORY),
        Result("the same where nobody did", ratio(many[1], few[1]), most=MOST_MEMORY),
        Result("requests for each who drifted", many[0].requests / MANY, most=MOST_REQUESTS),
        Result("requests for each who did not", many[1].requests / MANY, most=MOST_QUIET),
        Result("lines of a second run", many[1].lines, most=0),
    ]
    print_table(["Promise", "measured", "target", ""], [result.cells() for result in results])
    return 0 if all(result.is_met for result in results) else 1


def ratio(more: Run, fewer: Run) -> float:
    return more.memory / fewer.memory


def nights(cluster: Cluster, count: int) -> tuple[Run, Run]:
    """A comparison that has to bring everybody, and the one of the next night."""
    sandbox = Sandbox(KEY, SECRET)
    sandbox.delivery.mode = "drop"
    sandbox.start()
    try:
        with fresh_database(cluster, "bench_reconcile") as database:
            settings = environment(cluster, database) | {
                "STRIPE_SECRET_KEY": KEY,
                "STRIPE_WEBHOOK_SECRET": SECRET,
                "STRIPE_API_BASE": sandbox.url,
                "DJANGO_SETTINGS_MODULE": "newsroom.settings",
            }
            plans = [sys.executable, "manage.py", "sync_plans"]
            subprocess.run(plans, cwd=PROJECT, env=settings, stdout=subprocess.DEVNULL, check=True)
            customer_ids = subscribers(sandbox, count)
            know(cluster, database, customer_ids)
            found = run(settings, sandbox), run(settings, sandbox)
            refuse_leftovers(cluster, database)
            return found
    finally:
        sandbox.stop()


def subscribers(sandbox: Sandbox, count: int) -> list[str]:
    """So many who have paid, and of whom no event tells: only the lists do."""
    customer_ids: list[str] = []
    for start in range(0, count, BATCH):
        # No time passes meanwhile. Looking each time for what is due would take the stand-in longer than all else.
        with mock.patch("stripe_sandbox.clock.run_until"), mock.patch("stripe_sandbox.clock.catch_up"):
            some = open_customers(sandbox, min(BATCH, count - start))
            live(sandbox, some)
        customer_ids += some
        for event in sandbox.objects("event"):
            del sandbox.ledger.things[event["id"]]
        sandbox.ledger._kinds["event"].clear()
    return customer_ids


def refuse_leftovers(cluster: Cluster, database: str) -> None:
    """Ends the program if a customer was not brought: what left somebody out is not fast."""
    with superuser(cluster, database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM subscriptions_stripecustomer c WHERE NOT EXISTS"
            " (SELECT FROM subscriptions_subscription s WHERE s.customer_id = c.id AND s.status = 'active')"
        ).fetchone()
    if row != (0,):
        sys.exit(f"Nothing measured: customers without their subscription: {row}.")


def know(cluster: Cluster, database: str, customer_ids: list[str]) -> None:
    """Customers as the checkout leaves them."""
    with superuser(cluster, database) as connection:
        connection.execute(
            "WITH made AS (INSERT INTO subscriptions_stripecustomer"
            " (stripe_id, livemode, currency, billing_email, created_at)"
            " SELECT unnest(%s::text[]), false, '', '', now() RETURNING id)"
            " INSERT INTO subscriptions_syncjob"
            " (customer_id, generation, done_generation, attempts, last_error) SELECT id, 0, 0, 0, '' FROM made",
            [customer_ids],
        )


def run(settings: dict[str, str], sandbox: Sandbox) -> Run:
    sandbox.calls.clear()
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=PROJECT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"reconcile failed:\n{done.stderr[-3000:]}")
    lines, memory = done.stdout.split()
    return Run(int(lines), int(memory) / 1024, len(sandbox.calls), time.perf_counter() - began)
