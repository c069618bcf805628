"""Who may read an article, as lists, feeds and mails say it. The app that decides it is above this one and hands it in;
it is for telling readers so, and opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from articles.models import Article, Tier


class Audience(StrEnum):
    """Who may read the whole. The values are those of feeds."""

    EVERYBODY = "free"
    REGISTERED = "registered"
    SUBSCRIBERS = "premium"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who may read an article now. `until`: when everybody no longer may (UTC), where that is known; `plans`: the names
    of the plans one of which is needed; `is_metered`: whether some read it without a subscription.
    """

    audience: Audience
    until: datetime | None = None
    plans: tuple[str, ...] = ()
    is_metered: bool = False

    @property
    def is_free(self) -> bool:
        return self.audience is Audience.EVERYBODY

    @property
    def names(self) -> str:
        return _(" or ").join(self.plans)


type Marker = Callable[[Sequence[Article]], list[Mark]]
type Source = Callable[[datetime], Marker]

AUDIENCES = {Tier.FREE.value: Audience.EVERYBODY, Tier.REGISTERED.value: Audience.REGISTERED}
sources: list[Source] = []


def set_source(source: Source) -> Source:
    """Let an upper app say who may read articles at a moment (UTC), many at a time. The moments at which that changes
    have to be among those of `caching.add_moments`, and a change by people has to purge `article-12` or `access`.
    """
    sources[:] = [source]
    return source


def by_tier(articles: Sequence[Article]) -> list[Mark]:
    return [Mark(AUDIENCES.get(article.tier, Audience.SUBSCRIBERS)) for article in articles]


class Marks:
    """What one page, feed or mail says of its articles, all at one moment. What is needed for it is looked up with the
    first, for all articles at once that were fetched together.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._marker: Marker | None = None
        self._known: dict[int, Mark] = {}

    def of(self, article: Article) -> Mark:
        if article.pk not in self._known:
            self.add([article, *peers_of(article)])
        return self._known[article.pk]

    def add(self, articles: Iterable[Article]) -> None:
        if self._marker is None:
            self._marker = sources[0](self.now) if sources else by_tier
        unknown = list({article.pk: article for article in articles if article.pk not in self._known}.values())
        self._known |= {article.pk: mark for article, mark in zip(unknown, self._marker(unknown), strict=True)}


def marks_of(articles: Iterable[Article], now: datetime) -> Marks:
    marks = Marks(now)
    marks.add(articles)
    return marks


def peers_of(article: Article) -> list[Article]:
    """Those that came from the database together with it, where its query was told to remember them (FETCH_PEERS)."""
    references = getattr(article._state, "peers", ())
    return [peer for reference in references if (peer := reference()) is not None and peer.pk is not None]


def until_in_words(until: datetime, now: datetime) -> str:
    """As short as a list needs it: the hour where it is today, else the day, in the publication's time zone."""
    local, today = timezone.localtime(until), timezone.localdate(now)
    if local.date() == today:
        return date_format(local, "H:i")
    return date_format(local, "MONTH_DAY_FORMAT" if local.year == today.year else "DATE_FORMAT")
