"""The parts of the account page. Each app registers its own in `ready()`; this module only keeps the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class OverviewLink:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class OverviewAction:
    """A button that posts to `url`, with nothing but the CSRF token."""

    label: str
    url: str
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class OverviewSection:
    """One part of the page: a heading, whole sentences, and where the reader can act on them."""

    heading: str
    sentences: tuple[str, ...]
    links: tuple[OverviewLink, ...] = ()
    actions: tuple[OverviewAction, ...] = ()


type SectionMaker = Callable[[HttpRequest], OverviewSection | None]

_makers: list[SectionMaker] = []


def register(maker: SectionMaker) -> None:
    """Add a part, shown in the order of registration. Called for logged-in readers only; None has nothing to say."""
    if maker not in _makers:
        _makers.append(maker)


def sections(request: HttpRequest) -> list[OverviewSection]:
    made = (maker(request) for maker in _makers)
    return [section for section in made if section is not None]
