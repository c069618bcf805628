"""What Stripe would tell of some subscribers, signed and in an order of its own; from lives lived at the stand-in."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from stripe_sandbox.server import Sandbox

# The kinds after which a customer's state may be different; said here once more so that the site's own list is checked.
ABOUT_CUSTOMERS = ("customer.", "checkout.session.", "invoice.", "charge.", "refund.")


@dataclass(frozen=True, slots=True)
class Delivery:
    event_id: str
    body: bytes
    signature: str


def open_customers(sandbox: Sandbox, number: int) -> list[str]:
    """The ids of customers who have nothing yet."""
    made = (call(sandbox, "/v1/customers", {"email": f"reader{count}@example.org"}) for count in range(number))
    return [customer["id"] for customer in made]


def live(sandbox: Sandbox, customer_ids: list[str]) -> None:
    """Each customer subscribes and pays, at one or the other of the prices on sale."""
    prices = [price["id"] for price in sandbox.objects("price")]
    for place, customer_id in enumerate(customer_ids):
        params = {
            "mode": "subscription",
            "customer": customer_id,
            "line_items": [{"price": prices[place % len(prices)], "quantity": "1"}],
            "success_url": "http://localhost/subscribe/welcome/",
        }
        sandbox.pay(call(sandbox, "/v1/checkout/sessions", params)["id"])


def gather(sandbox: Sandbox, number: int) -> list[dict[str, Any]]:
    """So many distinct events: all that the lives brought, then changes of the subscriptions in turn."""
    subscriptions = sandbox.objects("subscription")
    for count in range(number - len(sandbox.objects("event"))):
        sandbox.emit("customer.subscription.updated", subscriptions[count % len(subscriptions)])
    return sandbox.objects("event")[:number]


def deliveries(sandbox: Sandbox, events: list[dict[str, Any]], duplicates: int, seed: int) -> list[Delivery]:
    """Signed now, which holds for five minutes; some of them twice, all in an order that the seed decides."""
    chance = random.Random(seed)
    signed = [Delivery(event["id"], *sandbox.signed(event)) for event in events]
    signed += chance.sample(signed, duplicates)
    chance.shuffle(signed)
    return signed


def tellings(events: list[dict[str, Any]]) -> Counter[str]:
    """How often each customer is told of, by id: what the generations of the syncs must be."""
    told: Counter[str] = Counter()
    for event in events:
        subject = event["data"]["object"]
        customer_id = subject["id"] if subject["object"] == "customer" else subject.get("customer")
        if event["type"].startswith(ABOUT_CUSTOMERS) and customer_id:
            told[customer_id] += 1
    return told


def call(sandbox: Sandbox, path: str, params: dict[str, Any]) -> dict[str, Any]:
    status, answer, _ = sandbox.call("POST", path, params, {"authorization": f"Bearer {sandbox.key}"})
    if status != 200:
        raise ValueError(f"the stand-in answered {path} with {status}: {answer}")
    return answer
