"""The requests that the installed `stripe` package can send, read from the methods of its service classes."""

from __future__ import annotations

import ast
import typing
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import stripe

from tests.stripe_contract.annotations import parameters, resolve, syntax
from tests.stripe_contract.problems import Problem, refuse
from tests.stripe_contract.values import Check, Form, check_fields, compile_check

PACKAGE = Path(stripe.__file__).parent


class Operation(NamedTuple):
    """One method of a service: `params` and `answer` are annotations as written in `module`."""

    method: str
    template: str
    params: str
    answer: str
    module: str

    @property
    def segments(self) -> list[str]:
        return self.template.split("/")

    def takes(self, segments: list[str]) -> bool:
        return all(
            bool(given) and "?" not in given if own.startswith("{") else own == given
            for own, given in zip(self.segments, segments, strict=True)
        )

    def fixed_segments(self) -> int:
        return sum(not segment.startswith("{") for segment in self.segments)


@cache
def operations() -> dict[tuple[str, int], list[Operation]]:
    """By method and number of segments; the more literal template comes first (/customers/search, /customers/{id})."""
    table: dict[tuple[str, int], list[Operation]] = {}
    for source in sorted(PACKAGE.rglob("*_service.py")):
        dotted = ".".join(source.relative_to(PACKAGE.parent).with_suffix("").parts)
        for operation in operations_of(dotted):
            table.setdefault((operation.method, len(operation.segments)), []).append(operation)
    for found in table.values():
        found.sort(key=Operation.fixed_segments, reverse=True)
    return table


def operations_of(module: str) -> Iterator[Operation]:
    for owner in ast.walk(syntax(module)):
        if not isinstance(owner, ast.ClassDef):
            continue
        for method in owner.body:
            if isinstance(method, ast.FunctionDef) and (call := request_call(method)) is not None:
                verb, template = ast.literal_eval(call.args[0]), template_of(call.args[1])
                if template.startswith("/v1/"):
                    yield Operation(verb, template, params_of(method), answer_of(method), module)


def request_call(method: ast.FunctionDef) -> ast.Call | None:
    """The call that sends, if it goes to the API itself and not to the hosts of files or of Connect."""
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_request":
            addresses = [keyword.value for keyword in node.keywords if keyword.arg == "base_address"]
            if [ast.unparse(address) for address in addresses] == ["'api'"]:
                return node
    return None


def template_of(node: ast.expr) -> str:
    """`"/v1/prices"`, or the text before `.format(price=...)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return str(ast.literal_eval(node))


def params_of(method: ast.FunctionDef) -> str:
    for argument in method.args.args:
        if argument.arg == "params" and argument.annotation is not None:
            return ast.unparse(argument.annotation)
    return ""


def answer_of(method: ast.FunctionDef) -> str:
    return "" if method.returns is None else str(ast.literal_eval(method.returns))


def find_operations(method: str, path: str) -> list[Operation]:
    """Those of the most literal template; several when two services share an address."""
    segments = path.split("/")
    fitting = [found for found in operations().get((method.lower(), len(segments)), []) if found.takes(segments)]
    return [found for found in fitting if found.fixed_segments() == fitting[0].fixed_segments()]


def check_request(method: str, path: str, params: Mapping[str, Any], *, allowing: Collection[str] = ()) -> None:
    """Check a request as it arrived: nested dicts and lists whose leaves are all text, as form encoding leaves them.

    An integer that left as text cannot be told here any more; check_call sees it. Raises ContractViolation.
    """
    check(method, path, params, Form.WIRE, allowing)


def check_call(method: str, path: str, params: Mapping[str, Any] | None, *, allowing: Collection[str] = ()) -> None:
    """Check a request by its Python values, before it is encoded. Raises ContractViolation."""
    check(method, path, params or {}, Form.PYTHON, allowing)


def check(method: str, path: str, params: Mapping[str, Any], form: Form, allowing: Collection[str]) -> None:
    subject = f"{method.upper()} {path}"
    found = find_operations(method, path)
    if not found:
        refuse(subject, [Problem("", "unknown path")])
    attempts = []
    for operation in found:
        problems: list[Problem] = []
        params_check(operation, form)(params, "", problems)
        attempts.append(problems)
    refuse(subject, min(attempts, key=len), allowing)


@cache
def params_check(operation: Operation, form: Form) -> Check:
    if not operation.params:
        return lambda value, path, problems: check_fields(value, path, problems, {}, frozenset())
    annotation = resolve(operation.params, operation.module)
    (params,) = [part for part in (typing.get_args(annotation) or (annotation,)) if part is not type(None)]
    return typed_dict_check(resolve(params, operation.module), form)


@cache
def typed_dict_check(params: type, form: Form) -> Check:
    """The fields are compiled when the first value comes: a class may hold itself."""
    checks: dict[str, Check] = {}
    required: frozenset[str] = frozenset()

    def records(inner: type, _arguments: tuple[Any, ...]) -> Check:
        return typed_dict_check(inner, form)

    def check_params(value: Any, path: str, problems: list[Problem]) -> None:
        nonlocal required
        if not checks:
            fields = parameters(params)
            required = frozenset(name for name, field in fields.items() if field.is_required)
            checks.update(
                {
                    name: compile_check(field.annotation, params.__module__, form, records)
                    for name, field in fields.items()
                }
            )
        check_fields(value, path, problems, checks, required)

    return check_params
