"""The checker refuses what it must, so that a test that passes it says something."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest
import stripe
import typing_extensions
from stripe._object_classes import OBJECT_CLASSES

from tests.stripe_contract import (
    ContractViolation,
    check_answer,
    check_call,
    check_object,
    check_request,
    watching_requests,
)
from tests.stripe_contract.annotations import attributes, parameters
from tests.stripe_contract.requests import operations
from tests.stripe_contract.values import Check, Form, anything, compile_check

CHECKOUT = "/v1/checkout/sessions"
CALL: dict[str, Any] = {
    "mode": "subscription",
    "customer": "cus_1",
    "line_items": [{"price": "price_1", "quantity": 1}],
    "success_url": "https://example.org/subscribe/welcome/?session={CHECKOUT_SESSION_ID}",
    "subscription_data": {"metadata": {"app": "example.org"}},
    "automatic_tax": {"enabled": True},
    "customer_update": {"address": "auto"},
}
WIRE: dict[str, Any] = {
    **CALL,
    "line_items": [{"price": "price_1", "quantity": "1"}],
    "automatic_tax": {"enabled": "true"},
}
PRICE: dict[str, Any] = {
    "id": "price_1",
    "object": "price",
    "active": True,
    "billing_scheme": "per_unit",
    "created": 1763900000,
    "currency": "eur",
    "custom_unit_amount": None,
    "livemode": False,
    "lookup_key": "monthly",
    "metadata": {"app": "example.org"},
    "nickname": None,
    "product": "prod_1",
    "recurring": {"interval": "month", "interval_count": 1, "meter": None, "usage_type": "licensed"},
    "tax_behavior": "inclusive",
    "tiers_mode": None,
    "transform_quantity": None,
    "type": "recurring",
    "unit_amount": 900,
    "unit_amount_decimal": "900",
}
REFUND: dict[str, Any] = {
    "id": "re_1",
    "object": "refund",
    "amount": 900,
    "charge": "ch_1",
    "created": 1763900000,
    "currency": "eur",
    "status": "succeeded",
}
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2026-10-28.endive",
    "created": 1763900000,
    "data": {"object": PRICE, "previous_attributes": {"active": False}},
    "livemode": False,
    "pending_webhooks": 1,
    "request": {"id": None, "idempotency_key": None},
    "type": "price.updated",
}
LIST: dict[str, Any] = {"object": "list", "data": [PRICE], "has_more": False, "url": "/v1/prices"}


def problems_of(check: Callable[..., None], *args: Any, **options: Any) -> list[str]:
    with pytest.raises(ContractViolation) as refusal:
        check(*args, **options)
    return refusal.value.problems


def changed(original: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value set, at a dotted path with list positions as numbers."""
    copied = copy.deepcopy(original)
    *way, last = path.split(".")
    target: Any = copied
    for step in way:
        target = target[int(step)] if step.isdigit() else target[step]
    target[last] = value
    return copied


def without(original: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in original.items() if key != name}


def test_a_correct_call_passes_before_and_after_encoding() -> None:
    check_call("post", CHECKOUT, CALL)
    check_request("POST", CHECKOUT, WIRE)
    check_request("POST", f"{CHECKOUT}/cs_1/expire", {})
    check_request("GET", "/v1/events", {"created": {"gte": "1763900000"}, "types": ["invoice.paid"], "limit": "100"})


def test_payment_method_types_is_no_parameter_of_checkout_any_more() -> None:
    refused = ["payment_method_types: unknown"]
    assert problems_of(check_call, "post", CHECKOUT, {**CALL, "payment_method_types": ["card"]}) == refused
    assert problems_of(check_request, "POST", CHECKOUT, {**WIRE, "payment_method_types": ["card"]}) == refused


def test_an_integer_as_text_is_refused_before_encoding() -> None:
    call = changed(CALL, "line_items.0.quantity", "1")
    assert problems_of(check_call, "post", CHECKOUT, call) == ["line_items[0].quantity: '1' is not int"]


@pytest.mark.parametrize("value", ["one", "1.0", "", "true", [], {"a": "1"}])
def test_an_integer_on_the_wire_is_decimal_digits(value: object) -> None:
    (problem,) = problems_of(check_request, "POST", CHECKOUT, changed(WIRE, "line_items.0.quantity", value))
    assert problem.startswith("line_items[0].quantity: ")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("automatic_tax.enabled", 1),
        ("automatic_tax.enabled", "true"),
        ("line_items.0.quantity", True),
        ("line_items.0.quantity", 1.0),
        ("customer", None),
        ("customer", 7),
        ("customer", ""),
        ("line_items", {"price": "price_1"}),
        ("mode", "subscribe"),
        ("ui_mode", "hosted"),
        ("subscription_data.metadata.app", 5),
        ("subscription_data.quantity", 5),
    ],
)
def test_mistyped_values_are_refused_with_their_path(path: str, value: object) -> None:
    (problem,) = problems_of(check_call, "post", CHECKOUT, changed(CALL, path, value))
    assert problem.startswith(path.replace(".0", "[0]") + ": ")


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/checkout/session", "/v1/checkout/sessions/", "/v1/prices?limit=1", "/v2/prices"])
def test_an_unknown_path_is_refused(method: str, path: str) -> None:
    assert problems_of(check_request, method, path, {}) == ["unknown path"]


def test_a_known_path_with_another_method_is_refused() -> None:
    assert problems_of(check_request, "DELETE", "/v1/prices/price_1", {}) == ["unknown path"]


def test_a_missing_required_parameter_is_refused() -> None:
    assert problems_of(check_request, "POST", "/v1/products", {}) == ["name: missing"]
    assert problems_of(check_call, "post", "/v1/prices", {"product": "prod_1"}) == ["currency: missing"]
    item: dict[str, Any] = {"price_data": {"currency": "eur"}, "quantity": 1}
    found = problems_of(check_call, "post", "/v1/subscriptions", {"customer": "cus_1", "items": [item]})
    assert "items[0].price_data.product: missing" in found


def test_only_what_may_be_unset_takes_an_empty_text() -> None:
    check_call("post", "/v1/subscriptions/sub_1", {"pause_collection": "", "metadata": {"old": ""}})
    assert problems_of(check_call, "post", "/v1/subscriptions/sub_1", {"default_payment_method": ""})


def test_the_literal_path_goes_before_the_one_with_an_id() -> None:
    check_request("GET", "/v1/customers/search", {"query": "email:'a'"})
    assert problems_of(check_request, "GET", "/v1/customers/cus_1", {"query": "x"}) == ["query: unknown"]


def test_options_of_a_request_are_no_parameters() -> None:
    assert problems_of(check_call, "post", CHECKOUT, {**CALL, "idempotency_key": "k"}) == ["idempotency_key: unknown"]


@pytest.mark.parametrize("obj", [PRICE, REFUND, EVENT, LIST, {"object": "customer", "id": "cus_1", "deleted": True}])
def test_correct_objects_pass(obj: dict[str, Any]) -> None:
    check_object(obj)


def test_an_unknown_field_is_refused_wherever_it_stands() -> None:
    assert problems_of(check_object, {**PRICE, "amount": 900}) == ["amount: unknown"]
    assert problems_of(check_object, changed(PRICE, "recurring.period", "x")) == ["recurring.period: unknown"]
    assert problems_of(check_object, changed(LIST, "data.0.amount", 900)) == ["data[0].amount: unknown"]
    assert problems_of(check_object, changed(EVENT, "data.object.amount", 9)) == ["data.object.amount: unknown"]


@pytest.mark.parametrize("name", ["active", "currency", "product", "metadata", "livemode", "object"])
def test_a_missing_field_is_refused(name: str) -> None:
    if name == "object":
        assert problems_of(check_object, without(PRICE, name))
    else:
        assert problems_of(check_object, without(PRICE, name)) == [f"{name}: missing"]
        assert problems_of(check_object, {**EVENT, "data": {"object": without(PRICE, name)}}) == [
            f"data.object.{name}: missing"
        ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("unit_amount", "900"),
        ("unit_amount", True),
        ("unit_amount", 9.0),
        ("unit_amount_decimal", 900),
        ("created", "1763900000"),
        ("active", 1),
        ("active", None),
        ("currency", None),
        ("metadata.app", 1),
        ("metadata", []),
        ("recurring.interval", "fortnight"),
        ("type", "forever"),
        ("product", 5),
        ("product", {"object": "product", "id": "prod_1"}),
        ("livemode", "false"),
    ],
)
def test_a_mistyped_field_is_refused_with_its_path(path: str, value: object) -> None:
    assert all(problem.startswith(path) for problem in problems_of(check_object, changed(PRICE, path, value)))


def test_an_amount_as_text_is_refused() -> None:
    assert "amount_due: '100' is not int" in problems_of(check_object, {"object": "invoice", "amount_due": "100"})


def test_every_problem_is_named_at_once() -> None:
    broken = changed(changed(without(LIST, "url"), "data.0.amount", 9), "data.0.active", "yes")
    assert sorted(problems_of(check_object, broken)) == [
        "data[0].active: 'yes' is not bool",
        "data[0].amount: unknown",
        "url: missing",
    ]


def test_an_expanded_field_holds_the_whole_object_or_its_stub() -> None:
    stub = {"id": "prod_1", "object": "product", "deleted": True}
    check_object(changed(PRICE, "product", stub))
    assert "product.name: missing" in problems_of(check_object, changed(PRICE, "product", {**stub, "active": True}))
    charge = {"id": "ch_1", "object": "charge", "deleted": True}
    assert problems_of(check_object, changed(REFUND, "charge", charge)) == ["charge.deleted: unknown"]
    assert "charge.amount: missing" in problems_of(
        check_object, changed(REFUND, "charge", {"id": "ch_1", "object": "charge"})
    )
    assert problems_of(check_object, changed(REFUND, "charge", PRICE))


def test_an_answer_is_of_the_class_that_its_path_returns() -> None:
    check_answer("GET", "/v1/prices/price_1", PRICE)
    check_answer("GET", "/v1/prices", LIST)
    check_answer("DELETE", "/v1/customers/cus_1", {"id": "cus_1", "object": "customer", "deleted": True})
    assert problems_of(check_answer, "GET", "/v1/refunds/re_1", PRICE)
    assert problems_of(check_answer, "GET", "/v1/refunds", LIST)
    assert problems_of(check_answer, "GET", "/v1/prices", PRICE)


def test_a_word_beyond_the_enumeration_passes_only_where_the_test_allows_it() -> None:
    odd = changed(EVENT, "type", "price.mislaid")
    assert problems_of(check_object, odd)
    check_object(odd, allowing={"price.mislaid"})
    assert problems_of(check_object, {**odd, "livemode": 0}, allowing={"price.mislaid"}) == ["livemode: 0 is not bool"]


def test_an_event_of_another_api_version_is_refused_unless_allowed() -> None:
    old = {**EVENT, "api_version": "2020-08-27", "data": {"object": {"object": "price", "amount": 900}}}
    assert "api_version: '2020-08-27' is not 2026-10-28.endive" in problems_of(check_object, old)
    check_object(old, allowing={"2020-08-27"})


class Unreachable(stripe.HTTPClient):
    """Counts what would leave."""

    name = "unreachable"
    sent = 0

    def request_with_retries(self, *args: Any, **kwargs: Any) -> tuple[bytes, int, dict[str, str]]:
        self.sent += 1
        return b'{"object": "list", "data": [], "has_more": false, "url": "/v1/prices"}', 200, {}


def test_the_watch_sees_the_callers_values_and_stops_a_wrong_request() -> None:
    network = Unreachable()
    client = stripe.StripeClient("sk_test_sandbox_x", http_client=network)
    with watching_requests() as violations:
        client.v1.prices.list({"limit": 3})
        assert network.sent == 1
        with pytest.raises(ContractViolation, match="limit: '3' is not int"):
            client.v1.prices.list({"limit": "3"})  # type: ignore[typeddict-item]
        with pytest.raises(ContractViolation, match="unknown path"):
            client.raw_request("get", "/v1/prizes")
        assert len(violations) == 2
        violations.clear()
    assert network.sent == 1


def test_a_violation_that_the_code_swallowed_fails_at_the_end() -> None:
    def careless() -> None:
        client = stripe.StripeClient("sk_test_sandbox_x", http_client=Unreachable())
        with watching_requests(), suppress(AssertionError):
            client.v1.prices.list({"limit": "3"})  # type: ignore[typeddict-item]

    assert problems_of(careless) == ["limit: '3' is not int"]


def test_every_annotation_of_the_package_is_understood() -> None:
    """So that no field is waved through because the checker could not read what the package says of it."""
    todo: list[type] = [getattr(import_module(module), name) for module, name in OBJECT_CLASSES.values()]
    seen: set[type] = set(todo)

    def records(record: type, _arguments: tuple[Any, ...]) -> Check:
        if record is not stripe.StripeObject and record not in seen:
            seen.add(record)
            todo.append(record)
        return anything

    for operation in [operation for found in operations().values() for operation in found]:
        for annotation in filter(None, [operation.params, operation.answer]):
            compile_check(annotation, operation.module, Form.JSON, records)
    while todo:
        record = todo.pop()
        is_request = typing_extensions.is_typeddict(record)
        for field in (parameters if is_request else attributes)(record).values():
            compile_check(field.annotation, record.__module__, Form.PYTHON if is_request else Form.JSON, records)
    assert sum(map(len, operations().values())) > 500
    assert len(seen) > 5000


def test_a_check_is_quick_once_warm() -> None:
    """It runs for every call of every test. CPU time, of the best of several rounds."""
    check_object(LIST)

    def cost() -> float:
        start = time.thread_time()
        for _ in range(50):
            check_object(LIST)
        return (time.thread_time() - start) / 50

    assert min(cost() for _ in range(5)) < 0.001
