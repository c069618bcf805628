"""What the account page is told by the parts of billing: what comes next for a subscription, how it can be changed, and
what else a reader holds. Each part registers itself in `ready()`; this module only keeps the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from accounts.overview import OverviewAction, OverviewLink
from subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Ways:
    links: tuple[OverviewLink, ...] = ()
    actions: tuple[OverviewAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that is no subscription of the reader's own, in one sentence: a pass, a gift, a seat in a group."""

    sentence: str
    ways: Ways = Ways()


# What comes next, as it stands behind "Annual, $89 a year: ", with its full stop; empty where it has nothing to say.
type NextMaker = Callable[[Subscription, datetime], str]
# How the reader can change it; `named` is the plan's name where several subscriptions are shown, else empty.
type WaysMaker = Callable[[Subscription, str], Ways]
type HoldingsMaker = Callable[[User, datetime], Iterable[Holding]]

_next_makers: list[NextMaker] = []
_ways_makers: list[WaysMaker] = []
_holdings_makers: list[HoldingsMaker] = []


def register_next(maker: NextMaker) -> None:
    """For what stands in the way of a mere renewal: a change that is planned, a pause. The first who speaks is heard;
    asked of active subscriptions and trials whose end is not decided.
    """
    keep(maker, _next_makers)


def register_ways(maker: WaysMaker) -> None:
    keep(maker, _ways_makers)


def register_holdings(maker: HoldingsMaker) -> None:
    """Called for readers who are logged in, once for each view of the account page; a query or two are fine."""
    keep(maker, _holdings_makers)


def keep[M](maker: M, makers: list[M]) -> None:
    if maker not in makers:
        makers.append(maker)


def next_of(subscription: Subscription, now: datetime) -> str:
    return next(filter(None, (maker(subscription, now) for maker in _next_makers)), "")


def ways_of(subscription: Subscription, named: str) -> list[Ways]:
    return [maker(subscription, named) for maker in _ways_makers]


def holdings_of(user: User, now: datetime) -> list[Holding]:
    return [holding for maker in _holdings_makers for holding in maker(user, now)]
