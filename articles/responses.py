"""The one way to render an article. Whether its body is in it is decided above, by the paywall's middleware."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

from articles.article_page import ArticlePage


class ArticleResponse(TemplateResponse):
    """The page of one article. Its template refuses to render without the decision that the middleware adds."""

    context_data: dict[str, Any]

    def __init__(self, request: HttpRequest, page: ArticlePage, *, is_preview: bool = False) -> None:
        self.article = page.article
        self.is_preview = is_preview
        self.surrogate_keys = page.surrogate_keys
        context = {"article": page.article, "data": page.data, "parts": page.parts, "is_preview": is_preview}
        super().__init__(request, "articles/article.html", context)
