"""What the lists of the library hold: sections, topics, authors, series and months, each walked by an index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django.db.models import Count, F, QuerySet
from django.db.models.functions import TruncMonth
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from articles.caching import lifetime
from articles.models import Article, Author, Byline, Section, Series, Status, Topic, TopicEntry
from articles.models.article import SERIES_PLACE
from articles.page_store import store
from articles.paging import NEWEST_FIRST, ListPage, Order, Place, page_of

RECENT = 200  # so many of the newest articles say what a section or an author is about
MOST_NAMED = 8

BY_ENTRY = Order(("out_at", "article_id"), (datetime, int))
BY_PART = Order(("place", "published_at", "pk"), (int, datetime, int), is_descending=False)

type Listed = Section | Topic | Author | Series


@dataclass(frozen=True, slots=True)
class Listing:
    """The articles of one list that are out at `now`, in its order. First it is asked of an index where they stand, and
    then for the articles of one page: so the query that could be long touches nothing else.
    """

    rows: QuerySet[Any]  # articles, or what stands for them; the last column of the order is the article's key
    order: Order
    now: datetime

    def page(self, request: HttpRequest) -> ListPage[Article]:
        """The page that the address asks for. Raises Http404 and `paging.BeforeFirst`."""
        page = page_of(request, self.rows, self.order)
        return page.showing(self.cards(page.rows))

    def first(self, number: int) -> list[Article]:
        """The newest; of a series its first parts."""
        return self.cards(list(self.order.places(self.rows)[:number]))

    def count(self) -> int:
        return self.rows.order_by().count()

    def cards(self, places: list[Place]) -> list[Article]:
        ids = [cast("int", place[-1]) for place in places]
        articles = Article.objects.published(self.now).with_card().filter(pk__in=ids).order_by()
        found = {article.pk: article for article in articles}
        return [found[pk] for pk in ids if pk in found]


def listing_of(found: Listed, now: datetime) -> Listing:
    """All that stands under a section, topic, author or series."""
    published = Article.objects.published(now)
    match found:
        case Section():
            return Listing(published.filter(section=found), NEWEST_FIRST, now)
        case Topic():
            return Listing(TopicEntry.objects.filter(topic=found, out_at__lte=now), BY_ENTRY, now)
        case Author():
            return Listing(Byline.objects.filter(author=found, out_at__lte=now), BY_ENTRY, now)
        case Series():
            return Listing(published.filter(series=found).annotate(place=SERIES_PLACE), BY_PART, now)


def is_public(found: Listed, now: datetime) -> bool:
    """Whether anybody may hear of this list: one of its articles is out or, withdrawn now, was; or it is a section that
    editors put into the navigation. The name of any other tells what is being written, and its address can be guessed.
    """
    if isinstance(found, Section) and found.is_in_navigation:
        return True
    return listing_of(found, now).rows.exists() or was_out(found)


def was_out(found: Listed) -> bool:
    """Whether one of its articles was withdrawn when it had come out, not while it was scheduled."""
    withdrawn = Article.objects.filter(status=Status.WITHDRAWN, published_at__lte=F("modified_at"))
    match found:
        case Section():
            return withdrawn.filter(section=found).exists()
        case Topic():
            return withdrawn.filter(topics=found).exists()
        case Author():
            return withdrawn.filter(authors=found).exists()
        case Series():
            return withdrawn.filter(series=found).exists()


def size_of(name: str, found: Listed, listing: Listing, now: datetime) -> int:
    """How many articles the list has. To count a long one takes longer than all else on its page, so it is kept."""
    return kept(("size", name, found.pk), listing.count, [f"{name}-{found.pk}"], now)


def kept[V](name: tuple[object, ...], make: Callable[[], V], keys: list[str], now: datetime) -> V:
    """What is told of the library as it is `now`, until what is out changes or goes elsewhere."""
    return store.kept_or_made(name, make, lambda _made: lifetime([*keys, "library", "lists"], now))


@dataclass(frozen=True, slots=True)
class Named:
    """A list that others point to."""

    name: str
    url: str


def topics_of(section: Section, now: datetime) -> list[Named]:
    """What the newest articles of the section are mostly about."""
    newest = Article.objects.published(now).filter(section=section).newest_first().values("pk")[:RECENT]
    entries = TopicEntry.objects.filter(article__in=newest).values_list("topic__name", "topic__slug")
    return kept(("topics", section.pk), lambda: most_named(entries, "topic"), [f"section-{section.pk}"], now)


def sections_of(author: Author, now: datetime) -> list[Named]:
    """Where the newest articles of the author stand."""
    newest = Byline.objects.filter(author=author, out_at__lte=now).order_by("-out_at", "-article_id")
    articles = Article.objects.published(now).filter(pk__in=newest.values("article_id")[:RECENT], section__isnull=False)
    entries = articles.order_by().values_list("section__name", "section__slug")
    return kept(("sections", author.pk), lambda: most_named(entries, "section"), [f"author-{author.pk}"], now)


def most_named(entries: QuerySet[Any, Any], noun: str) -> list[Named]:
    counted = entries.annotate(times=Count("pk")).order_by("-times", f"{noun}__name")[:MOST_NAMED]
    return [Named(name, reverse(f"articles:{noun}", args=[slug])) for name, slug, _times in counted]


def navigation_sections() -> list[Section]:
    """The sections at the head of every page."""
    return list(Section.objects.filter(is_in_navigation=True))


# --- the archive --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Month:
    date: date
    count: int

    @property
    def url(self) -> str:
        return reverse("articles:archive-month", args=[f"{self.date.year:04d}", f"{self.date.month:02d}"])


@dataclass(frozen=True, slots=True)
class Year:
    months: list[Month]

    @property
    def number(self) -> int:
        return self.months[0].date.year

    @property
    def count(self) -> int:
        return sum(month.count for month in self.months)


def archive_months(now: datetime) -> list[Month]:
    """Every month with articles, the oldest first, in the publication's time zone. Kept: it looks at all articles."""
    return kept(("archive", timezone.get_current_timezone_name()), lambda: counted_months(now), [], now)


def counted_months(now: datetime) -> list[Month]:
    rows = (
        Article.objects.published(now)
        .order_by()
        .annotate(month=TruncMonth("published_at"))
        .values("month")
        .annotate(count=Count("pk"))
        .order_by("month")
    )
    return [Month(row["month"].date(), row["count"]) for row in rows]


def archive_years(now: datetime) -> list[Year]:
    """The newest first, each with its months in their order."""
    by_year: dict[int, list[Month]] = {}
    for month in archive_months(now):
        by_year.setdefault(month.date.year, []).append(month)
    return [Year(by_year[number]) for number in sorted(by_year, reverse=True)]


@dataclass(frozen=True, slots=True)
class MonthPlace:
    """A month between those before and after it that have articles."""

    month: Month
    earlier: Month | None
    later: Month | None


def month_place(year: int, month: int, now: datetime) -> MonthPlace | None:
    months = archive_months(now)
    index = next((number for number, at in enumerate(months) if (at.date.year, at.date.month) == (year, month)), None)
    if index is None:
        return None
    earlier = months[index - 1] if index else None
    later = months[index + 1] if index + 1 < len(months) else None
    return MonthPlace(months[index], earlier, later)


def month_listing(month: Month, now: datetime) -> Listing:
    start, end = month_bounds(month.date.year, month.date.month)
    return Listing(
        Article.objects.published(now).filter(published_at__gte=start, published_at__lt=end), NEWEST_FIRST, now
    )


def month_bounds(year: int, month: int) -> tuple[datetime, datetime]:
    """The first moment of the month and of the next, in the publication's time zone. Raises ValueError for a month that
    does not exist.
    """
    zone = timezone.get_current_timezone()
    start = datetime(year, month, 1, tzinfo=zone)
    return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
