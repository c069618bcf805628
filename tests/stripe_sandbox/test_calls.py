"""Calls: who may make them, what they may say, pages of lists, idempotency, failures on demand."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.account import SUCCESS, Account, raw


def test_a_key_that_could_be_real_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="sk_test_sandbox_"):
        Sandbox("sk_test_51abc", "whsec_x")
    with pytest.raises(ValueError, match="webhook secret"):
        Sandbox("sk_test_sandbox_x", "")


@pytest.mark.parametrize("key", ["", "sk_test_sandbox_other", "sk_test_sandbox_for_the_tests_and_more"])
def test_another_key_is_refused(sandbox: Sandbox, key: str) -> None:
    status, body, _ = raw(sandbox, "GET", "/v1/products", key=key)
    assert (status, body["error"]["type"]) == (401, "invalid_request_error")


def test_the_answered_objects_are_what_was_sent(account: Account) -> None:
    found = account.client.prices.list({"lookup_keys": ["none"]})
    assert found.data == []
    keyed = account.price(lookup_key="library-monthly", recurring={"interval": "month"}, metadata={"app": "x"})
    assert [price.id for price in account.client.prices.list({"lookup_keys": ["library-monthly"]}).data] == [keyed.id]
    assert (keyed.unit_amount, keyed.currency, keyed.metadata["app"]) == (900, "eur", "x")
    assert account.client.customers.retrieve(account.customer.id).email == "anna@example.org"


def test_metadata_is_merged_and_an_empty_value_removes_its_key(account: Account) -> None:
    account.client.customers.update(account.customer.id, {"metadata": {"a": "1", "b": "2"}})
    changed = account.client.customers.update(account.customer.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.to_dict()["metadata"] == {"b": "2", "c": "3"}


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("mode=payment&payment_method_types[0]=card", "parameter_unknown", "payment_method_types"),
        (f"mode=payment&success_url={SUCCESS}&line_items[0][name]=x", "parameter_unknown", "line_items[0][name]"),
        ("mode=payment&line_items[0][price]=p", "parameter_missing", "success_url"),
        (f"mode=payment&success_url={SUCCESS}", "parameter_missing", "line_items"),
        (
            f"mode=payment&success_url={SUCCESS}&line_items[0][price]=p&line_items[0][quantity]=one",
            "parameter_invalid_integer",
            "line_items[0][quantity]",
        ),
        (
            f"mode=payment&success_url={SUCCESS}&line_items[0][price]=",
            "parameter_invalid_empty",
            "line_items[0][price]",
        ),
        (f"mode=payment&success_url={SUCCESS}&line_items[0][price]=p", "resource_missing", "line_items[0][price]"),
    ],
)
def test_parameters_are_checked_as_strictly_as_at_stripe(sandbox: Sandbox, body: str, code: str, param: str) -> None:
    sandbox.on_request = None  # these calls are wrong on purpose
    status, answer, _ = raw(sandbox, "POST", "/v1/checkout/sessions", body)
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, code, param)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/products/{product}", "active=yes", "Invalid boolean"),
        ("/v1/subscriptions", "", "Unrecognized request URL"),
        ("/v1/subscriptions/search", "", "No such subscription"),
    ],
)
def test_wrong_words_and_unknown_paths_are_refused(account: Account, path: str, body: str, words: str) -> None:
    account.sandbox.on_request = None
    address = path.format(product=account.product.id)
    status, answer, _ = raw(account.sandbox, "POST", address, body)
    assert status in (400, 404)
    assert words in answer["error"]["message"]


def test_a_session_is_refused_for_what_stripe_refuses(account: Account) -> None:
    once = account.price()
    refused: list[tuple[dict[str, Any], str]] = [
        ({"mode": "payment"}, "passed a recurring price"),
        ({"line_items": [{"price": once.id}]}, "at least one recurring price"),
        ({"success_url": "/welcome/"}, "Not a valid URL"),
        ({"expires_at": account.sandbox.now() + 60}, "at least 30 minutes"),
        ({"customer_email": "b@example.org"}, "only specify one"),
        ({"automatic_tax": {"enabled": True}}, "requires a valid address"),
        ({"payment_intent_data": {"description": "x"}}, "can not pass"),
    ]
    for params, words in refused:
        with pytest.raises(stripe.InvalidRequestError, match=words):
            account.session(**params)


def test_an_archived_price_is_refused(account: Account) -> None:
    account.client.prices.update(account.monthly.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="The price specified is inactive"):
        account.session()


def test_a_second_currency_is_refused_while_a_subscription_lives(account: Account) -> None:
    subscription = account.subscribe()
    dollars = account.price(currency="usd", recurring={"interval": "month"})
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        account.session(line_items=[{"price": dollars.id}])
    account.client.subscriptions.cancel(subscription["id"])
    assert account.session(line_items=[{"price": dollars.id}]).currency == "usd"


def test_a_deleted_customer_is_a_stub_and_cannot_buy(account: Account) -> None:
    subscription = account.subscribe()
    account.client.customers.delete(account.customer.id)
    stub = account.client.customers.retrieve(account.customer.id)
    assert stub.to_dict() == {"id": account.customer.id, "object": "customer", "deleted": True}
    assert subscription["status"] == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        account.session()
    assert refusal.value.code == "resource_missing"


def test_lists_go_newest_first_and_page_by_page(account: Account) -> None:
    ids = [account.client.customers.create({"name": f"{n}"}).id for n in range(5)]
    first = account.client.customers.list({"limit": 2})
    assert ([one.id for one in first.data], first.has_more) == ([ids[4], ids[3]], True)
    rest = account.client.customers.list({"limit": 3, "starting_after": ids[3]})
    assert ([one.id for one in rest.data], rest.has_more) == ([ids[2], ids[1], ids[0]], True)
    before = account.client.customers.list({"limit": 1, "ending_before": ids[2]})
    assert ([one.id for one in before.data], before.has_more) == ([ids[3]], True)
    everyone = [one.id for one in account.client.customers.list({"limit": 2}).auto_paging_iter()]
    assert everyone == [*ids[::-1], account.customer.id]
    with pytest.raises(stripe.InvalidRequestError):
        account.client.customers.list({"limit": 101})


def test_expand_puts_the_object_in_the_place_of_its_id(account: Account) -> None:
    subscription = account.subscribe()
    found = account.client.subscriptions.retrieve(
        subscription["id"], {"expand": ["latest_invoice.payments", "customer"]}
    ).to_dict()
    assert found["customer"]["email"] == "anna@example.org"
    assert found["latest_invoice"]["payments"]["data"][0]["status"] == "paid"
    session = account.session()
    assert "line_items" not in session
    shown = account.client.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert shown.line_items is not None
    assert shown.line_items.data[0].amount_total == 900
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        account.client.checkout.sessions.retrieve(session.id, {"expand": ["nothing"]})


def test_the_same_idempotency_key_replays_the_answer(account: Account) -> None:
    count = len(account.sandbox.objects("customer"))
    made = [account.client.customers.create({"email": "b@example.org"}, {"idempotency_key": "k"}).id for _ in range(2)]
    assert made[0] == made[1]
    assert len(account.sandbox.objects("customer")) == count + 1
    with pytest.raises(stripe.IdempotencyError):
        account.client.customers.create({"email": "c@example.org"}, {"idempotency_key": "k"})


def test_a_refused_call_may_be_repeated_with_its_key_mended(account: Account) -> None:
    account.sandbox.on_request = None
    assert raw(account.sandbox, "POST", "/v1/customers", "nonsense=1", Idempotency_Key="k")[0] == 400
    assert raw(account.sandbox, "POST", "/v1/customers", "name=B", Idempotency_Key="k")[0] == 200
    status, _, headers = raw(account.sandbox, "POST", "/v1/customers", "name=B", Idempotency_Key="k")
    assert (status, headers["Idempotent-Replayed"]) == (200, "true")


def test_a_key_whose_call_is_under_way_is_a_conflict(account: Account) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(thing: dict[str, Any]) -> None:
        entered.set()
        leave.wait(10)

    account.sandbox.on_object = hold
    with ThreadPoolExecutor() as pool:
        first = pool.submit(raw, account.sandbox, "POST", "/v1/customers", "name=B", Idempotency_Key="k")
        assert entered.wait(10)
        status, body, _ = raw(account.sandbox, "POST", "/v1/customers", "name=B", Idempotency_Key="k")
        leave.set()
        assert first.result()[0] == 200
    assert (status, body["error"]["code"]) == (409, "idempotency_key_in_use")


def test_calls_fail_on_demand_and_only_those(account: Account) -> None:
    account.sandbox.fail(429, count=1, path="customers")
    account.client.products.retrieve(account.product.id)
    with pytest.raises(stripe.RateLimitError):
        account.client.customers.list()
    account.client.customers.list()
    account.sandbox.fail(500)
    with pytest.raises(stripe.APIError):
        account.client.products.list()
    assert [call.status for call in account.sandbox.calls[-2:]] == [200, 500]


def test_a_call_without_an_answer_is_or_is_not_carried_out(sandbox: Sandbox) -> None:
    hasty = stripe.StripeClient(
        sandbox.key, base_addresses={"api": sandbox.url}, http_client=stripe.RequestsClient(timeout=0.3)
    ).v1
    sandbox.fail("timeout")
    with pytest.raises(stripe.APIConnectionError):
        hasty.customers.create({"name": "A"}, {"idempotency_key": "a"})
    assert sandbox.objects("customer") == []
    sandbox.fail("lost")
    with pytest.raises(stripe.APIConnectionError):
        hasty.customers.create({"name": "B"}, {"idempotency_key": "b"})
    again = hasty.customers.create({"name": "B"}, {"idempotency_key": "b"})
    assert [one["id"] for one in sandbox.objects("customer")] == [again.id]


def test_a_hook_that_objects_is_never_swallowed(account: Account) -> None:
    def object_to_it(method: str, path: str, params: dict[str, Any]) -> None:
        raise AssertionError(f"{method} {path}")

    account.sandbox.on_request = object_to_it
    account.client.products.list()
    assert account.sandbox.violations == ["AssertionError: GET /v1/products"]
    account.sandbox.violations.clear()
