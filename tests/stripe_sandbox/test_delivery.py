"""Webhooks: signed, once or twice, in or out of order, late or never, and again when the site does not take them."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import stripe

from stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.account import Account, Receiver


def test_the_library_accepts_the_signature_and_refuses_a_changed_body(account: Account, receiver: Receiver) -> None:
    account.subscribe()
    assert account.sandbox.delivery.wait_idle()
    assert receiver.types() == account.events()[3:]
    for body, signature in receiver.received:
        event = stripe.Webhook.construct_event(body, signature, account.sandbox.webhook_secret)  # type: ignore[no-untyped-call]
        assert (event.livemode, event.api_version) == (False, "2026-10-28.endive")
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body + b" ", signature, account.sandbox.webhook_secret)  # type: ignore[no-untyped-call]


def test_a_signature_can_be_made_with_another_secret_and_moment(sandbox: Sandbox) -> None:
    event = sandbox.emit("price.updated", sandbox.emit("ping", {"object": "x"}))
    body, signature = sandbox.signed(event, at=1, secret="whsec_old")
    assert json.loads(body) == event
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        stripe.WebhookSignature.verify_header(body.decode(), signature, "whsec_old", 300)  # type: ignore[no-untyped-call]
    sandbox.violations.clear()  # these events are about nothing that Stripe has


def test_duplicate_sends_each_event_twice(account: Account, receiver: Receiver) -> None:
    account.sandbox.delivery.mode = "duplicate"
    account.subscribe()
    assert account.sandbox.delivery.wait_idle()
    assert set(Counter(receiver.ids()).values()) == {2}


def test_hold_keeps_events_back_until_they_are_flushed(account: Account, receiver: Receiver) -> None:
    account.sandbox.delivery.mode = "hold"
    account.subscribe()
    assert account.sandbox.delivery.wait_idle()
    assert receiver.received == []
    sent = account.events()[3:]
    assert account.sandbox.delivery.flush() == len(sent)
    assert account.sandbox.delivery.wait_idle()
    assert receiver.types() == sent
    assert account.sandbox.delivery.flush() == 0


def test_shuffle_is_a_function_of_its_seed(account: Account, receiver: Receiver) -> None:
    orders = []
    for seed in (1, 1, 2):
        account.sandbox.delivery.mode, account.sandbox.delivery.seed = "shuffle", seed
        for number in range(8):
            account.sandbox.emit("customer.updated", {**account.sandbox.get(account.customer.id), "name": str(number)})
        receiver.received.clear()
        assert account.sandbox.delivery.flush() == 8
        assert account.sandbox.delivery.wait_idle()
        orders.append([json.loads(body)["data"]["object"]["name"] for body, _ in receiver.received])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) != orders[0]


def test_dropped_events_are_never_sent_but_can_be_listed(account: Account, receiver: Receiver) -> None:
    account.sandbox.delivery.mode = "drop"
    subscription = account.subscribe()
    assert account.sandbox.delivery.flush() == 0
    assert account.sandbox.delivery.wait_idle()
    assert receiver.received == []
    listed = account.client.events.list({"types": ["customer.subscription.*"], "created": {"gte": 1}})
    assert [event.data.object["id"] for event in listed.data] == [subscription["id"]]


def test_slow_sends_late(account: Account, receiver: Receiver) -> None:
    account.sandbox.delivery.mode, account.sandbox.delivery.slowness = "slow", 0.1
    account.client.customers.create({"name": "B"})
    assert not account.sandbox.delivery.wait_idle(0)
    assert account.sandbox.delivery.wait_idle()
    assert receiver.types() == ["customer.created"]


def test_an_event_that_is_not_taken_is_sent_again(account: Account, receiver: Receiver) -> None:
    account.sandbox.delivery.retry_delays = (0.01, 0.01)
    receiver.answers = [500, 404, 200]
    account.client.customers.create({"name": "B"})
    assert account.sandbox.delivery.wait_idle()
    assert [status for _, status in account.sandbox.delivery.attempts] == [500, 404, 200]
    assert len(set(receiver.ids())) == 1
    assert account.sandbox.objects("event")[-1]["pending_webhooks"] == 0


def test_a_site_that_is_away_is_given_up_after_the_last_try(account: Account, receiver: Receiver) -> None:
    receiver.stop()
    account.sandbox.delivery.retry_delays = (0.01,)
    account.client.customers.create({"name": "B"})
    assert account.sandbox.delivery.wait_idle()
    assert [status for _, status in account.sandbox.delivery.attempts] == ["unsent", "unsent"]
    assert account.sandbox.objects("event")[-1]["pending_webhooks"] == 1


def test_one_event_can_be_sent_many_times_at_once(account: Account, receiver: Receiver) -> None:
    event = account.sandbox.objects("event")[-1]
    assert account.sandbox.delivery.concurrent(event, 8) == [200] * 8
    assert receiver.ids() == [event["id"]] * 8
