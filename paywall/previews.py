"""An article as a stranger or a subscriber sees it, also before it is out. The decision stays with the middleware: only
the reader is another one.
"""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.views.decorators.http import require_safe

from articles.article_page import make_page
from articles.models import Article
from articles.responses import ArticleResponse
from paywall.readers import ANY_SUBSCRIBER, STRANGER, Reader, ReaderRequest


@require_safe
def as_stranger(request: HttpRequest, article: Article) -> ArticleResponse:
    return preview(request, article, STRANGER)


@require_safe
def as_subscriber(request: HttpRequest, article: Article) -> ArticleResponse:
    return preview(request, article, ANY_SUBSCRIBER)


def preview(request: HttpRequest, article: Article, reader: Reader) -> ArticleResponse:
    """The page as this reader sees it. Whoever calls this has checked that the request is from staff who may see
    the article.
    """
    cast("ReaderRequest", request).reader = reader
    response = ArticleResponse(request, make_page(article), is_preview=True)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
