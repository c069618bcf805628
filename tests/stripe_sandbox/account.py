"""What the tests of the stand-in share: a client of the real library, a receiver of webhooks, and calls without it."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import stripe

from stripe_sandbox.server import Sandbox

SUCCESS = "http://localhost/welcome/?session={CHECKOUT_SESSION_ID}"


class Account:
    """One product with a monthly price, and what a site does with them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.client = stripe.StripeClient(sandbox.key, base_addresses={"api": sandbox.url}).v1
        self.product = self.client.products.create({"name": "The library"})
        self.monthly = self.price(recurring={"interval": "month"})
        self.customer = self.client.customers.create({"email": "anna@example.org"})

    def price(self, **more: Any) -> Any:
        return self.client.prices.create({"product": self.product.id, "currency": "eur", "unit_amount": 900, **more})

    def session(self, **more: Any) -> Any:
        params = {
            "mode": "subscription",
            "customer": self.customer.id,
            "line_items": [{"price": self.monthly.id, "quantity": 1}],
            "success_url": SUCCESS,
            **more,
        }
        return self.client.checkout.sessions.create(params)  # type: ignore[arg-type]

    def subscribe(self, card: str = "succeeds", **more: Any) -> dict[str, Any]:
        """The live subscription, paid."""
        session = self.session(**more)
        self.sandbox.pay(session.id, card)
        return self.sandbox.get(self.sandbox.get(session.id)["subscription"])

    def events(self) -> list[str]:
        return [event["type"] for event in self.sandbox.objects("event")]

    def forget_events(self) -> Callable[[], list[str]]:
        """What was announced since this call."""
        before = len(self.events())
        return lambda: self.events()[before:]


def raw(
    sandbox: Sandbox, method: str, path: str, body: str = "", key: str | None = None, **headers: str
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """A call past the library, which would not send what is wrong: status, body and headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key != "":
        sent["Authorization"] = f"Bearer {key or sandbox.key}"
    request = urllib.request.Request(sandbox.url + path, body.encode() or None, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal), dict(refusal.headers)


class Receiver:
    """A site's webhook endpoint: keeps what arrives and answers as told, 200 when nothing was said."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.arrived:
                    receiver.received.append((body, self.headers["Stripe-Signature"]))
                    status = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.arrived.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_request(self, *args: object) -> None:
                """Silent."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhook/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for body, _ in self.received]

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.received]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
