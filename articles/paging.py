"""Pages of a list by places in it, not by numbers: a deep one costs what the first does, and its address goes on
working when articles come and go. Nothing here knows what is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

PAGE_SIZE = 20
PLACES = ("before", "after")  # the parameters that `page_of` reads
LARGEST = 2**63 - 1
MOMENT = re.compile(r"[0-9]{8}T[0-9]{6}(\.[0-9]{6})?", re.ASCII)
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)

type Place = tuple[datetime | int, ...]


class BeforeFirst(Exception):
    """The page asked for is the list's first: its own address should be used."""


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponse]


def first_at_its_own_address[**P](view: View[P]) -> View[P]:
    """Decorate a view of pages: another address of the first page leads to that of the list."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except BeforeFirst:
            return HttpResponseRedirect(request.path)

    return wrapped


@dataclass(frozen=True, slots=True)
class Order:
    """By which columns, moments (UTC) and whole numbers, a list goes; the last one makes each place unique."""

    columns: tuple[str, ...]
    kinds: tuple[type[datetime | int], ...]
    is_descending: bool = True

    def places(self, rows: QuerySet[Any], *, backwards: bool = False) -> QuerySet[Any, Place]:
        """Where each of the rows stands, in this order."""
        sign = "-" if self.is_descending is not backwards else ""
        return rows.order_by(*[f"{sign}{column}" for column in self.columns]).values_list(*self.columns)

    def beyond(self, rows: QuerySet[Any], place: Place, *, backwards: bool = False) -> QuerySet[Any, Place]:
        """The places of the rows that come after this one. The first column is bounded by itself, where the walk along
        an index begins. Not as `(a, b) < (x, y)`: beside another bound of `a` PostgreSQL 18 begins at that one.
        """
        comparison = "lt" if self.is_descending is not backwards else "gt"
        is_beyond, is_same = Q(), Q()
        for column, value in zip(self.columns, place, strict=True):
            is_beyond |= is_same & Q(**{f"{column}__{comparison}": value})
            is_same &= Q(**{column: value})
        bound = Q(**{f"{self.columns[0]}__{comparison}e": place[0]})
        return self.places(rows.filter(bound, is_beyond), backwards=backwards)

    def write(self, place: Place) -> str:
        """As it stands in an address: 20260820T093000-117."""
        return "-".join(write_moment(part) if isinstance(part, datetime) else str(part) for part in place)

    def read(self, text: str) -> Place:
        """The place that `write` wrote so. Raises Http404 for any other text and for a moment that is yet to come."""
        parts = text.split("-")
        if len(parts) != len(self.kinds):
            raise Http404
        place = tuple(
            read_moment(part) if kind is datetime else read_number(part)
            for kind, part in zip(self.kinds, parts, strict=True)
        )
        if self.write(place) != text:
            raise Http404
        return place


NEWEST_FIRST = Order(("published_at", "pk"), (datetime, int))


@dataclass(frozen=True, slots=True)
class ListPage[M]:
    """Some rows of a list in their order, and the addresses of the pages beside them, empty where there are none."""

    rows: list[M]
    first_url: str
    previous_url: str = ""
    next_url: str = ""
    is_first: bool = True

    @property
    def has_others(self) -> bool:
        return bool(self.next_url or not self.is_first)

    def showing[N](self, rows: list[N]) -> ListPage[N]:
        """The same page with other rows: those that the ones found stand for."""
        return ListPage(rows, self.first_url, self.previous_url, self.next_url, self.is_first)


def page_of(request: HttpRequest, rows: QuerySet[Any], order: Order, size: int = PAGE_SIZE) -> ListPage[Place]:
    """The page that the address asks for with `before` or `after` a place, else the first; in one query.

    `before` and `after` are meant as in a list of the newest first: `before` goes on with the list. Raises Http404
    where no such page can be, and BeforeFirst.
    """
    onwards, back = request.GET.getlist("before"), request.GET.getlist("after")
    match len(onwards), len(back):
        case 0, 0:
            return turned(ListPage(list(order.places(rows)[: size + 1]), request.path), order, size)
        case 1, 0:
            return turned(later_page(request.path, rows, order, order.read(onwards[0]), size), order, size)
        case 0, 1:
            return earlier_page(request.path, rows, order, order.read(back[0]), size)
    raise Http404


def later_page(path: str, rows: QuerySet[Any], order: Order, place: Place, size: int) -> ListPage[Place]:
    found = list(order.beyond(rows, place)[: size + 1])
    if not found:
        raise Http404
    return ListPage(found, path, f"{path}?after={order.write(found[0])}", is_first=False)


def earlier_page(path: str, rows: QuerySet[Any], order: Order, place: Place, size: int) -> ListPage[Place]:
    found = list(order.beyond(rows, place, backwards=True)[: size + 1])
    if len(found) <= size:
        raise BeforeFirst
    shown = found[size - 1 :: -1]
    before, after = order.write(shown[-1]), order.write(shown[0])
    return ListPage(shown, path, f"{path}?after={after}", f"{path}?before={before}", is_first=False)


def turned(page: ListPage[Place], order: Order, size: int) -> ListPage[Place]:
    """The page without the row too many that was found, but with the way on to it."""
    if len(page.rows) <= size:
        return page
    shown = page.rows[:size]
    return replace(page, rows=shown, next_url=f"{page.first_url}?before={order.write(shown[-1])}")


def write_moment(moment: datetime) -> str:
    text = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    return f"{text}.{moment.microsecond:06}" if moment.microsecond else text


def read_moment(text: str) -> datetime:
    if not MOMENT.fullmatch(text):
        raise Http404
    try:
        moment = datetime.strptime(text, "%Y%m%dT%H%M%S.%f" if "." in text else "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Http404 from None
    if moment > timezone.now():
        raise Http404
    return moment


def read_number(text: str) -> int:
    if not NUMBER.fullmatch(text) or int(text) > LARGEST:
        raise Http404
    return int(text)
