"""Stripe's form encoding (`a[b][0][c]=d`), and the check of a call's parameters against what the route accepts.

Everything arrives as text. What leaves here has types, and nothing that the route does not name gets through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from stripe_sandbox.faults import Malformed, Thing

TEXT, INT, BOOL, META, RANGE, NUMBER = "text", "integer", "boolean", "metadata", "range", "number"
BOUNDS = {"gt", "gte", "lt", "lte"}
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500  # docs.stripe.com/api/metadata


@dataclass(frozen=True, slots=True)
class Clearable:
    """A parameter that may also be sent empty, which unsets the field."""

    of: Spec


@dataclass(frozen=True, slots=True)
class ByCurrency:
    """An object whose names are codes of currencies, each with the same fields."""

    fields: Mapping[str, Spec]


# A sentinel above, a tuple of allowed words, a list with the one spec of its members, or an object's fields;
# a field whose name ends in "!" is required.
type Spec = str | tuple[str, ...] | list[Spec] | Mapping[str, Spec] | Clearable | ByCurrency


def decode(encoded: str) -> Thing:
    """The nested dictionaries and lists of a query or form body; every leaf is text."""
    root: Thing = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, max_num_fields=1000, errors="strict"):
        head, _, rest = name.partition("[")
        _place(root, [head, *re.findall(r"([^\[\]]*)\]", rest)], value, name)
    return {key: _lists(value) for key, value in root.items()}


def _place(root: Thing, keys: list[str], value: str, name: str) -> None:
    branch = root
    for key in keys[:-1]:
        branch = branch.setdefault(key, {})
        if not isinstance(branch, dict):
            raise Malformed(f"Invalid hash: {name}", param=keys[0])
    last = keys[-1] or str(len(branch))
    if last in branch:
        raise Malformed(f"Parameter given twice: {name}", param=keys[0])
    branch[last] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = {key: _lists(member) for key, member in value.items()}
    if members and all(key.isdigit() for key in members):
        return [members[key] for key in sorted(members, key=int)]
    return members


def check(given: Any, spec: Mapping[str, Spec], prefix: str = "") -> Thing:
    """The typed parameters. Raises Malformed as Stripe does: parameter_unknown, parameter_missing, and so on."""
    if not isinstance(given, dict):
        raise Malformed(f"Invalid object: {given}", param=prefix)
    allowed = {name.rstrip("!"): sub for name, sub in spec.items()}
    for name in given:
        if name not in allowed:
            param = _param(prefix, name)
            raise Malformed(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
    for name in spec:
        if name.endswith("!") and name[:-1] not in given:
            param = _param(prefix, name[:-1])
            raise Malformed(f"Missing required param: {param}.", code="parameter_missing", param=param)
    return {name: _value(value, allowed[name], _param(prefix, name)) for name, value in given.items()}


def _param(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _value(value: Any, spec: Spec, param: str) -> Any:
    if isinstance(spec, Clearable):
        return "" if value == "" else _value(value, spec.of, param)
    if isinstance(spec, ByCurrency):
        return _by_currency(value, spec, param)
    if isinstance(spec, Mapping):
        return check(value, spec, param)
    if isinstance(spec, list):
        if not isinstance(value, list):
            raise Malformed("Invalid array", param=param)
        return [_value(member, spec[0], f"{param}[{place}]") for place, member in enumerate(value)]
    if isinstance(spec, tuple):
        return _choice(value, spec, param)
    kinds = {TEXT: _text, INT: _integer, BOOL: _boolean, META: _metadata, RANGE: _range, NUMBER: _number}
    return kinds[spec](value, param)


def _by_currency(value: Any, spec: ByCurrency, param: str) -> Thing:
    if not isinstance(value, dict):
        raise Malformed(f"Invalid object: {value}", param=param)
    for code in value:
        if not re.fullmatch("[a-z]{3}", code):
            raise Malformed(f"Invalid currency: {code}.", param=param)
    return {code: check(fields, spec.fields, _param(param, code)) for code, fields in value.items()}


def _choice(value: Any, words: tuple[str, ...], param: str) -> str:
    if value not in words:
        raise Malformed(f"Invalid {param}: must be one of {', '.join(words)}", param=param)
    return str(value)


def _text(value: Any, param: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"Invalid string: {value}", param=param)
    if not value:
        message = f"You passed an empty string for '{param}'. You may set '{param}' to null or leave it out instead."
        raise Malformed(message, code="parameter_invalid_empty", param=param)
    return value


def _integer(value: Any, param: str) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        raise Malformed(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return int(value)


def _number(value: Any, param: str) -> float:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", value, re.ASCII):
        raise Malformed(f"Invalid decimal: {value}", code="parameter_invalid_decimal", param=param)
    return float(value)


def _boolean(value: Any, param: str) -> bool:
    if value not in ("true", "false"):
        raise Malformed(f"Invalid boolean: {value}", param=param)
    return bool(value == "true")


def _metadata(value: Any, param: str) -> dict[str, str]:
    if value == "":
        return {}
    if not isinstance(value, dict) or len(value) > METADATA_KEYS:
        raise Malformed("Invalid metadata: a hash of at most 50 keys is expected", param=param)
    for key, text in value.items():
        if not isinstance(text, str) or len(key) > METADATA_KEY_LENGTH or len(text) > METADATA_VALUE_LENGTH:
            raise Malformed("Invalid metadata: keys up to 40 and values up to 500 characters", param=_param(param, key))
    return dict(value)


def _range(value: Any, param: str) -> dict[str, int]:
    """`created=5` or `created[gte]=5`, both as bounds."""
    if isinstance(value, dict):
        return check(value, dict.fromkeys(BOUNDS, INT), param)
    moment = _integer(value, param)
    return {"gte": moment, "lte": moment}


def within(moment: int, bounds: Mapping[str, int]) -> bool:
    """Whether a moment lies inside the bounds of a RANGE parameter."""
    return (
        moment > bounds.get("gt", moment - 1)
        and moment >= bounds.get("gte", moment)
        and moment < bounds.get("lt", moment + 1)
        and moment <= bounds.get("lte", moment)
    )
