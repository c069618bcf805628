"""An article as a stranger or a subscriber sees it, also before it is out. The decision stays with the middleware: only
the reader is another one.
"""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.views.decorators.http import require_safe

from articles.models import Article
from articles.responses import ArticleResponse
from paywall.readers import ReaderRequest, preview_reader


@require_safe
def as_stranger(request: HttpRequest, article: Article) -> ArticleResponse:
    return preview(request, article, "stranger")


@require_safe
def as_subscriber(request: HttpRequest, article: Article) -> ArticleResponse:
    return preview(request, article, "subscriber")


def preview(request: HttpRequest, article: Article, name: str) -> ArticleResponse:
    """The page for the preset reader `name`. Whoever calls this has checked that the request is from staff who may see
    the article.
    """
    cast("ReaderRequest", request).reader = preview_reader(name)
    response = ArticleResponse(request, article, is_preview=True)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
