"""What the lists of the library hold: the front page, the archive by month, the search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Count, F, Min, prefetch_related_objects
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone

from articles.models import Article, Section
from articles.models.article import ArticleQuerySet
from articles.search_vectors import configuration_for

SECONDARY = 3
LATEST = 4
SECTION_BLOCK = 3
LIBRARY_AGE_DAYS = 365
LONGEST_QUERY = 200  # characters; what is beyond is not searched


@dataclass(frozen=True, slots=True)
class Month:
    date: date
    count: int

    @property
    def url(self) -> str:
        return reverse("articles:archive-month", args=[f"{self.date.year:04d}", f"{self.date.month:02d}"])


def front_page(now: datetime) -> dict[str, Any]:
    """The newest first: one opens the page, three stand beside it, four below, then each section's own; none twice."""
    newest = list(Article.objects.cards(now)[: 1 + SECONDARY + LATEST])
    opener = next((article for article in newest if article.photo_id), newest[0] if newest else None)
    rest = [article for article in newest if article is not opener]
    shown = {article.pk for article in newest}
    old = Article.objects.cards(now).filter(published_at__lt=now - timedelta(days=LIBRARY_AGE_DAYS))
    return {
        "opener": opener,
        "secondary": rest[:SECONDARY],
        "latest": rest[SECONDARY : SECONDARY + LATEST],
        "section_blocks": section_blocks(now, shown),
        "library_pick": old.exclude(standfirst="").exclude(pk__in=shown).first(),
    }


def navigation_sections() -> list[Section]:
    """The sections at the head of every page."""
    return list(Section.objects.filter(is_in_navigation=True))


def next_pick_at(now: datetime) -> datetime | None:
    """When the next article is old enough to be the front page's pick from the library."""
    age = timedelta(days=LIBRARY_AGE_DAYS)
    young = Article.objects.published(now).exclude(standfirst="").filter(published_at__gte=now - age)
    oldest: datetime | None = young.aggregate(moment=Min("published_at"))["moment"]
    return None if oldest is None else oldest + age


def shown_on_front(page: dict[str, Any]) -> list[Article]:
    """All articles of a `front_page`."""
    single = [article for article in (page["opener"], page["library_pick"]) if article is not None]
    blocks = [article for block in page["section_blocks"] for article in block.articles]
    return [*single, *page["secondary"], *page["latest"], *blocks]


@dataclass(frozen=True, slots=True)
class SectionBlock:
    section: Section
    articles: list[Article]


def section_blocks(now: datetime, shown: set[int]) -> list[SectionBlock]:
    """The newest of each section that are not shown yet: a query a section through its index, and two for all names."""
    blocks = []
    for section in Section.objects.filter(is_in_navigation=True):
        others = Article.objects.published(now).newest_first().filter(section=section).exclude(pk__in=shown)
        if articles := list(others.select_related("section", "photo")[:SECTION_BLOCK]):
            blocks.append(SectionBlock(section, articles))
    prefetch_related_objects([article for block in blocks for article in block.articles], "bylines__author")
    return blocks


def archive_months(now: datetime) -> list[Month]:
    """Every month with articles, newest first, in the publication's time zone."""
    rows = (
        Article.objects.published(now)
        .order_by()
        .annotate(month=TruncMonth("published_at"))
        .values("month")
        .annotate(count=Count("pk"))
        .order_by("-month")
    )
    return [Month(row["month"].date(), row["count"]) for row in rows]


def month_bounds(year: int, month: int) -> tuple[datetime, datetime]:
    """The first moment of the month and of the next, in the publication's time zone. Raises ValueError for a month that
    does not exist.
    """
    zone = timezone.get_current_timezone()
    start = datetime(year, month, 1, tzinfo=zone)
    return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)


def search(query: str, now: datetime) -> ArticleQuerySet:
    """Published articles whose headline, standfirst or teaser match, the best first. The body is not searched: a hit
    would tell what it says.
    """
    words = SearchQuery(
        query[:LONGEST_QUERY].replace("\x00", ""),
        search_type="websearch",
        config=configuration_for(settings.LANGUAGE_CODE),
    )
    matches = Article.objects.cards(now).filter(search_vector=words)
    return matches.annotate(rank=SearchRank(F("search_vector"), words)).order_by("-rank", "-published_at", "-pk")
