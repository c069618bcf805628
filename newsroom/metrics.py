"""Numbers for Prometheus, added up over the web processes of one server and answered on a loopback port of their own.

The library counts in files that the processes share; whichever process gets the port answers, and when it dies another
one takes over. No label takes a value that a reader can choose. The library is loaded when the port is set, and only
then.
"""

from __future__ import annotations

import logging
import os
import shutil
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models.signals import post_save

from subscriptions.models import Lead, StripeEvent

if TYPE_CHECKING:
    from prometheus_client import Counter

logger = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
TAKE_OVER_EVERY = 2.0  # seconds between two tries to get the port
SLOWEST_CLIENT = 5.0  # seconds
BUCKETS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)  # seconds
KEPT_OF_DEAD = 20  # processes of this server that have ended and whose counts are kept

Count = Callable[[str, str, int, float, str], None]  # route, method, status, seconds, page cache


def start(port: int) -> Count | None:
    """Count from now on, and answer at the port as soon as no other process does. Gives what counts a request; None
    where the counts cannot be written, since readers do without numbers but not without the site.
    """
    try:
        folder = open_folder(settings.METRICS_DIR, os.getppid())
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # the library looks there once, when it is loaded
        count = request_counter()
        count_rows()
    except OSError as error:
        logger.warning("nothing is counted: METRICS_DIR cannot be written (%s)", type(error).__name__)
        return None
    threading.Thread(target=answer_for_ever, args=(port, folder), name="metrics", daemon=True).start()
    return count


def open_folder(home: Path, server: int) -> Path:
    """The folder of the processes that have one parent. Those of servers that have ended go."""
    folder = home / str(server)
    folder.mkdir(parents=True, exist_ok=True)
    for other in home.iterdir():
        if other.name.isdigit() and not is_running(int(other.name)):
            shutil.rmtree(other, ignore_errors=True)
    return folder


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def request_counter() -> Count:
    """The labelled children are looked up once: a look-up of the library's takes a lock."""
    from prometheus_client import Counter, Histogram

    requests = Counter("newsroom_requests", "Requests answered.", ["route", "method", "status"], registry=None)
    duration = Histogram("newsroom_request_seconds", "Time to the answer.", ["route"], buckets=BUCKETS, registry=None)
    pages = Counter("newsroom_page_cache", "What the page cache said.", ["result"], registry=None)
    counters: dict[tuple[str, str, int], Any] = {}
    durations: dict[str, Any] = {}
    results = {name: pages.labels(name) for name in ("hit", "miss", "bypass")}

    def count(route: str, method: str, status: int, seconds: float, cache: str) -> None:
        key = (route, method, status // 100)
        if (counter := counters.get(key)) is None:
            counter = counters[key] = requests.labels(route, method, f"{status // 100}xx")
        if (timer := durations.get(route)) is None:
            timer = durations[route] = duration.labels(route)
        counter.inc()
        timer.observe(seconds)
        results[cache if cache in results else "bypass"].inc()

    return count


def count_rows() -> None:
    """Count the leads and the events of Stripe's that this process stores."""
    from prometheus_client import Counter

    leads = Counter("newsroom_leads", "Addresses given at the gate.", registry=None)
    events = Counter("newsroom_stripe_events", "Events of Stripe that were stored.", registry=None)
    for model, counter in ((Lead, leads), (StripeEvent, events)):
        post_save.connect(counting_saves(counter), sender=model, weak=False, dispatch_uid=f"metrics {model.__name__}")


def counting_saves(counter: Counter) -> Callable[..., None]:
    def count(*, created: bool, **_signal: Any) -> None:
        if created:
            counter.inc()

    return count


def answer_for_ever(port: int, folder: Path) -> None:
    is_over = threading.Event()
    while not is_over.is_set():
        try:
            server = MetricsServer((ADDRESS, port), handler_of(folder))
        except OSError:  # another process of this server answers
            is_over.wait(TAKE_OVER_EVERY)
            continue
        logger.info("metrics are answered at port %d of this machine", port)
        with server:
            server.serve_forever()


class MetricsServer(socketserver.TCPServer):
    allow_reuse_address = True  # what was closed a moment ago must not keep the next process out


def handler_of(folder: Path) -> type[BaseHTTPRequestHandler]:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
    from prometheus_client.multiprocess import MultiProcessCollector

    from newsroom.site_numbers import SiteNumbers

    class MetricsHandler(BaseHTTPRequestHandler):
        timeout = SLOWEST_CLIENT

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            forget_dead(folder)
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
            registry.register(SiteNumbers({pid for path in folder.glob("*.db") if is_running(pid := pid_of(path))}))
            body = generate_latest(registry)
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_told: Any) -> None:
            """Nothing: what asks is ours."""

    return MetricsHandler


def forget_dead(folder: Path) -> None:
    """Keep the counts of processes that have ended, so that no sum goes down, but not of more and more of them."""
    dead = [path for path in folder.glob("*.db") if not is_running(pid_of(path))]
    by_age = sorted(dead, key=lambda path: path.stat().st_mtime, reverse=True)
    kept = list(dict.fromkeys(pid_of(path) for path in by_age))[:KEPT_OF_DEAD]
    for path in dead:
        if pid_of(path) not in kept:
            path.unlink(missing_ok=True)


def pid_of(path: Path) -> int:
    """Of the process that counts in the file: counter_123.db."""
    return int(path.stem.rpartition("_")[2])
