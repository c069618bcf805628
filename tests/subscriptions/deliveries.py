"""Delivering events by hand, and looking at all that has come of them."""

from __future__ import annotations

import hmac
import time
from typing import Any

from django.test import Client

from subscriptions.models import Invoice, OutgoingMail, Subscription
from tests.shop import SECRET, Shop

VOLATILE = {"id", "customer_id", "user_id", "listed_at", "subscription_id"}


def state() -> list[list[dict[str, Any]]]:
    """All that is derived from Stripe, without numbers of rows."""
    return [
        [{name: value for name, value in row.items() if name not in VOLATILE} for row in rows]
        for rows in (
            Subscription.objects.order_by("stripe_id").values(),
            Invoice.objects.order_by("stripe_id").values(),
            OutgoingMail.objects.order_by("dedupe_key").values("dedupe_key", "recipient"),
        )
    ]


def post(shop: Shop, body: bytes, signature: str | None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return Client().post("/stripe/webhook/", body, content_type="application/json", headers=headers).status_code


def signature_of(body: bytes) -> str:
    """A signature that is right, whatever the body is."""
    at = int(time.time())
    return f"t={at},v1={hmac.new(SECRET.encode(), f'{at}.'.encode() + body, 'sha256').hexdigest()}"


def event_of(shop: Shop, kind: str) -> dict[str, Any]:
    return next(event for event in shop.sandbox.objects("event") if event["type"] == kind)
