"""The way to Stripe's pages: to everything, or straight to the card where the card has to be mended."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from stripe_sandbox.pages import handle
from subscriptions.models import Subscription
from tests import make
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> Client:
    return make.logged_in(make.user("reader@example.org"))


def session(shop: Shop, reader: Client, subscription: Subscription) -> dict[str, Any]:
    answer = reader.post(f"/account/subscription/{subscription.pk}/portal/")
    assert answer.status_code == 303, answer.content
    found: dict[str, Any] = shop.sandbox.get(urlsplit(answer["Location"]).path.rpartition("/")[2])
    return found


def shown(shop: Shop, opened: dict[str, Any]) -> str:
    return str(handle(shop.sandbox, "GET", f"/p/session/{opened['id']}", {}, {}).html)


def test_who_pays_comes_to_all_of_it(shop: Shop, reader: Client) -> None:
    opened = session(shop, reader, shop.subscribe(reader))
    assert opened["flow"] is None
    assert "Cancel subscription" in shown(shop, opened)


@pytest.mark.parametrize("trouble", ["payment", "expiry"])
def test_who_has_to_mend_the_card_comes_to_the_card_alone_and_back(shop: Shop, reader: Client, trouble: str) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    if trouble == "expiry":
        shop.sandbox.expire_card(subscription.customer.stripe_id, months=0)
        shop.settle()
        opened = session(shop, reader, subscription)
    else:
        shop.sandbox.set_card(subscription.customer.stripe_id, card="fails_at_renewal")
        with shop.later(days=32):
            opened = session(shop, make.logged_in(subscription.user), subscription)
    assert opened["flow"]["type"] == "payment_method_update"
    back = f"{shop.url}/account/subscription/{subscription.pk}/back/"
    assert urlsplit(opened["flow"]["after_completion"]["redirect"]["return_url"]).path.startswith("/account/"), back
    page = shown(shop, opened)
    assert "Update card" in page
    assert "Cancel subscription" not in page
