"""What search engines are told: an index, with one file for each month of the library, one for each kind of list, and
one for the pages of the house; and the news of two days. Nothing stands there that a stranger does not find.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Count, F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest, TruncMonth
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles import lists
from articles.addresses import absolute
from articles.caching import mark_cacheable, public_page, showing
from articles.models import Article, Author, Byline, Correction, Page, Section, Series, Topic, TopicEntry

PART_LENGTH = 10_000  # addresses in one file; the format allows 50,000
NEWS_DAYS = 2  # https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap
NEWS_LENGTH = 1000
MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
# Files of the first release, in which all articles, and all lists, stood together.
FORMER = ("articles", "lists")
INDEXES = ("section-index", "topic-index", "author-index", "series-index")
FIXED = (
    "articles:front",
    "articles:archive",
    *(f"articles:{name}" for name in INDEXES),
    "articles:corrections",
    "articles:feeds",
    "paywall:plans",
)
LISTS = ("sections", "topics", "authors", "series")
KEYS = ("sitemap", "articles", "lists", "corrections", "pages")

type Moment = datetime | date | None


@dataclass(frozen=True, slots=True)
class Address:
    """An address, absolute, and its last change that readers were told of."""

    url: str
    changed_at: Moment = None

    @property
    def lastmod(self) -> str:
        """W3C date and time, https://www.w3.org/TR/NOTE-datetime."""
        return self.changed_at.isoformat() if self.changed_at else ""


# --- the files ----------------------------------------------------------------------------------------------------


@require_safe
@public_page(*KEYS)
def sitemap_index(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    files = [
        Address(part_url(name, number), changed_at)
        for name, count, changed_at in [*fixed_files(now), *month_files(now)]
        for number in range(1, -(-count // PART_LENGTH) + 1)
    ]
    return render(request, "articles/sitemap_index.xml", {"files": files}, content_type="application/xml")


def part_url(name: str, number: int) -> str:
    return absolute(reverse("articles:sitemap-part", args=[name])) + (f"?p={number}" if number > 1 else "")


def fixed_files(now: datetime) -> Iterator[tuple[str, int, Moment]]:
    """Name, number of addresses, last change (not known) of each file that is no month's."""
    yield "pages", len(FIXED) + Page.objects.published().count(), None
    yield "archive", len(lists.archive_months(now)), None
    for name in LISTS:
        yield name, list_rows(name, now).count(), None


def month_files(now: datetime) -> Iterator[tuple[str, int, Moment]]:
    rows = (
        Article.objects.published(now)
        .order_by()
        .annotate(month=TruncMonth("published_at"))
        .values("month")
        .annotate(count=Count("pk"), changed_at=Max(Coalesce("updated_at", "published_at")))
        .order_by("-month")
    )
    corrected = dict(
        Correction.objects.filter(article__in=Article.objects.published(now))
        .order_by()
        .annotate(month=TruncMonth("article__published_at"))
        .values_list("month")
        .annotate(made_at=Max("made_at"))
    )
    for row in rows:
        changed_at = max(row["changed_at"], corrected.get(row["month"], row["changed_at"]))
        yield f"{row['month']:%Y-%m}", row["count"], changed_at


@require_safe
def sitemap_part(request: HttpRequest, name: str) -> HttpResponseBase:
    if name in FORMER:
        response = HttpResponsePermanentRedirect(reverse("articles:sitemap"))
        mark_cacheable(request, response, ["sitemap"])
        return response
    return sitemap_file(request, name)


@public_page(*KEYS, parameters=("p",))
def sitemap_file(request: HttpRequest, name: str) -> HttpResponse:
    """One part of one file. Raises Http404 for one that would be empty."""
    first = (part_number(request) - 1) * PART_LENGTH
    addresses = list(addresses_of(name, timezone.now(), first))
    if not addresses:
        raise Http404
    return render(request, "articles/sitemap.xml", {"addresses": addresses}, content_type="application/xml")


def part_number(request: HttpRequest) -> int:
    """Raises Http404 for what is no number of a part."""
    given = request.GET.get("p", "1")
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and int(given)):
        raise Http404
    return int(given)


def addresses_of(name: str, now: datetime, first: int) -> Iterator[Address]:
    """Those of the part that begins with the address of this number. Raises Http404 for a file that there is not."""
    part = slice(first, first + PART_LENGTH)
    if match := MONTH.fullmatch(name):
        return month_addresses(int(match[1]), int(match[2]), now, part)
    if name in LISTS:
        rows = list_rows(name, now).order_by("pk")[part]
        return (Address(absolute(row.get_absolute_url()), row.out_at) for row in rows)
    makers: dict[str, Callable[[datetime], list[Address]]] = {"pages": house_addresses, "archive": archive_addresses}
    if name not in makers:
        raise Http404
    return iter(makers[name](now)[part])


def month_addresses(year: int, month: int, now: datetime, part: slice) -> Iterator[Address]:
    """The articles of one month, found by their date alone: the file costs what it holds."""
    try:
        start, end = lists.month_bounds(year, month)
    except ValueError:
        raise Http404 from None
    corrected = Correction.objects.filter(article=OuterRef("pk")).order_by("-made_at").values("made_at")[:1]
    rows = (
        Article.objects.published(now)
        .filter(published_at__gte=start, published_at__lt=end)
        .order_by("published_at", "pk")
        .annotate(changed_at=Greatest(Coalesce("updated_at", "published_at"), Subquery(corrected)))
        .only("slug", "published_at")[part]
    )
    return (Address(absolute(row.get_absolute_url()), vars(row)["changed_at"]) for row in rows)


def list_rows(name: str, now: datetime) -> models.QuerySet[Any]:
    """Sections, topics, authors or series with an article that is out, and when the newest came out: the name of a
    draft's topic is not told.
    """
    published = Article.objects.published(now).newest_first().annotate(out_at=F("published_at"))
    newest: models.QuerySet[Any]
    rows: models.QuerySet[Any]
    match name:
        case "sections":
            rows, newest = Section.objects.all(), published.filter(section=OuterRef("pk"))
        case "topics":
            rows, newest = Topic.objects.all(), TopicEntry.objects.filter(topic=OuterRef("pk"), out_at__lte=now)
        case "authors":
            rows, newest = Author.objects.all(), Byline.objects.filter(author=OuterRef("pk"), out_at__lte=now)
        case _:
            rows, newest = Series.objects.all(), published.filter(series=OuterRef("pk"))
    return rows.annotate(out_at=Subquery(newest.order_by("-out_at").values("out_at")[:1])).filter(
        Q(out_at__isnull=False)
    )


def house_addresses(_now: datetime) -> list[Address]:
    pages = [Address(absolute(page.get_absolute_url()), page.updated_on) for page in Page.objects.published()]
    return [*(Address(absolute(reverse(name))) for name in FIXED), *pages]


def archive_addresses(now: datetime) -> list[Address]:
    return [Address(absolute(month.url)) for month in lists.archive_months(now)]


# --- the news -----------------------------------------------------------------------------------------------------


@require_safe
@public_page("sitemap", "articles")
def sitemap_news(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    young = Article.objects.published(now).filter(published_at__gt=now - timedelta(days=NEWS_DAYS)).newest_first()
    articles = list(young.only("slug", "headline", "language", "published_at")[:NEWS_LENGTH])
    entries = [(absolute(article.get_absolute_url()), news_language(article.language), article) for article in articles]
    page = render(request, "articles/sitemap_news.xml", {"entries": entries}, content_type="application/xml")
    moments = [article.published_at for article in articles if article.published_at]
    return showing(page, [], until=min(moments) + timedelta(days=NEWS_DAYS) if moments else None)


def news_language(language: str) -> str:
    """The language alone, in two or three letters; of Chinese Google asks in which script."""
    name, _dash, more = language.partition("-")
    if name != "zh":
        return name
    return "zh-tw" if {"hant", "tw", "hk", "mo"} & set(more.split("-")) else "zh-cn"
