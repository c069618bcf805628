"""The shop: the site on a real server, the stand-in for Stripe beside it, and every request and object checked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import stripe
import time_machine
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from stripe_sandbox.server import Sandbox
from subscriptions.catalogue import sync_plans
from subscriptions.models import CheckoutAttempt, Plan, PlanAmount, PlanPrice, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.stripe_contract import check_answer, check_object, check_request, watching_requests

KEY = "sk_test_sandbox_for_the_tests"
SECRET = "whsec_for_the_tests"


@pytest.fixture
def allowed_words() -> set[str]:
    """Words outside Stripe's enumerations that a test brings in on purpose: an unknown status or type of event."""
    return set()


@pytest.fixture
def sandbox(allowed_words: set[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The stand-in on a port of its own. Whatever breaks Stripe's contract, in either direction, fails the test. What
    fails is asked again as often as ever, but sooner.
    """
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)
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

    def group_plan(self, **fields: Any) -> Plan:
        """A plan of two to twenty seats, $50 each a year, on the page of the plans alone."""
        terms = {
            "kind": "recurring",
            "amount_minor": 5000,
            "currency": "USD",
            "interval": "year",
            "button": "Buy seats",
        }
        seats = {"is_group": True, "least_seats": 2, "most_seats": 20, "is_at_gate": False}
        made = Plan.objects.create(key="team", name="Team", position=9, **(terms | seats | fields))
        sync_plans()
        self.sandbox.delivery.wait_idle(30)
        return made

    def start_with(self, client: Client, plan: str, fields: dict[str, str]) -> HttpResponse:
        """Choose an option with more in the form than the gate's own fields."""
        form = {"email": "new@example.org", "plan": plan, "next": "/", **fields}
        return client.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})

    def seats_checkout(self, client: Client, seats: int, plan: str = "team") -> CheckoutAttempt:
        """Choose a plan for groups and arrive at the payment page."""
        response = self.start_with(client, plan, {f"seats-{plan}": str(seats)})
        assert response.status_code == 303, response.content.decode()[:2000]
        return CheckoutAttempt.objects.get(session_url=response["Location"])

    def buy_seats(self, client: Client, seats: int, plan: str = "team", card: str = "succeeds") -> Subscription:
        """The whole way to a group, as a reader who pays at once."""
        attempt = self.seats_checkout(client, seats, plan)
        self.pay(attempt, card)
        self.settle()
        attempt.refresh_from_db()
        assert attempt.subscription is not None
        return attempt.subscription

    def set_quantity(self, subscription: Subscription, quantity: int) -> None:
        """As in Stripe's dashboard."""
        gateway = Gateway()
        item = gateway.subscription(subscription.stripe_id)["items"]["data"][0]
        gateway.update_subscription(subscription.stripe_id, {"items": [{"id": item["id"], "quantity": quantity}]})

    def once(self, kind: str, amount_minor: int = 300, **fields: Any) -> Plan:
        """Something that is paid once, known at Stripe: a pass, single articles, a gift."""
        made = Plan.objects.create(
            key=fields.pop("key", kind),
            name=kind.capitalize(),
            kind=kind,
            amount_minor=amount_minor,
            button="Buy",
            **fields,
        )
        sync_plans()
        self.sandbox.delivery.wait_idle(30)
        return made

    def buy(self, client: Client, email: str = "", plan: str = "pass", **fields: Any) -> HttpResponse:
        form = {"email": email, "plan": plan, "next": "/", **fields}
        return client.post("/subscribe/buy/", form, headers={"Sec-Fetch-Site": "same-origin"})

    def give(self, client: Client, **fields: Any) -> HttpResponse:
        form = {
            "email": "giver@example.org",
            "plan": "gift",
            "way": "mail",
            "recipient_email": "friend@example.org",
            "giver_name": "Ada",
            "message": "Read well.",
        } | fields
        return client.post("/gift-subscription/", form, headers={"Sec-Fetch-Site": "same-origin"})

    def bought(self, response: HttpResponse, card: str = "succeeds") -> CheckoutAttempt:
        """Pay at the payment page to which the form led, and let it be settled."""
        assert response.status_code == 303, response.content.decode()[:3000]
        attempt = CheckoutAttempt.objects.get(session_url=response["Location"])
        self.pay(attempt, card)
        self.settle()
        attempt.refresh_from_db()
        return attempt

    def settle(self) -> None:
        """Let every event arrive, and the worker do what is queued."""
        self.sandbox.delivery.wait_idle(30)
        make.run_tasks()
        self.sandbox.delivery.wait_idle(30)
        make.run_tasks()

    @contextmanager
    def later(self, **by: float) -> Iterator[None]:
        """Site and stand-in both so much later (as of timedelta), with all that was due on the way carried out, told
        and settled.
        """
        with time_machine.travel(timezone.now() + timedelta(**by), tick=True):
            self.sandbox.advance()
            self.settle()
            yield

    def at(self, moment: datetime) -> AbstractContextManager[None]:
        """As `later`, at a moment."""
        return self.later(seconds=(moment - timezone.now()).total_seconds())

    def at_stripe(self) -> Any:
        """What staff do in Stripe's dashboard."""
        return Gateway()._client.v1

    def dispute(self, subscription: Subscription, status: str = "needs_response") -> str:
        """The bank contests the latest payment of the subscription's customer; the dispute's id. Settled."""
        (charge, *_former) = Gateway().charges_of(subscription.customer.stripe_id)
        made = self.sandbox.open_dispute(charge["id"], status)
        self.settle()
        return str(made["id"])

    def decide(self, dispute: str, status: str) -> None:
        self.sandbox.move_dispute(dispute, status)
        self.settle()

    def end_now(self, subscription: Subscription) -> None:
        self.at_stripe().subscriptions.cancel(subscription.stripe_id)
        self.settle()

    def promotion(
        self,
        code: str = "SPRING",
        *,
        minimum: int = 0,
        minimum_in: dict[str, Any] | None = None,
        first_time: bool = False,
        customer: str = "",
        **coupon: Any,
    ) -> dict[str, Any]:
        """A promotion code with a coupon of 25 % once, unless said otherwise; `products` by the keys of plans."""
        given = {"percent_off": None if "amount_off" in coupon else 25, "duration": "once", **coupon}
        if "products" in given:
            given["applies_to"] = {"products": [make.plan_price(key).product_id for key in given.pop("products")]}
        made = self.at_stripe().coupons.create({key: value for key, value in given.items() if value is not None})
        restrictions: dict[str, Any] = {"first_time_transaction": first_time}
        if minimum:
            restrictions |= {"minimum_amount": minimum, "minimum_amount_currency": "usd"}
        if minimum_in:
            restrictions["currency_options"] = minimum_in
        params = {"code": code, "promotion": {"type": "coupon", "coupon": made.id}, "restrictions": restrictions}
        if customer:
            params["customer"] = self.at_stripe().customers.create({"email": customer}).id
        answer: dict[str, Any] = self.at_stripe().promotion_codes.create(params).to_dict(for_json=True)
        return answer

    def subscribe(self, client: Client, email: str = "", plan: str = "annual") -> Subscription:
        """The whole way, as a reader who pays at once."""
        attempt = self.checkout(client, email, plan)
        self.pay(attempt)
        self.settle()
        attempt.refresh_from_db()
        assert attempt.subscription is not None
        return attempt.subscription


CATALOGUES: dict[str, tuple[list[Any], list[dict[str, Any]]]] = {}


def sell_plans(sandbox: Sandbox) -> None:
    """The plans of this database as products and prices, without events of them. What `sync_plans` makes of the same
    plans is made once, for all tests that sell them.
    """
    rows = [*Plan.objects.order_by("pk").values(), *PlanAmount.objects.order_by("pk").values()]
    plans = repr([rows, settings.SITE_NAME])  # which stands in the names of the products
    if plans not in CATALOGUES:
        CATALOGUES[plans] = made_catalogue()
    things, prices = CATALOGUES[plans]
    for thing in copy.deepcopy(things):
        sandbox.ledger.put(thing)
    PlanPrice.objects.all().delete()
    PlanPrice.objects.bulk_create(PlanPrice(**price) for price in prices)


def made_catalogue() -> tuple[list[Any], list[dict[str, Any]]]:
    """The products and prices of a stand-in of its own, and what is noted of them here."""
    other = Sandbox(KEY, SECRET)
    other.start()
    try:
        with override_settings(STRIPE_API_BASE=other.url):
            sync_plans()
    finally:
        other.stop()
    prices = [{k: v for k, v in row.items() if k != "id"} for row in PlanPrice.objects.order_by("pk").values()]
    return other.objects("product") + other.objects("price"), prices


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
        sell_plans(sandbox)
        return Shop(sandbox, url)

    return opened


@pytest.fixture
def shop(open_shop: Callable[[str], Shop], live_server: LiveServer, transactional_db: None) -> Shop:
    """The open shop with signed events that arrive over HTTP."""
    return open_shop(live_server.url)
