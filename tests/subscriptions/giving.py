"""What the tests about gift subscriptions share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core import mail
from django.test import Client

from accounts.models import User
from subscriptions.models import Gift
from subscriptions.paid_once.gift_cards import url_of
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop

GIVER, FRIEND = "giver@example.org", "friend@example.org"


def given(shop: Shop, **fields: Any) -> Gift:
    """A gift that is paid."""
    attempt = shop.bought(shop.give(Client(), **fields))
    return Gift.objects.get(attempt=attempt)


def path_of(gift: Gift) -> str:
    return urlsplit(url_of(gift)).path


def redeemed(gift: Gift, client: Client) -> str:
    """What the reader is told."""
    response = client.post(path_of(gift), follow=True)
    gift.refresh_from_db()
    return response.content.decode()


def reader(address: str = FRIEND) -> Client:
    return make.logged_in(User.objects.filter(email=address).first() or make.user(address))


def returned(shop: Shop, gift: Gift) -> None:
    assert gift.purchase is not None
    Gateway().refund(gift.purchase.payment_intent, key=f"gift {gift.pk}", reason="requested_by_customer")
    shop.settle()
    gift.refresh_from_db()


def cards() -> list[Any]:
    return [message for message in mail.outbox if message.to == [FRIEND]]
