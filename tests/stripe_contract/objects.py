"""Answers and events against the annotations of the installed `stripe` package's object classes.

Exceptions to the annotations, all of them:
- a deleted stub {id, object, deleted: true} stands for any object (the package keeps one class for both);
- `event.data.object` is untyped there, and is checked here by its own `object` name;
- `event.api_version` is any text there, and must be the package's pinned version here, which its classes describe.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from typing import Any

from stripe import Event, StripeObject
from stripe._api_version import _ApiVersion
from stripe._object_classes import OBJECT_CLASSES

from tests.stripe_contract.annotations import Field, attributes, resolve
from tests.stripe_contract.problems import Problem, refuse
from tests.stripe_contract.requests import find_operations
from tests.stripe_contract.values import Check, Form, check_fields, compile_check, shown

STUB = {"id", "object", "deleted"}


def check_object(obj: dict[str, Any], *, allowing: Collection[str] = ()) -> None:
    """Check an object, a list or an event as JSON. `allowing` names words that a test brings in on purpose: a status
    that the package does not know, the type of an unknown event, or an older api_version, whose data.object is then
    left alone because the installed classes do not describe it. Raises ContractViolation.
    """
    problems: list[Problem] = []
    check_any_object(obj, "", problems)
    if obj.get("object") == "event" and obj.get("api_version") in allowing:
        problems = [problem for problem in problems if not problem.path.startswith("data.object")]
    refuse(f"{obj.get('object')} {obj.get('id', '')}".strip(), problems, allowing)


def check_answer(method: str, path: str, answer: dict[str, Any], *, allowing: Collection[str] = ()) -> None:
    """Check an answer and that it is of the class which the service of that path returns."""
    attempts = []
    for operation in find_operations(method, path):
        problems: list[Problem] = []
        compile_check(operation.answer, operation.module, Form.JSON, record_check)(answer, "", problems)
        attempts.append(problems)
    best = min(attempts, key=len, default=[Problem("", "unknown path")])
    refuse(f"answer to {method.upper()} {path}", best, allowing)


def check_any_object(value: Any, path: str, problems: list[Problem]) -> None:
    """By its own name, as the library itself chooses a class."""
    name = value.get("object") if isinstance(value, dict) else None
    if not isinstance(name, str) or name not in OBJECT_CLASSES:
        problems.append(Problem(path, f"{shown(name or value)} is no object of the library"))
        return
    module, class_name = OBJECT_CLASSES[name]
    record_check(getattr(import_module(module), class_name))(value, path, problems)


@cache
def record_check(record: type, arguments: tuple[Any, ...] = ()) -> Check:
    """`arguments` is, for lists, what the list holds and the module that says so.

    The fields are compiled when the first value comes: a class may hold itself.
    """
    if record is StripeObject:
        return check_any_object
    checks: dict[str, Check] = {}
    required: frozenset[str] = frozenset()

    def check(value: Any, path: str, problems: list[Problem]) -> None:
        nonlocal required
        if isinstance(value, dict) and value.get("deleted") is True and value.keys() == STUB:
            check_fields(value, path, problems, checks or fill(), frozenset())
            return
        check_fields(value, path, problems, checks or fill(), required)

    def fill() -> dict[str, Check]:
        nonlocal required
        fields = attributes(record)
        required = frozenset(name for name, field in fields.items() if field.is_required)
        checks.update({name: field_check(record, name, field, arguments) for name, field in fields.items()})
        return checks

    return check


def field_check(record: type, name: str, field: Field, arguments: tuple[Any, ...]) -> Check:
    if record is Event and name == "api_version":
        return check_version
    if record is Event.Data and name == "object":
        return check_any_object
    if name == "data" and arguments:
        held, module = arguments
        return compile_check(list[resolve(held, module)], module, Form.JSON, record_check)  # type: ignore[misc]
    return compile_check(field.annotation, record.__module__, Form.JSON, record_check)


def check_version(value: Any, path: str, problems: list[Problem]) -> None:
    if value != _ApiVersion.CURRENT:
        word = value if isinstance(value, str) else None
        problems.append(Problem(path, f"{shown(value)} is not {_ApiVersion.CURRENT}", word))
