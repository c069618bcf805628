"""What an article leads on to: its neighbours in a series, and what else the library has on its topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from articles.models import Article, TopicEntry

RELATED = 3
LIBRARY_AGE = timedelta(days=365)  # older than the article by so much is from the library
TOPICS = 6  # of an article's topics so many are looked at
WINDOW = 6  # articles of a topic or section that are looked at, the newest, and as many from the library
MOST_LOOKED_AT = 60
NEIGHBOURS = 5  # parts of a series before and after this one


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """Where an article stands in its series: a series may run for years, so only the parts around it are named."""

    ids: frozenset[int]  # of all parts that are out
    parts: list[tuple[int, Article]]  # those around, each with its number
    total: int
    number: int | None
    previous: Article | None
    next: Article | None


def place_in_series(article: Article) -> SeriesPlace | None:
    if article.series_id is None:
        return None
    ids = list(Article.objects.published().of_series(article.series_id).values_list("pk", flat=True))
    here = ids.index(article.pk) if article.pk in ids else len(ids)
    first = max(0, min(here - NEIGHBOURS, len(ids) - 2 * NEIGHBOURS - 1))
    shown = list(Article.objects.of_series(article.series_id).filter(pk__in=ids[first : first + 2 * NEIGHBOURS + 1]))
    parts = [(part.series_part or count, part) for count, part in enumerate(shown, start=first + 1)]
    number = article.series_part or (here + 1 if here < len(ids) else None)
    at = here - first
    return SeriesPlace(
        ids=frozenset(ids),
        parts=parts,
        total=max([len(ids), number or 0, *(count for count, _part in parts)]),
        number=number,
        previous=shown[at - 1] if 0 < at <= len(shown) else None,
        next=shown[at + 1] if at + 1 < len(shown) else None,
    )


def related_articles(article: Article, without: Iterable[int] = ()) -> list[Article]:
    """The best by shared topics, then the newest of the section, and where that is not enough the newest of all; one of
    them from the library if there is one.

    `without`: what the page names already. At most six queries, each by an index and of a bounded number of rows.
    """
    shared, moments = shared_topics(article)
    named = {article.pk, *without}
    for pk, moment in in_section(article):
        moments.setdefault(pk, moment)
        shared.setdefault(pk, 0)
    if len(shared.keys() - named) < RELATED:
        for pk, moment in newest(min(WINDOW + len(named), MOST_LOOKED_AT)):
            moments.setdefault(pk, moment)
            shared.setdefault(pk, -1)
    for pk in named:
        shared.pop(pk, None)
    ranked = sorted(shared, key=lambda pk: (shared[pk], moments[pk], pk), reverse=True)
    chosen = ranked[:RELATED]
    if not any(is_old(article, moments[pk]) for pk in chosen):
        old = (pk for pk in ranked[RELATED:] if is_old(article, moments[pk]))
        chosen[-1:] = [next(old, pk) for pk in chosen[-1:]]
    found = {found.pk: found for found in Article.objects.published().with_card().filter(pk__in=chosen)}
    return [found[pk] for pk in chosen if pk in found]


def is_old(article: Article, moment: datetime) -> bool:
    return article.published_at is not None and moment < article.published_at - LIBRARY_AGE


def shared_topics(article: Article) -> tuple[Counter[int], dict[int, datetime]]:
    """How many topics of the article others share with it, and when those came out."""
    shared: Counter[int] = Counter()
    moments: dict[int, datetime] = {}
    entries = TopicEntry.objects.filter(out_at__lte=timezone.now()).exclude(article=article)
    ordered = entries.order_by("-out_at", "-article_id")
    windows = [
        window
        for topic in list(article.topics.all())[:TOPICS]  # as prefetched
        for window in newest_and_oldest(article, ordered.filter(topic=topic), "out_at")
    ]
    for pk, moment, _topic in rows(windows, "article_id", "out_at", "topic_id"):
        moments[pk] = moment
        shared[pk] += 1
    return shared, moments


def in_section(article: Article) -> list[tuple[int, datetime]]:
    if article.section_id is None:
        return []
    others = Article.objects.published().filter(section_id=article.section_id).exclude(pk=article.pk)
    windows = newest_and_oldest(article, others.newest_first(), "published_at")
    return [(pk, moment) for pk, moment, _section in rows(windows, "pk", "published_at", "section_id")]


def newest(count: int) -> list[tuple[int, datetime]]:
    rows = Article.objects.published().newest_first().values_list("pk", "published_at")[:count]
    return [(pk, moment) for pk, moment in rows if moment is not None]


def newest_and_oldest(article: Article, ordered: QuerySet[Any], moment: str) -> list[QuerySet[Any]]:
    """The newest of these, and the newest that are from the library by the time of the article; `moment` says which
    column they are ordered by. Each window is walked along the index of its order and ends with its last row.
    """
    before = (article.published_at or timezone.now()) - LIBRARY_AGE
    return [ordered[:WINDOW], ordered.filter(**{f"{moment}__lt": before})[:WINDOW]]


def rows(windows: list[QuerySet[Any]], *columns: str) -> set[tuple[int, datetime, int]]:
    """All windows in one query."""
    if not windows:
        return set()
    tuples = [window.values_list(*columns) for window in windows]
    return set(tuples[0].union(*tuples[1:], all=True))
