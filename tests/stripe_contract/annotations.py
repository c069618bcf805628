"""The annotations of the installed `stripe` package, resolved: names that it imports for type checkers only are found
through its source, a class at a time, because importing all of it would take seconds.
"""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar, ForwardRef, NamedTuple, NotRequired, Required

import typing_extensions
from stripe import StripeObject
from stripe._request_options import RequestOptions


class Field(NamedTuple):
    annotation: Any
    is_required: bool


class Names(Mapping[str, Any]):
    """The names a type checker would see in a module, imported when asked for."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.checker_only = checker_imports(module.__name__)

    def __getitem__(self, name: str) -> Any:
        if name in vars(self.module):
            return vars(self.module)[name]
        source, original = self.checker_only[name]
        return getattr(import_module(source), original)

    def __iter__(self) -> Iterator[str]:
        return iter({**vars(self.module), **self.checker_only})

    def __len__(self) -> int:
        return len(list(iter(self)))


@cache
def syntax(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(import_module(module)))


@cache
def checker_imports(module: str) -> dict[str, tuple[str, str]]:
    """Name -> (module, name there) of the imports under `if TYPE_CHECKING:`."""
    return {
        alias.asname or alias.name: (statement.module or "", alias.name)
        for block in syntax(module).body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


@cache
def names_of(module: str) -> Names:
    return Names(import_module(module))


def resolve(annotation: Any, module: str) -> Any:
    """The annotation behind text and forward references; what stands inside its brackets is resolved when reached."""
    while isinstance(annotation, str | ForwardRef):
        text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        # The text is the annotation of an installed package, as typing.get_type_hints would evaluate it.
        annotation = eval(text, {}, names_of(module))
    return annotation


@cache
def parameters(params: type) -> dict[str, Field]:
    """The fields of a TypedDict, without the options (key, version ...) that older calls mix into it."""
    options = RequestOptions.__annotations__
    found = {}
    for owner in typed_dict_bases(params):
        for name, raw in owner.__annotations__.items():
            if name in options and raw == options[name]:
                continue
            annotation = resolve(raw, owner.__module__)
            is_optional = typing.get_origin(annotation) is NotRequired or name in owner.__optional_keys__
            while typing.get_origin(annotation) in (NotRequired, Required):
                annotation = resolve(typing.get_args(annotation)[0], owner.__module__)
            found[name] = Field(annotation, not is_optional)
    return found


def typed_dict_bases(params: type) -> list[Any]:
    """The class, then its bases: a class repeats the fields of its bases, and only these know their module."""
    bases: list[Any] = [params]
    for base in getattr(params, "__orig_bases__", ()):
        if typing_extensions.is_typeddict(base):
            bases += typed_dict_bases(base)
    return bases


@cache
def attributes(record: type) -> dict[str, Field]:
    """The fields of an object's class by their names on the wire. What may be null may also be left out:
    the annotations know one word, Optional, for both.
    """
    found = {}
    for owner in reversed(record.__mro__):
        if owner in StripeObject.__mro__:
            continue
        for name, raw in inspect.get_annotations(owner).items():
            annotation = resolve(raw, owner.__module__)
            if name.startswith("_") or typing.get_origin(annotation) is ClassVar:
                continue
            wire_name = getattr(record, "_field_remappings", {}).get(name, name)
            found[wire_name] = Field(annotation, type(None) not in typing.get_args(annotation))
    if "OBJECT_NAME" in vars(record):  # lists do not annotate the field, only their name
        found.setdefault("object", Field(typing.Literal[vars(record)["OBJECT_NAME"]], is_required=True))
    return found
