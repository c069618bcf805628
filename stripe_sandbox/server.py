"""The Sandbox: one Stripe account that does not exist, with its API, pages, clock and webhooks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from stripe_sandbox import billing, checkout, clock, collection, delivery, hosted, pages
from stripe_sandbox.api import customers
from stripe_sandbox.calls import Call, Calls, Failure
from stripe_sandbox.collection import DAY
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.listener import Listener, PageAnswer
from stripe_sandbox.money_controls import MoneyControls
from stripe_sandbox.periods import period_end

KEY_PREFIX = "sk_test_sandbox_"
POLL = 0.01  # seconds until it is noticed at the latest that the stand-in is to stop
LONGEST_SILENCE = 60.0  # seconds that a call which is to time out stays unanswered


class Sandbox(MoneyControls):
    """Thread safe. Raises ValueError for a key that could be a real one."""

    def __init__(
        self, key: str, webhook_secret: str, webhook_url: str = "", port: int = 0, state_file: Path | None = None
    ) -> None:
        if not key.startswith(KEY_PREFIX):
            raise ValueError(f"the stand-in takes only keys beginning with {KEY_PREFIX}")
        if not webhook_secret:
            raise ValueError("the stand-in needs a webhook secret to sign with")
        self.key, self.webhook_secret = key, webhook_secret
        self.ledger = Ledger(state_file)
        self.delivery = delivery.Delivery(webhook_secret, webhook_url)
        self._calls = Calls(self.ledger, key)
        self._port = port
        self._stopping = threading.Event()
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self.ledger.on_event = self._sent

    # Running

    def start(self) -> None:
        """Listens on 127.0.0.1, and sends again the events of the state file that the site has not answered yet."""
        self._listener = Listener(self._port, self)
        self._port = self._listener.server_address[1]
        self.ledger.origin = self.url
        self.delivery.start()
        for event in self.ledger.kind("event"):
            if event["pending_webhooks"]:
                self.delivery.add(event)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(POLL,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._listener and self._thread:
            self._listener.shutdown()
            self._listener.hang_up()
            self._listener.server_close()
            self._thread.join()
        self.delivery.stop()

    @property
    def url(self) -> str:
        """The origin; known once started, or where a port was given."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def webhook_url(self) -> str:
        return self.delivery.url

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self.delivery.url = url

    # What the listener asks

    def call(self, method: str, path: str, params: Thing, headers: dict[str, str]) -> tuple[int, Thing, bool]:
        return self._calls.handle(method, path, params, headers)

    def page(self, method: str, path: str, query: dict[str, str], form: dict[str, str]) -> PageAnswer:
        with self.ledger.lock:
            clock.catch_up(self.ledger)
        return pages.handle(self, method, path, query, form)

    def wait_for_stop(self, gone: Callable[[], bool]) -> None:
        """Until the caller hangs up, the stand-in stops, or a minute has passed."""
        for _ in range(int(LONGEST_SILENCE / 0.1)):
            if self._stopping.is_set() or gone():
                return

    # Looking

    @property
    def calls(self) -> list[Call]:
        return self._calls.recorded

    @property
    def violations(self) -> list[str]:
        return self._calls.violations

    @property
    def on_request(self) -> Callable[[str, str, Thing], None] | None:
        return self._calls.on_request

    @on_request.setter
    def on_request(self, hook: Callable[[str, str, Thing], None] | None) -> None:
        self._calls.on_request = hook

    @property
    def on_object(self) -> Callable[[Thing], None] | None:
        return self._calls.on_object

    @on_object.setter
    def on_object(self, hook: Callable[[Thing], None] | None) -> None:
        self._calls.on_object = hook

    def now(self) -> int:
        return self.ledger.now()

    def get(self, thing_id: str) -> Thing:
        """The live object. Raises KeyError for an unknown id."""
        return self.ledger.get(thing_id)

    def objects(self, kind: str) -> list[Thing]:
        """Oldest first, by the word of their `object` field."""
        return self.ledger.kind(kind)

    def signed(self, event: Thing, at: int | None = None, secret: str | None = None) -> tuple[bytes, str]:
        """The body and signature header of a delivery; `at` in real UTC seconds."""
        return delivery.signed(event, self.webhook_secret if secret is None else secret, at)

    # Time

    def advance(self, seconds: int = 0, *, days: int = 0) -> None:
        """Moves the clock on; everything due on the way happens in its order, at its moment."""
        step = seconds + days * DAY
        if step < 0:
            raise ValueError("the clock only goes forward")
        with self.ledger.changing():
            clock.run_until(self.ledger, self.now() + step)
            self.ledger.offset += step

    def advance_to_period_end(self, subscription_id: str) -> None:
        with self.ledger.lock:
            end = period_end(self.get(subscription_id))
            self.advance(seconds=max(0, end - self.now()))

    # What readers do

    def pay(
        self,
        session_id: str,
        card: str = "succeeds",
        *,
        email: str = "",
        name: str | None = None,
        country: str = "",
        tax_id: str = "",
    ) -> Thing:
        """Presses the button of the payment page; the country counts where the page asks for one (else DE).

        Answers {"outcome", "message", "url", "session"}; the outcome is "complete" (url: where the reader goes next),
        "declined", "needs_3ds" or "closed". Raises KeyError for an unknown card, Refused for an unknown session.
        """
        with self.ledger.changing():
            clock.run_until(self.ledger, self.now())
            return checkout.pay(self.ledger, session_id, card, email or "reader@example.com", name, country, tax_id)

    def confirm_3ds(self, session_id: str, ok: bool = True) -> Thing:
        """Ends the authentication that `pay` asked for; answers as `pay` does."""
        with self.ledger.changing():
            return checkout.confirm_3ds(self.ledger, session_id, ok=ok)

    def portal_cancel(self, subscription_id: str) -> None:
        with self.ledger.changing():
            billing.cancel_at_end(self.ledger, self.ledger.need("subscription", subscription_id))

    def portal_keep(self, subscription_id: str) -> None:
        with self.ledger.changing():
            billing.keep(self.ledger, self.ledger.need("subscription", subscription_id))

    def set_card(self, customer_id: str, card: str) -> None:
        """Another card for the customer, with which open invoices are tried at once."""
        with self.ledger.changing():
            billing.set_card(self.ledger, self.ledger.need("customer", customer_id), card)

    def pay_invoice(self, invoice_id: str, card: str = "") -> Thing:
        """Presses the button of an open invoice's page, with another card or, where none is named, the one on file.

        Answers {"outcome", "message", "invoice"}; the outcome is "paid", "declined", "needs_3ds" or "closed". A card
        that pays becomes the subscription's own. Raises KeyError for an unknown card, Refused for an unknown invoice.
        """
        with self.ledger.changing():
            clock.run_until(self.ledger, self.now())
            return hosted.pay(self.ledger, invoice_id, card)

    def confirm_invoice(self, invoice_id: str, ok: bool = True) -> Thing:
        """Ends the authentication that an invoice waits for (a renewal, or `pay_invoice`); answers as that does."""
        with self.ledger.changing():
            clock.run_until(self.ledger, self.now())
            return hosted.confirm(self.ledger, invoice_id, ok=ok)

    # What tests force

    def retries_end_in(self, status: Literal["canceled", "unpaid"]) -> None:
        """What becomes of a subscription when the last retry of its invoice has failed; "canceled" at first."""
        with self.ledger.changing():
            self.ledger.private[billing.RETRIES_END_IN] = {"status": status}

    def fail(self, status: Failure = 500, count: int = 1, path: str = "") -> None:
        """The next `count` calls whose path contains `path` fail.

        429 and 500 are answered; "timeout" is not carried out and never answered; "lost" is carried out, and its answer
        never arrives. Calls that fail so are not remembered under their idempotency key, but "lost" ones are. With a
        count of 0 the trouble is over.
        """
        self._calls.fail(status, count, path)

    def emit(self, kind: str, thing: Thing, livemode: bool = False) -> Thing:
        """Makes and delivers an event of any type about any object; answers the event."""
        with self.ledger.changing():
            return self.ledger.announce(kind, thing, livemode=livemode)

    def set_status(self, subscription_id: str, status: str) -> None:
        """Forces a status, also one that does not exist; nothing but the event follows from it."""
        with self.ledger.changing():
            subscription = self.ledger.need("subscription", subscription_id)
            collection.change(self.ledger, billing.UPDATED, subscription, status=status)

    def delete_customer(self, customer_id: str) -> None:
        with self.ledger.changing():
            customers.delete(self.ledger, {}, customer_id)

    def _sent(self, event: Thing) -> None:
        self._calls.see_object(event)
        self.delivery.add(event)
