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

from articles.caching import EVERYBODYS_ACCESS, lifetime
from articles.citations import cite
from articles.languages import direction, takes_drop_cap
from articles.marks import Mark, marks_of
from articles.models import Article
from articles.page_heads import article_head
from articles.page_store import Lifetime, store
from articles.related import place_in_series, related_articles
from articles.sharing import share_links
from articles.structured_data import access_data, article_breadcrumbs, article_data, content_tier
from articles.surrogate_keys import article_keys, card_keys

PAGE_BYTES = 48 * 1024  # what the public part of one page is taken to need, markup and row together
PARTS = (
    "styles", "scripts", "text_attributes", "title", "byline", "plan_mark", "tools", "photo", "open_blocks", "foot",
    "related",
)  # fmt: skip


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
    prefetch_related_objects([article], "topics", "corrections", "bylines__author__portrait")
    place = place_in_series(article)
    related = related_articles(article, without=place.ids if place else ())
    data = article_data(article)
    mark = marks_of([article], timezone.now()).of(article)
    context = {
        "article": article,
        "data": data,
        "mark": mark,
        "place": place,
        "related": related,
        "this_year": str(timezone.localdate().year),
        "direction": direction(article.language),
        "has_drop_cap": takes_drop_cap(article.teaser),
        "citation": cite(article, data["url"], settings.SITE_NAME),
        "share": share_links(article.headline, data["url"]),
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    parts = {name: render_to_string(f"articles/_article_parts.html#{name}", context) for name in PARTS}
    parts |= {"meta_free": meta(article, data, None), "meta_closed": meta(article, data, mark)}
    # The data names the page “about”; who may read it and what stands below it is said by name.
    keys = [*article_keys(article), *card_keys(related), "pages", "plans", EVERYBODYS_ACCESS]
    return ArticlePage(article, data, parts, tuple(dict.fromkeys(keys)))


def meta(article: Article, data: dict[str, Any], closed_by: Mark | None) -> SafeString:
    """What stands in the page's head, for while the article is open to everybody (None) or for while it is not."""
    told = access_data(is_free=closed_by is None, has_subscribers_blocks=article.has_subscribers_blocks)
    context = {
        "article": article,
        "head": article_head(article),
        "content_tier": content_tier(closed_by),
        "documents": [data | told, article_breadcrumbs(article)],
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    return render_to_string("articles/_article_parts.html#meta", context)
