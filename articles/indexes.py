"""The pages that list the lists: topics, authors, series and sections, of each only what has an article that is out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Count, Max, Min, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles.caching import public_page, showing
from articles.lists import kept
from articles.models import Article, Author, Byline, Section, Series, TopicEntry
from articles.paging import BeforeFirst, ListPage, first_at_its_own_address

TOPICS_A_PAGE = 300
AUTHORS_A_PAGE = 60
SERIES_A_PAGE = 40
FEW = 40  # so many are found at a glance: they stand in columns, without letters
MOST_LETTERS = 60  # of a script that has more, none are offered


@dataclass(frozen=True, slots=True)
class Entry:
    """One list among others. `began_at` and `newest_at`: the moments of its first and last article."""

    pk: int
    slug: str
    name: str
    count: int
    began_at: datetime | None = None
    newest_at: datetime | None = None
    row: Any = None  # what a page shows of it beside, looked up for its entries alone

    @property
    def sorting_key(self) -> str:
        """Letters without case and accents: É stands with E, whatever the order of the database."""
        return plain(self.name)

    @property
    def letter(self) -> str:
        first = self.sorting_key[:1].upper()
        return first if first.isalpha() else "#"


@dataclass(frozen=True, slots=True)
class Letter:
    letter: str
    entries: list[Entry]
    url: str = ""

    @property
    def code(self) -> int:
        """Its number in Unicode, for an anchor in any script."""
        return ord(self.letter)


def plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


@require_safe
@public_page("lists", parameters=("from",))
@first_at_its_own_address
def topics(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    entries = kept(("all topics",), lambda: topic_entries(now), [], now)
    page = index_page(request, entries, TOPICS_A_PAGE)
    words = {"heading": _("Topics"), "lede": _("Everything that we write about, from first letter to last.")}
    return render(request, "articles/topic_index.html", lettered(page, entries) | words)


def topic_entries(now: datetime) -> list[Entry]:
    rows = TopicEntry.objects.filter(out_at__lte=now).values_list("topic", "topic__slug", "topic__name")
    return in_order(Entry(*row) for row in rows.annotate(count=Count("*")).order_by())


@require_safe
@public_page("lists", parameters=("from",))
@first_at_its_own_address
def authors(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    entries = kept(("all authors",), lambda: author_entries(now), [], now)
    page = index_page(request, entries, AUTHORS_A_PAGE)
    page = with_rows(page, Author.objects.select_related("portrait"))
    words = {"heading": _("Authors"), "lede": _("The people who write here.")}
    response = render(request, "articles/author_index.html", lettered(page, entries) | words)
    return showing(response, [f"author-{entry.pk}" for entry in page.rows])


def author_entries(now: datetime) -> list[Entry]:
    fields = ("author", "author__slug", "author__sort_name", "author__name")
    rows = Byline.objects.filter(out_at__lte=now).values_list(*fields).annotate(count=Count("*")).order_by()
    return in_order(Entry(pk, slug, sort_name or name, count) for pk, slug, sort_name, name, count in rows)


@require_safe
@public_page("lists", parameters=("from",))
@first_at_its_own_address
def all_series(request: HttpRequest) -> HttpResponse:
    """The one with the newest part first."""
    now = timezone.now()
    entries = kept(("all series",), lambda: series_entries(now), [], now)
    page = index_page(request, entries, SERIES_A_PAGE)
    page = with_rows(page, Series.objects.all())
    response = render(request, "articles/series_index.html", {"page": page})
    return showing(response, [f"series-{entry.pk}" for entry in page.rows])


def series_entries(now: datetime) -> list[Entry]:
    rows = Article.objects.published(now).filter(series__isnull=False).order_by()
    counted = rows.values_list("series", "series__slug", "series__title").annotate(
        count=Count("pk"), began_at=Min("published_at"), newest_at=Max("published_at")
    )
    return [Entry(*row) for row in counted.order_by("-newest_at", "-series")]


@require_safe
@public_page("lists", "sections")
def sections(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    counts = kept(("all sections",), lambda: section_counts(now), [], now)
    found = [(section, counts[section.pk]) for section in Section.objects.filter(pk__in=counts)]
    return render(request, "articles/section_index.html", {"sections": found})


def section_counts(now: datetime) -> dict[int, int]:
    rows = Article.objects.published(now).filter(section__isnull=False).order_by()
    return dict(rows.values_list("section").annotate(count=Count("pk")))


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (not entry.letter.isalpha(), entry.sorting_key, entry.pk))


def index_page(request: HttpRequest, entries: list[Entry], size: int) -> ListPage[Entry]:
    """The page that begins with the entry whose slug the address names. Raises Http404 if there is none, and
    BeforeFirst where it is the first: what stood before it yesterday may be gone.
    """
    path, start = request.path, 0
    if "from" in request.GET:
        slug = request.GET["from"]
        start = next((number for number, entry in enumerate(entries) if entry.slug == slug), -1)
        if start < 0:
            raise Http404
        if start == 0:
            raise BeforeFirst

    def url(at: int) -> str:
        return f"{path}?from={entries[at].slug}" if at > 0 else path

    rows = entries[start : start + size]
    next_url = url(start + size) if start + size < len(entries) else ""
    return ListPage(rows, path, url(start - size) if start else "", next_url, is_first=start == 0)


def with_rows(page: ListPage[Entry], found: QuerySet[Any]) -> ListPage[Entry]:
    """The page with the rows that its entries stand for; who went in this very moment is left out."""
    rows = found.in_bulk([entry.pk for entry in page.rows])
    return replace(page, rows=[replace(entry, row=rows[entry.pk]) for entry in page.rows if entry.pk in rows])


def lettered(page: ListPage[Entry], entries: list[Entry]) -> dict[str, Any]:
    """The page's entries by letter, and the way to each letter: on the page itself where all stand on it. A few entries
    stand under no letter.
    """
    if not page.has_others and 0 < len(page.rows) <= FEW:
        return {"page": page, "letters": [Letter("", page.rows)], "ways": []}
    letters = [Letter(letter, list(group)) for letter, group in groupby(page.rows, key=lambda entry: entry.letter)]
    firsts: dict[str, Entry] = {}
    for entry in entries:
        firsts.setdefault(entry.letter, entry)
    ways = [
        Letter(letter, [], letter_url(page, entry, is_first=number == 0))
        for number, (letter, entry) in enumerate(firsts.items())
    ]
    offered = ways if len(ways) <= MOST_LETTERS else []
    return {"page": page, "letters": letters, "ways": offered}


def letter_url(page: ListPage[Entry], first: Entry, *, is_first: bool) -> str:
    anchor = f"#letter-{ord(first.letter)}"
    if not page.has_others:
        return anchor
    return page.first_url + anchor if is_first else f"{page.first_url}?from={first.slug}{anchor}"
