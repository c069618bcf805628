"""What the webhook's door takes and what it refuses: cases 28 to 32 of the billing specification."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.models import StripeEvent, Subscription, SyncJob
from tests import make
from tests.shop import SECRET, Shop
from tests.subscriptions.deliveries import event_of, post, signature_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def subscription(shop: Shop) -> Subscription:
    return shop.subscribe(make.logged_in(make.user("new@example.org")))


@pytest.mark.case(28)
def test_only_signatures_of_the_secrets_in_use_are_accepted(
    shop: Shop, subscription: Subscription, settings: Any
) -> None:
    event = {**event_of(shop, "invoice.paid"), "id": "evt_signed"}
    body, _signature = shop.sandbox.signed(event)
    _body, bad = shop.sandbox.signed(event, secret="whsec_of_somebody_else")
    assert post(shop, body, bad) == 400
    assert post(shop, body, None) == 400
    assert post(shop, body, "") == 400
    assert post(shop, body, "t=1,v1=é") == 400
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]
    _body, old = shop.sandbox.signed(event, secret=SECRET)
    assert post(shop, body, old) == 400
    assert not StripeEvent.objects.filter(event_id="evt_signed").exists()
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]
    assert post(shop, body, old) == 200
    assert StripeEvent.objects.filter(event_id="evt_signed").exists()
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert post(shop, body, shop.sandbox.signed(event, secret="")[1]) == 400


@pytest.mark.case(29)
@pytest.mark.parametrize(("seconds", "answer"), [(-301, 400), (-290, 200), (290, 200), (310, 400), (3600, 400)])
def test_a_signature_counts_for_five_minutes_only(
    shop: Shop, subscription: Subscription, seconds: int, answer: int
) -> None:
    event = {**event_of(shop, "invoice.paid"), "id": "evt_dated"}
    at = int(timezone.now().timestamp()) + seconds
    assert post(shop, *shop.sandbox.signed(event, at=at)) == answer
    assert StripeEvent.objects.filter(event_id="evt_dated").exists() is (answer == 200)


@pytest.mark.case(30)
@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe{}",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"object": "v2.core.event", "id": "evt_thin"}',
        b'{"object": "event", "id": "evt_1", "type": "a", "created": 1, "livemode": false}',
        b'{"object": "event", "id": "evt_1", "type": "a", "created": "x", "livemode": false, "data": {"object": {}}}',
        b'{"object": "event", "id": "e\\u0000", "type": "a", "created": 1, "livemode": false, "data": {"object": {}}}',
        b'{"object": "event", "id": ["evt_1"], "type": "a", "created": 1, "livemode": false, "data": {"object": {}}}',
        b'{"object": "event", "id": "evt_1", "type": "a", "created": 1e400, "livemode": 0, "data": {"object": {}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused_also_when_it_is_signed(shop: Shop, body: bytes) -> None:
    count = StripeEvent.objects.count()
    assert post(shop, body, signature_of(body)) == 400
    assert StripeEvent.objects.count() == count


@pytest.mark.case(30)
def test_two_mebibytes_are_refused(shop: Shop) -> None:
    body = json.dumps({"object": "event", "padding": "x" * (2 << 20)}).encode()
    assert post(shop, body, signature_of(body)) == 413
    assert Client().get("/stripe/webhook/").status_code == 405


@pytest.mark.case(31)
def test_an_event_of_the_other_mode_is_stored_and_ignored(shop: Shop, subscription: Subscription) -> None:
    generation = SyncJob.objects.get().generation
    event = {**event_of(shop, "invoice.paid"), "id": "evt_live", "livemode": True}
    assert post(shop, *shop.sandbox.signed(event)) == 200
    assert StripeEvent.objects.get(event_id="evt_live").outcome == "other_mode"
    assert SyncJob.objects.get().generation == generation


@pytest.mark.case(32)
def test_an_unknown_type_is_taken_and_noted(shop: Shop, subscription: Subscription) -> None:
    event = {**event_of(shop, "invoice.paid"), "id": "evt_new_kind", "type": "quantum.entangled"}
    assert post(shop, *shop.sandbox.signed(event)) == 200
    assert StripeEvent.objects.get(event_id="evt_new_kind").outcome == "noted"
