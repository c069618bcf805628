"""The shop: the site on a real server, the stand-in for Stripe beside it, and every request and object checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from stripe_sandbox.server import Sandbox
from subscriptions.catalogue import sync_plans
from subscriptions.models import CheckoutAttempt, Subscription
from tests import make
from tests.stripe_contract import check_answer, check_object, check_request, watching_requests

KEY = "sk_test_sandbox_for_the_tests"
SECRET = "whsec_for_the_tests"


@pytest.fixture
def allowed_words() -> set[str]:
    """Words outside Stripe's enumerations that a test brings in on purpose: an unknown status or type of event."""
    return set()


@pytest.fixture
def sandbox(allowed_words: set[str]) -> Iterator[Sandbox]:
    """The stand-in on a port of its own. Whatever breaks Stripe's contract, in either direction, fails the test."""
    stand_in = Sandbox(KEY, SECRET)
    stand_in.on_request = check_request
    stand_in.on_object = partial(check_object, allowing=allowed_words)
    stand_in.start()
    try:
        with watching_requests():
            yield stand_in
        assert stand_in.violations == []
        for call in stand_in.calls:
            if call.status == 200:
                check_answer(call.method, call.path, call.answer, allowing=allowed_words)
    finally:
        stand_in.stop()


@dataclass
class Shop:
    """What a test does as a reader, as Stripe and as the worker."""

    sandbox: Sandbox
    url: str

    def start(self, client: Client, email: str = "", plan: str = "annual", next_path: str = "/") -> HttpResponse:
        """Choose a paid option at the gate."""
        form = {"email": email, "plan": plan, "next": next_path}
        return client.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})

    def checkout(self, client: Client, email: str = "", plan: str = "annual", next_path: str = "/") -> CheckoutAttempt:
        """Choose a paid option and arrive at the payment page."""
        response = self.start(client, email, plan, next_path)
        assert response.status_code == 303, response.content.decode()[:2000]
        assert response["Location"].startswith(f"{self.sandbox.url}/c/pay/")
        return CheckoutAttempt.objects.get(session_url=response["Location"])

    def pay(self, attempt: CheckoutAttempt, card: str = "succeeds") -> dict[str, Any]:
        """Pay; what Stripe tells of it has arrived when this returns, and waits for the worker."""
        result = self.sandbox.pay(attempt.session_id or "", card=card)
        self.sandbox.delivery.wait_idle(30)
        return result

    def welcome(self, client: Client, attempt: CheckoutAttempt) -> HttpResponse:
        return client.get("/subscribe/welcome/", {"session_id": attempt.session_id})

    def settle(self) -> None:
        """Let every event arrive, and the worker do what is queued."""
        self.sandbox.delivery.wait_idle(30)
        make.run_tasks()
        self.sandbox.delivery.wait_idle(30)
        make.run_tasks()

    def subscribe(self, client: Client, email: str = "", plan: str = "annual") -> Subscription:
        """The whole way, as a reader who pays at once."""
        attempt = self.checkout(client, email, plan)
        self.pay(attempt)
        self.settle()
        attempt.refresh_from_db()
        assert attempt.subscription is not None
        return attempt.subscription


@pytest.fixture
def open_shop(sandbox: Sandbox, settings: Any) -> Callable[[str], Shop]:
    """Payments open, against the stand-in, for a site at the given address."""

    def opened(url: str) -> Shop:
        settings.STRIPE_SECRET_KEY = sandbox.key
        settings.STRIPE_WEBHOOK_SECRETS = [sandbox.webhook_secret]
        settings.STRIPE_API_BASE = sandbox.url
        settings.STRIPE_LIVEMODE = False
        settings.SECURE_CSP = settings.SECURE_CSP | {"form-action": ["'self'", sandbox.url]}
        sandbox.webhook_url = f"{url}/stripe/webhook/"
        sync_plans()
        sandbox.delivery.wait_idle(30)
        return Shop(sandbox, url)

    return opened


@pytest.fixture
def shop(open_shop: Callable[[str], Shop], live_server: LiveServer, transactional_db: None) -> Shop:
    """The open shop with signed events that arrive over HTTP."""
    return open_shop(live_server.url)
