"""Ways to the pages about changing, pausing and resuming a subscription; what Stripe would say is given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest import mock

from django.http import HttpResponse
from django.test import Client

from subscriptions.contracts.changing import Quote
from subscriptions.contracts.pausing import Resumption
from subscriptions.models import PlanInterval, PlanPrice, Subscription
from tests import make

DAY = datetime(2027, 3, 14, 9, tzinfo=UTC)
NEXT = int(DAY.timestamp())
UPGRADE = Quote(
    is_now=True, currency="USD", due_minor=53140, credit_minor=8135, left_minor=0, next_minor=61275, next_at=NEXT
)
DOWNGRADE = Quote(is_now=False, currency="USD", due_minor=0, credit_minor=0, left_minor=0, next_minor=900, next_at=NEXT)


def subscription() -> Subscription:
    return Subscription.objects.get(user__email="payer@example.org")


def address(what: str) -> str:
    return f"/account/subscription/{subscription().pk}/{what}/"


def change(client: Client) -> HttpResponse:
    make.plan_price("monthly")
    return client.get(address("change"))


def no_change(client: Client) -> HttpResponse:
    Subscription.objects.update(status="past_due", known_status="past_due")
    return client.get(address("change"))


def quoted(client: Client, quote: Quote, form: dict[str, str] | None = None) -> HttpResponse:
    way = address(f"change/{make.plan_price('monthly').pk}")
    with (
        mock.patch("subscriptions.contracts.changing.contract_of", return_value=mock.Mock(quantity=1)),
        mock.patch("subscriptions.contracts.changing.quote", return_value=quote),
    ):
        return client.get(way) if form is None else client.post(way, form)


def upgrade(client: Client) -> HttpResponse:
    return quoted(client, UPGRADE)


def downgrade(client: Client) -> HttpResponse:
    return quoted(client, DOWNGRADE)


def change_stale(client: Client) -> HttpResponse:
    return quoted(client, UPGRADE, {"quote": "from yesterday"})


def change_planned(client: Client) -> HttpResponse:
    price = make.plan_price("monthly")
    planned = {"schedule_id": "sub_sched_1", "pending_price_id": price.stripe_id, "pending_plan": price.plan}
    Subscription.objects.update(**planned, pending_from=DAY)
    return client.get("/account/")


def change_unpaid(client: Client) -> HttpResponse:
    Subscription.objects.update(pending_update_until=DAY, pending_update_url="https://invoice.stripe.com/i/1")
    return client.get("/account/")


def by_the_month() -> None:
    price: PlanPrice = make.plan_price("monthly")
    Subscription.objects.update(
        plan=price.plan, price_id=price.stripe_id, amount_minor=price.amount_minor, interval=PlanInterval.MONTH
    )


def pause(client: Client) -> HttpResponse:
    by_the_month()
    days = [datetime(2027, month, 14, 9, tzinfo=UTC) for month in (1, 2, 3)]
    given: dict[str, Any] = {"return_value": days}
    with (
        mock.patch("subscriptions.stripe_gateway.Gateway.subscription"),
        mock.patch("subscriptions.contracts.pausing.choices_of", **given),
    ):
        return client.get(address("pause"))


def no_pause(client: Client) -> HttpResponse:
    return client.get(address("pause"))


def paused(client: Client) -> HttpResponse:
    by_the_month()
    Subscription.objects.update(paused_from=DAY.replace(year=2026), paused_until=DAY, is_collection_paused=True)
    return client.get("/account/")


def gate_while_paused(client: Client) -> HttpResponse:
    paused(client)
    return client.get("/articles/harbour-1/")


def open_while_paused(client: Client) -> HttpResponse:
    paused(client)
    return client.get("/access/")


def resumed(client: Client, resumption: Resumption) -> HttpResponse:
    by_the_month()
    with (
        mock.patch("subscriptions.stripe_gateway.Gateway.subscription"),
        mock.patch("subscriptions.contracts.pausing.resumption", return_value=resumption),
    ):
        return client.get(address("resume"))


def resume(client: Client) -> HttpResponse:
    return resumed(client, Resumption(is_begun=True, due_minor=900, currency="USD", next_on=DAY))


def resume_before(client: Client) -> HttpResponse:
    return resumed(client, Resumption(is_begun=False, next_on=DAY))


def cancel_by_the_month(client: Client) -> HttpResponse:
    by_the_month()
    return client.get(address("cancel"))
