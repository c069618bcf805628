"""What the lists of the library hold: the front page, the archive by month, the search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Count, F
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone

from articles.models import Article, Section
from articles.models.article import ArticleQuerySet
from articles.search_vectors import configuration_for

SECONDARY = 3
THIS_WEEK = 4
SECTION_BLOCK = 3
LIBRARY_AGE_DAYS = 365
LONGEST_QUERY = 200  # characters; what is beyond is not searched


@dataclass(frozen=True, slots=True)
class Month:
    date: date
    count: int

    @property
    def url(self) -> str:
        return reverse("articles:archive-month", args=[f"{self.date:%Y}", f"{self.date:%m}"])


def front_page(now: datetime) -> dict[str, Any]:
    """The newest first: one lead, three beside it, four of the week, then each section's own, none of them twice."""
    sections = list(Section.objects.filter(is_in_navigation=True))
    newest = list(Article.objects.published(now).newest_first().with_card()[: 1 + SECONDARY + THIS_WEEK])
    lead = next((article for article in newest if article.photo_id), newest[0] if newest else None)
    rest = [article for article in newest if article is not lead]
    shown = {article.pk for article in newest}
    blocks = [
        {"section": section, "articles": articles}
        for section, articles in section_blocks(now, sections, shown)
        if articles
    ]
    old = Article.objects.published(now).filter(published_at__lt=now - timedelta(days=LIBRARY_AGE_DAYS))
    return {
        "lead": lead,
        "secondary": rest[:SECONDARY],
        "this_week": rest[SECONDARY : SECONDARY + THIS_WEEK],
        "section_blocks": blocks,
        "library_pick": old.exclude(standfirst="").exclude(pk__in=shown).newest_first().with_card().first(),
    }


def section_blocks(now: datetime, sections: list[Section], shown: set[int]) -> list[tuple[Section, list[Article]]]:
    """The newest of each section that are not shown yet, by one query a section through its index."""
    return [
        (
            section,
            list(
                Article.objects.published(now)
                .filter(section=section)
                .exclude(pk__in=shown)
                .newest_first()
                .with_card()[:SECTION_BLOCK]
            ),
        )
        for section in sections
    ]


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
    matches = Article.objects.published(now).filter(search_vector=words)
    return (
        matches.annotate(rank=SearchRank(F("search_vector"), words))
        .order_by("-rank", "-published_at", "-pk")
        .with_card()
    )
