"""The one way to render an article. Whether its body is in it is decided above, by the paywall's middleware."""

from __future__ import annotations

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.template.response import TemplateResponse

from articles.models import Article
from articles.structured_data import article_data
from articles.surrogate_keys import article_keys

RELATED = 3


class ArticleResponse(TemplateResponse):
    """The page of one article. Its template refuses to render without the decision that the middleware adds."""

    context_data: dict[str, Any]

    def __init__(self, request: HttpRequest, article: Article, *, is_preview: bool = False) -> None:
        self.article = article
        self.is_preview = is_preview
        self.surrogate_keys = article_keys(article)
        super().__init__(request, "articles/article.html", page_context(article) | {"is_preview": is_preview})


def page_context(article: Article) -> dict[str, Any]:
    """All that the page shows besides the body: nothing in it comes from the part that costs."""
    prefetch_related_objects([article], "topics", "bylines__author__portrait")
    data = article_data(article)
    return {
        "article": article,
        "canonical_url": data["url"],
        "description": data["description"],
        "og_image_url": next(iter(data.get("image", [])), ""),
        "json_ld": data,
        "series_articles": list(Article.objects.published().of_series(article.series_id)) if article.series_id else [],
        "related": related_articles(article),
    }


def related_articles(article: Article) -> list[Article]:
    """The newest others of the same section."""
    if article.section_id is None:
        return []
    return list(Article.objects.cards().filter(section_id=article.section_id).exclude(pk=article.pk)[:RELATED])
