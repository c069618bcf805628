"""Sends events to the site: signed with the real time, in one of six ways, again when the site does not answer 2xx.

Nothing here looks into an event; what has been sent and answered is in `attempts`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import queue
import random
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from stripe_sandbox.faults import Thing

MODES = ("normal", "duplicate", "shuffle", "hold", "drop", "slow")
RETRY_DELAYS = (0.2, 1.0, 5.0, 30.0, 120.0)  # seconds; Stripe goes on for three days
TIMEOUT = 20.0
Attempt = tuple[str, int | str]  # the event's id, and the status or the name of what went wrong


def signed(event: Thing, secret: str, at: int | None = None) -> tuple[bytes, str]:
    """The body and its Stripe-Signature header; `at` in UTC seconds, now unless given."""
    body = json.dumps(event, ensure_ascii=False, indent=2).encode()
    moment = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return body, f"t={moment},v1={mac.hexdigest()}"


def post(url: str, body: bytes, signature: str) -> int:
    """One delivery over HTTP; the status of its answer. Raises OSError or HTTPException."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature,
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    try:
        connection.request("POST", parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


class Delivery:
    """One thread sends, in order; `transport` may be replaced to deliver without a socket."""

    def __init__(self, secret: str, url: str = "") -> None:
        self.secret, self.url = secret, url
        self.mode = "normal"
        self.seed = 0
        self.slowness = 2.0  # seconds before each delivery in mode "slow"
        self.retry_delays: tuple[float, ...] = RETRY_DELAYS
        self.transport: Callable[[str, bytes, str], int] = post
        self.attempts: list[Attempt] = []
        self._kept_back: list[Thing] = []
        self._queue: queue.SimpleQueue[tuple[Thing, int] | None] = queue.SimpleQueue()
        self._open = 0  # deliveries that are neither answered with 2xx nor given up
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._timers: set[threading.Timer] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="stripe-sandbox-delivery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._changed:
            timers = list(self._timers)
        for timer in timers:
            timer.cancel()
        self._queue.put(None)
        if self._thread:
            self._thread.join(TIMEOUT)

    def add(self, event: Thing) -> None:
        """Takes a new event, to send it or not as the mode says."""
        mode = self.mode
        if mode not in MODES:
            raise ValueError(f"unknown delivery mode: {mode}")
        if mode == "drop" or not self.url:
            event["pending_webhooks"] = 0
        elif mode in ("hold", "shuffle"):
            self._kept_back.append(event)
        else:
            for _ in range(2 if mode == "duplicate" else 1):
                self._send_later(event)

    def flush(self) -> int:
        """Sends what was kept back, in the seed's order if the mode is now "shuffle"; how many events that were."""
        kept, self._kept_back = self._kept_back, []
        if self.mode == "shuffle":
            random.Random(self.seed).shuffle(kept)  # noqa: S311 - a test's order, no secret
        for event in kept:
            self._send_later(event)
        return len(kept)

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Until every event sent has its 2xx or was given up; False when that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout)

    def concurrent(self, event: Thing, count: int) -> list[int | str]:
        """Sends one event `count` times at the same moment; what each was answered, never tried again."""
        gate, answers = threading.Barrier(count), queue.SimpleQueue[int | str]()

        def send() -> None:
            gate.wait()
            answers.put(self._attempt(event))

        threads = [threading.Thread(target=send, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [answers.get() for _ in threads]

    def _send_later(self, event: Thing) -> None:
        with self._changed:
            self._open += 1
        self._queue.put((event, 0))

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            event, tries = item
            if self.mode == "slow" and self._stopping.wait(self.slowness):
                return
            answer = self._attempt(event)
            if isinstance(answer, int) and 200 <= answer < 300:
                event["pending_webhooks"] = 0
                self._close()
            elif tries < len(self.retry_delays) and not self._stopping.is_set():
                self._again(event, tries)
            else:
                self._close()

    def _again(self, event: Thing, tries: int) -> None:
        def enqueue() -> None:
            with self._changed:
                self._timers.discard(timer)
            self._queue.put((event, tries + 1))

        timer = threading.Timer(self.retry_delays[tries], enqueue)
        timer.daemon = True
        with self._changed:
            self._timers.add(timer)
        timer.start()

    def _close(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def _attempt(self, event: Thing) -> int | str:
        answer: int | str = "unsent"
        body, signature = signed(event, self.secret)
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = self.transport(self.url, body, signature)
        with self._changed:
            self.attempts.append((event["id"], answer))
            self._changed.notify_all()
        return answer
