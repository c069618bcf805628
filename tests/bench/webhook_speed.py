"""How many signed events of Stripe's the site takes in a second, over HTTP and into the database; and that of all that
it has answered with 200 none is lost and none counts twice.

The site is served as docs/operations.md says. The sender runs on the same machine and takes its share of the cores.
"""

from __future__ import annotations

import http.client
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, LiteralString

from newsroom.embedded_postgres import Cluster
from stripe_sandbox.server import Sandbox
from tests.bench.database import PROJECT, environment, fresh_database, machine, superuser
from tests.bench.webhook_events import Delivery, deliveries, gather, live, open_customers, tellings

LEAST_RATE = 150.0  # events a second
EVENTS, DUPLICATES, CUSTOMERS, SENDERS = 3_000, 300, 100, 16
SEED = 20_260
KEY, SECRET = "sk_test_sandbox_bench", "whsec_bench"
READY_LIMIT, SENDING_LIMIT, WORKER_LIMIT = 20.0, 60.0, 90.0  # seconds
WORKER = ("db_worker", "--queue-name", "*", "--batch", "--interval", "0", "--no-startup-delay", "--no-reload")


@dataclass
class Sent:
    """What the senders saw; `seconds` from the first request to the last answer."""

    seconds: float = 0.0
    answers: Counter[int | str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


def measure(cluster: Cluster) -> int:
    """0 if the target is met and the books are right, else 1."""
    sandbox = Sandbox(KEY, SECRET)
    sandbox.start()
    try:
        with fresh_database(cluster, "bench_webhooks") as database, tempfile.TemporaryFile("w+") as log:
            return measure_site(Books(cluster, database), sandbox, log)
    finally:
        sandbox.stop()


def measure_site(books: Books, sandbox: Sandbox, log: IO[str]) -> int:
    settings = environment(books.cluster, books.database) | {
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": sandbox.url,
    }
    manage(settings, log, "sync_plans")
    customer_ids = open_customers(sandbox, CUSTOMERS)
    live(sandbox, customer_ids)
    books.open(customer_ids)
    events = gather(sandbox, EVENTS)
    with site(settings, log) as port:
        batch = deliveries(sandbox, events, DUPLICATES, SEED)
        load_before = machine()
        sent = send(port, batch)
    rate = len(batch) / sent.seconds
    print(f"Webhooks: {load_before}; Python {sys.version.split()[0]}")
    print(report(sent, batch, rate), flush=True)
    faults = books.faults_after_sending({event["id"] for event in events}, tellings(events))
    if sent.answers != {200: len(batch)}:
        faults.append(f"not every delivery was answered with 200: {dict(sent.answers)}")
    faults += work(settings, log) or books.faults_after_working()
    for fault in faults:
        print(f"  WRONG: {fault}")
    if faults:
        log.seek(0)
        print("".join([line for line in log if not line.startswith("INFO ")][-20:]))  # INFO tells of every task
    else:
        print("  Each event is stored once and counted once, and the worker has brought every customer up to date.")
    return 0 if rate >= LEAST_RATE and not faults else 1


def work(settings: dict[str, str], log: IO[str]) -> list[str]:
    """Let a worker empty the queue; the fault, if it does not in time."""
    began = time.perf_counter()
    try:
        manage(settings, log, *WORKER)
    except subprocess.TimeoutExpired:
        return [f"the worker was not done after {WORKER_LIMIT:.0f} s"]
    print(f"  The worker needed {time.perf_counter() - began:.1f} s for the syncs that were queued.")
    return []


def report(sent: Sent, batch: list[Delivery], rate: float) -> str:
    waits = statistics.quantiles(sent.waits or [0.0, 0.0], n=100)
    size = statistics.median(len(delivery.body) for delivery in batch) / 1000
    verdict = "met" if rate >= LEAST_RATE else "MISSED"
    return (
        f"  {f'{EVENTS:,} events, {DUPLICATES} of them twice':<42} {f'{rate:.0f} a second':<26}"
        f" target >= {LEAST_RATE:.0f}    {verdict}, {rate / LEAST_RATE:.1f} times\n"
        f"  {sent.seconds:.1f} s over {SENDERS} connections, {size:.1f} kB in the middle; answered within"
        f" {waits[49] * 1000:.0f} ms, 99 of 100 within {waits[98] * 1000:.0f} ms."
    )


@contextmanager
def site(settings: dict[str, str], log: IO[str]) -> Iterator[int]:
    """The site behind its web server, on a free port, until the block ends. Ends the program if it does not answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    threads = ["--blocking-threads", "64", "--workers-kill-timeout", "3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", *server, *threads, "newsroom.wsgi:application"],
        cwd=PROJECT,
        env=settings | {"PORT": str(port), "DATABASE_POOL": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + READY_LIMIT
        while not is_ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                sys.exit(f"The site did not answer within {READY_LIMIT:.0f} seconds.\n{log.read()}")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def send(port: int, batch: list[Delivery]) -> Sent:
    """Everything, each sender on one connection that it keeps. Nothing is sent again: what fails counts as failed."""
    sent, guard, left = Sent(), threading.Lock(), iter(batch)
    gate = threading.Barrier(SENDERS + 1)

    def deliver() -> None:
        answers: Counter[int | str] = Counter()
        waits = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SENDING_LIMIT)
        try:
            answered(connection, "GET", "/healthz")  # the way is open, and both web processes have been asked
            gate.wait()
            while (delivery := take()) is not None:
                began = time.perf_counter()
                answers[post(connection, delivery)] += 1
                waits.append(time.perf_counter() - began)
        finally:
            connection.close()
        with guard:
            sent.answers.update(answers)
            sent.waits += waits

    def take() -> Delivery | None:
        with guard:
            return next(left, None) if time.perf_counter() < deadline else None

    deadline = time.perf_counter() + SENDING_LIMIT
    threads = [threading.Thread(target=deliver, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    gate.wait(SENDING_LIMIT)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    sent.seconds = time.perf_counter() - began
    return sent


def post(connection: http.client.HTTPConnection, delivery: Delivery) -> int | str:
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": delivery.signature}
    try:
        return answered(connection, "POST", "/stripe/webhook/", delivery.body, headers)
    except (OSError, http.client.HTTPException) as error:
        connection.close()  # opened anew by the next request
        return type(error).__name__


def answered(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> int:
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def manage(settings: dict[str, str], log: IO[str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(
        command, cwd=PROJECT, env=settings, stdout=log, stderr=subprocess.STDOUT, check=True, timeout=WORKER_LIMIT
    )


@dataclass(frozen=True, slots=True)
class Books:
    """What stands in the database, read past the site's own code."""

    cluster: Cluster
    database: str

    def open(self, customer_ids: list[str]) -> None:
        """Customers as the checkout leaves them, with nothing told of them yet."""
        with superuser(self.cluster, self.database) as connection:
            connection.execute(
                "WITH made AS (INSERT INTO subscriptions_stripecustomer"
                " (stripe_id, livemode, currency, billing_email, created_at)"
                " SELECT unnest(%s::text[]), false, '', '', now() RETURNING id)"
                " INSERT INTO subscriptions_syncjob"
                " (customer_id, generation, done_generation, attempts, last_error) SELECT id, 0, 0, 0, '' FROM made",
                [customer_ids],
            )

    def faults_after_sending(self, event_ids: set[str], told: Counter[str]) -> list[str]:
        """What is lost, doubled or left without a queued sync."""
        stored = [event_id for (event_id,) in self.rows("SELECT event_id FROM subscriptions_stripeevent")]
        generations = dict(
            self.rows(
                "SELECT c.stripe_id, j.generation FROM subscriptions_syncjob j"
                " JOIN subscriptions_stripecustomer c ON c.id = j.customer_id"
            )
        )
        unqueued = self.rows(
            "SELECT j.customer_id FROM subscriptions_syncjob j WHERE j.generation > j.done_generation AND NOT EXISTS"
            " (SELECT FROM django_tasks_database_dbtaskresult t WHERE t.status = 'READY'"
            " AND t.task_path = 'subscriptions.sync.run_sync'"
            " AND t.args_kwargs->'kwargs'->'customer_pk' = to_jsonb(j.customer_id))"
        )
        wrong = {name for name in told | generations if told[name] != generations.get(name)}
        booked = sum(generations.values())
        found = {
            f"{len(event_ids - set(stored))} events are lost": event_ids - set(stored),
            f"{len(stored)} rows of events where {len(event_ids)} were told": len(stored) != len(event_ids),
            f"{len(wrong)} customers were marked too often or too rarely, {booked} for {told.total()} times": wrong,
            f"{len(unqueued)} customers have no sync in the queue": unqueued,
        }
        return [what for what, is_so in found.items() if is_so]

    def faults_after_working(self) -> list[str]:
        """What the worker has left undone."""
        waiting = self.rows("SELECT id FROM subscriptions_syncjob WHERE done_generation <> generation")
        unsold = self.rows(
            "SELECT c.id FROM subscriptions_stripecustomer c LEFT JOIN subscriptions_subscription s"
            " ON s.customer_id = c.id GROUP BY c.id HAVING count(s.id) <> 1"
        )
        unfinished = self.rows("SELECT id FROM django_tasks_database_dbtaskresult WHERE status <> 'SUCCESSFUL'")
        found = {
            f"{len(waiting)} customers are not synced after the worker": waiting,
            f"{len(unsold)} customers have not exactly one subscription": unsold,
            f"{len(unfinished)} tasks failed or are left": unfinished,
        }
        return [what for what, is_so in found.items() if is_so]

    def rows(self, query: LiteralString) -> list[tuple[Any, ...]]:
        with superuser(self.cluster, self.database) as connection:
            return connection.execute(query).fetchall()
