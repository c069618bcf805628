"""Checks of values against annotations. A check is compiled once per annotation; classes are entered when first met.

There are three forms of a value: JSON of an answer or event, Python before it is encoded, and the text on the wire.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, auto
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union

from stripe import ListObject, SearchResultObject, StripeObject
from stripe._stripe_object import UntypedStripeObject

from tests.stripe_contract.annotations import resolve
from tests.stripe_contract.problems import Problem

type Check = Callable[[Any, str, list[Problem]], None]
type Records = Callable[[type, tuple[Any, ...]], Check]

WHOLE = re.compile(r"-?[0-9]+")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Form(Enum):
    JSON = auto()
    PYTHON = auto()
    WIRE = auto()


class Part(NamedTuple):
    """One member of a union: the kind of value that it takes (dict, list or a scalar), and its check."""

    kind: type
    check: Check
    object_name: str = ""


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_text(value: Any, form: Form) -> bool:
    # In a request an empty text unsets; where that is possible the annotation says Literal[''].
    return isinstance(value, str) and (form is Form.JSON or value != "")


def is_whole(value: Any, form: Form) -> bool:
    if form is Form.WIRE:
        return isinstance(value, str) and WHOLE.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any, form: Form) -> bool:
    if form is Form.WIRE:
        return isinstance(value, str) and NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_truth(value: Any, form: Form) -> bool:
    return value in ("true", "false") if form is Form.WIRE else isinstance(value, bool)


def is_decimal(value: Any, form: Form) -> bool:
    """JSON carries decimals as text (`_field_encodings` of the package)."""
    if form is Form.PYTHON:
        return isinstance(value, Decimal)
    return isinstance(value, str) and NUMBER.fullmatch(value) is not None


SCALARS: dict[Any, Callable[[Any, Form], bool]] = {
    str: is_text,
    int: is_whole,
    float: is_number,
    bool: is_truth,
    Decimal: is_decimal,
}


def members(annotation: Any, module: str) -> list[Any]:
    """The members of a union with the unions inside it, or the annotation alone."""
    annotation = resolve(annotation, module)
    if typing.get_origin(annotation) in (Union, UnionType):
        return [inner for member in typing.get_args(annotation) for inner in members(member, module)]
    return [annotation]


def compile_check(annotation: Any, module: str, form: Form, records: Records) -> Check:
    """Build the check; `records` gives the one of a class (TypedDict or StripeObject) with its type arguments."""
    parts = members(annotation, module)
    if Any in parts:
        return anything
    words = [word for part in parts if typing.get_origin(part) is Literal for word in typing.get_args(part)]
    scalars = [part for part in parts if part in SCALARS]
    if str in scalars and any(words):
        # Literal[...] | str is how the package writes an enumeration that may grow: today's words are the contract.
        scalars.remove(str)
    structures = [
        structure(part, module, form, records)
        for part in parts
        if part not in SCALARS and part is not NoneType and typing.get_origin(part) is not Literal
    ]
    scalar = scalar_check(words, scalars, form)
    return joined(scalar, structures, is_nullable=NoneType in parts)


def anything(value: Any, path: str, problems: list[Problem]) -> None:
    """Any: nothing to say."""


def scalar_check(words: list[Any], scalars: list[Any], form: Form) -> Check | None:
    if not words and not scalars:
        return None
    listed = {wire_text(word) if form is Form.WIRE else (type(word), word) for word in words}
    tests = [SCALARS[scalar] for scalar in scalars]
    wanted = " or ".join([scalar.__name__ for scalar in scalars] + [shown(word) for word in words[:6]])

    def check(value: Any, path: str, problems: list[Problem]) -> None:
        key = value if form is Form.WIRE else (type(value), value)
        if key in listed or any(test(value, form) for test in tests):
            return
        word = value if isinstance(value, str) and any(isinstance(word, str) for word in words) else None
        problems.append(Problem(path, f"{shown(value)} is not {wanted}{', ...' if len(words) > 6 else ''}", word))

    return check


def wire_text(word: Any) -> str:
    return str(word).lower() if isinstance(word, bool) else str(word)


def structure(part: Any, module: str, form: Form, records: Records) -> Part:
    origin, arguments = typing.get_origin(part) or part, typing.get_args(part)
    if origin is list:
        return Part(list, each_of(compile_check(arguments[0], module, form, records)))
    if origin in (dict, UntypedStripeObject):
        inner = compile_check(arguments[1 if origin is dict else 0], module, form, records)
        return Part(dict, values_of(emptiable(inner)))
    if origin in (ListObject, SearchResultObject):
        return Part(dict, records(origin, (arguments[0], module)), origin.OBJECT_NAME)
    if isinstance(part, TypeVar):
        return Part(dict, records(StripeObject, ()))
    if not isinstance(part, type):
        raise TypeError(f"The checker does not know the annotation {part!r} of {module}.")
    return Part(dict, records(part, ()), getattr(part, "OBJECT_NAME", ""))


def emptiable(check: Check) -> Check:
    """Keys of free maps such as metadata are unset by an empty text."""

    def check_value(value: Any, path: str, problems: list[Problem]) -> None:
        if value != "":
            check(value, path, problems)

    return check_value


def each_of(check: Check) -> Check:
    def check_items(value: Any, path: str, problems: list[Problem]) -> None:
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]", problems)

    return check_items


def values_of(check: Check) -> Check:
    def check_values(value: Any, path: str, problems: list[Problem]) -> None:
        for key, item in value.items():
            check(item, f"{path}.{key}", problems)

    return check_values


def joined(scalar: Check | None, structures: list[Part], *, is_nullable: bool) -> Check:
    """The check of a union, by the kind of the value that comes."""
    by_kind = {kind: [part for part in structures if part.kind is kind] for kind in (dict, list)}

    def check(value: Any, path: str, problems: list[Problem]) -> None:
        if value is None and is_nullable:
            return
        kind = type(value)
        fitting = by_kind.get(kind)
        if fitting:
            check_structure(fitting, value, path, problems)
        elif scalar is not None and kind is not dict and kind is not list and value is not None:
            scalar(value, path, problems)
        else:
            wanted = " or ".join(sorted({part.object_name or part.kind.__name__ for part in structures}))
            problems.append(Problem(path, f"{shown(value)} is not {wanted or 'text or a number'}"))

    return check


def check_structure(parts: list[Part], value: Any, path: str, problems: list[Problem]) -> None:
    """Of several classes take the one that the value names itself, or the one that fits best."""
    if len(parts) > 1:
        named = [part for part in parts if part.object_name and part.object_name == value.get("object")]
        parts = named or parts
    attempts = []
    for part in parts:
        found: list[Problem] = []
        part.check(value, path, found)
        if not found:
            return
        attempts.append(found)
    problems += min(attempts, key=len)


def check_fields(
    value: Any, path: str, problems: list[Problem], checks: dict[str, Check], required: frozenset[str]
) -> None:
    """Unknown, missing and mistyped fields of one record."""
    if not isinstance(value, dict):
        problems.append(Problem(path, f"{shown(value)} is not an object with fields"))
        return
    prefix = f"{path}." if path else ""
    for name, item in value.items():
        check = checks.get(name)
        if check is None:
            problems.append(Problem(f"{prefix}{name}", "unknown"))
        else:
            check(item, f"{prefix}{name}", problems)
    problems += [Problem(f"{prefix}{name}", "missing") for name in sorted(required - value.keys())]
