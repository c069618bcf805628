"""The public part of an article's page: what every reader is shown alike, rendered without a request. It may be kept by
a web process; the body and the reader never get near it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from articles.caching import lifetime
from articles.models import Article
from articles.page_store import Lifetime, store
from articles.structured_data import article_data
from articles.surrogate_keys import article_keys, card_keys

RELATED = 3
NEIGHBOURS = 5  # parts of a series before and after this one
PAGE_BYTES = 48 * 1024  # what the public part of one page is taken to need, markup and row together
PARTS = ("meta", "title", "byline", "photo", "series", "authors", "topics", "related")


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """`article` is shared by all who read it now: nobody may change it."""

    article: Article
    data: dict[str, Any]
    parts: dict[str, SafeString]
    surrogate_keys: tuple[str, ...]


def find_page(slug: str) -> ArticlePage | None:
    """The page of the article at this address, if it is out."""
    now = timezone.now()

    def make() -> ArticlePage | None:
        found = Article.objects.published(now).select_related("section", "photo", "series").filter(slug=slug).first()
        return None if found is None else make_page(found)

    def life(page: ArticlePage | None) -> Lifetime:
        return lifetime(page.surrogate_keys if page else (), now)

    return store.kept_or_made(("article", slug), make, life, size=PAGE_BYTES)


def make_page(article: Article) -> ArticlePage:
    prefetch_related_objects([article], "topics", "bylines__author__portrait")
    series, parts_in_all = series_around(article)
    related = related_articles(article)
    data = article_data(article)
    context = {
        "article": article,
        "data": data,
        "series_articles": series,
        "parts_in_all": parts_in_all,
        "related": related,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    parts = {name: render_to_string(f"articles/_article_parts.html#{name}", context) for name in PARTS}
    return ArticlePage(article, data, parts, tuple(dict.fromkeys([*article_keys(article), *card_keys(related)])))


def series_around(article: Article) -> tuple[list[tuple[int, Article]], int]:
    """The parts around this one, each with its number, and how many there are: a series may run for years."""
    if article.series_id is None:
        return [], 0
    published = Article.objects.published().of_series(article.series_id)
    ids = list(published.values_list("pk", flat=True))
    here = ids.index(article.pk) if article.pk in ids else len(ids)
    first = max(0, min(here - NEIGHBOURS, len(ids) - 2 * NEIGHBOURS - 1))
    shown = Article.objects.of_series(article.series_id).filter(pk__in=ids[first : first + 2 * NEIGHBOURS + 1])
    return [(part.series_part or number, part) for number, part in enumerate(shown, start=first + 1)], len(ids)


def related_articles(article: Article) -> list[Article]:
    """The newest others of the same section."""
    if article.section_id is None:
        return []
    return list(Article.objects.cards().filter(section_id=article.section_id).exclude(pk=article.pk)[:RELATED])
