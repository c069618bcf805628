"""What the tests about payments share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.models import Grant, Plan, Subscription
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import READER
from tests.subscriptions.giving import given, reader, redeemed
from tests.subscriptions.group_life import OWNER


@pytest.fixture
def article(settings: Any) -> Any:
    settings.MONTHLY_ALLOWANCE = 0  # nothing but a payment opens it
    return make.article()


@pytest.fixture
def selling(shop: Shop, article: Any) -> Shop:
    shop.once("gift", 8900, currency="USD", gift_months=12)
    return shop


@pytest.fixture
def browser() -> Client:
    return make.logged_in(make.user(READER))


@pytest.fixture
def row(shop: Shop, browser: Client) -> Subscription:
    return shop.subscribe(browser, plan="monthly")


@pytest.fixture
def team(shop: Shop) -> Plan:
    return shop.group_plan()


@pytest.fixture
def owner(shop: Shop, team: Plan) -> Client:
    """Who pays for a group of five."""
    browser = make.logged_in(make.user(OWNER))
    shop.buy_seats(browser, 5)
    return browser


@pytest.fixture
def friend(selling: Shop) -> Client:
    """A reader whose gift ends in forty days."""
    client = reader()
    redeemed(given(selling), client)
    Grant.objects.update(ends_at=timezone.now() + timedelta(days=40))
    return client


@pytest.fixture
def waiting(selling: Shop, friend: Client) -> Subscription:
    """Bought while the gift runs."""
    attempt = selling.bought(selling.start(friend))
    assert attempt.subscription is not None
    return attempt.subscription
