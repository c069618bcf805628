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

    return store.kept_or_made(("article", slug), make, life)


def make_page(article: Article) -> ArticlePage:
    prefetch_related_objects([article], "topics", "bylines__author__portrait")
    series = list(Article.objects.published().of_series(article.series_id)) if article.series_id else []
    related = related_articles(article)
    data = article_data(article)
    context = {
        "article": article,
        "data": data,
        "series_articles": series,
        "related": related,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    parts = {name: render_to_string(f"articles/_article_parts.html#{name}", context) for name in PARTS}
    others = [f"article-{part.pk}" for part in series] + card_keys(related)
    return ArticlePage(article, data, parts, tuple(dict.fromkeys([*article_keys(article), *others])))


def related_articles(article: Article) -> list[Article]:
    """The newest others of the same section."""
    if article.section_id is None:
        return []
    return list(Article.objects.cards().filter(section_id=article.section_id).exclude(pk=article.pk)[:RELATED])
