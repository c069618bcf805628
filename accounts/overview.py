"""The parts of the account page. Each app registers its own in `ready()`; this module only keeps the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


type SectionMaker = Callable[[HttpRequest], OverviewSection | Sequence[OverviewSection] | None]

_makers: dict[SectionMaker, int] = {}


def register(maker: SectionMaker, *, place: int = 50) -> None:
    """Add a part, or several. Called for logged-in readers only; None has nothing to say. What a reader pays for has
    the lowest `place` and stands first; parts of one place stand in the order of registration.
    """
    _makers.setdefault(maker, place)


def sections(request: HttpRequest) -> list[OverviewSection]:
    made = (maker(request) for maker in sorted(_makers, key=_makers.__getitem__))
    parts = ((part,) if isinstance(part, OverviewSection) else part or () for part in made)
    return [section for several in parts for section in several]
