"""What the tests about changing a subscription share: the reader, plans to change between, and the clicks."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from subscriptions.catalogue import current_price, sync_plans
from subscriptions.models import Plan, PlanPrice, Subscription
from tests import make
from tests.shop import Shop

READER = "reader@example.org"


def again() -> Client:
    """The reader, logged in, perhaps at a later time."""
    return make.logged_in(User.objects.filter(email=READER).first() or make.user(READER))


def add_plan(shop: Shop, key: str, amount_minor: int, interval: str = "month", **fields: Any) -> PlanPrice:
    """A plan in dollars that is sold from now on."""
    given = {"name": key.title(), "button": "Choose", "currency": "USD"} | fields
    plan = Plan.objects.create(key=key, kind="recurring", amount_minor=amount_minor, interval=interval, **given)
    sync_plans()
    shop.settle()
    return sold(plan)


def sold(plan: Plan | str) -> PlanPrice:
    price = current_price(Plan.objects.get(key=plan) if isinstance(plan, str) else plan)
    assert price is not None
    return price


def address(row: Subscription, what: str) -> str:
    return f"/account/subscription/{row.pk}/{what}/"


def text_of(response: HttpResponse) -> str:
    return html.unescape(re.sub(r"\s+", " ", response.content.decode()))


def hidden(response: HttpResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found is not None, text_of(response)
    return html.unescape(found[1])


def quote_page(browser: Client, row: Subscription, price: PlanPrice) -> HttpResponse:
    return browser.get(address(row, f"change/{price.pk}"))


def change_to(browser: Client, row: Subscription, price: PlanPrice) -> HttpResponse:
    """Look at what it costs, and agree."""
    quote = hidden(quote_page(browser, row, price), "quote")
    return browser.post(address(row, f"change/{price.pk}"), {"quote": quote})


def account(browser: Client) -> str:
    return text_of(browser.get("/account/"))


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def at_stripe(shop: Shop, row: Subscription) -> dict[str, Any]:
    return shop.sandbox.get(row.stripe_id)


def period_of(shop: Shop, row: Subscription) -> tuple[datetime, datetime]:
    item = at_stripe(shop, row)["items"]["data"][0]
    return at(item["current_period_start"]), at(item["current_period_end"])


def invoices(shop: Shop, row: Subscription) -> list[dict[str, Any]]:
    """Oldest first."""
    return [one for one in shop.sandbox.objects("invoice") if one["customer"] == row.customer.stripe_id]
