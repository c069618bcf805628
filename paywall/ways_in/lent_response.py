"""The article's page at an address that somebody was sent: kept nowhere, and counted when its body is there, so that
nobody's place is spent on a page that could not be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse

from articles.article_page import ArticlePage
from articles.caching import mark_private
from articles.models import Article
from articles.responses import ArticleResponse
from paywall.access import Access, Reason

LENT = (Reason.GIFT, Reason.MAIL_LINK)


class UsedUp(Exception):
    """Others took the last places since the link was looked up."""


class LentResponse(ArticleResponse):
    """`take`, where there is one, counts this browser and says whether there was a place for it."""

    def __init__(self, request: HttpRequest, page: ArticlePage) -> None:
        super().__init__(request, page)
        self.context_data["is_unlisted"] = True
        self.take: Callable[[], bool] | None = None

    def hand_over(self, access: Access) -> None:
        """To be called once the body is at hand. Raises UsedUp."""
        if self.take is not None and access.reason in LENT and not self.take():
            raise UsedUp

    def way_to_article(self) -> SimpleTemplateResponse:
        """As `to_article`, in the form that a response is given in after its view."""
        response = SimpleTemplateResponse("", status=HTTPStatus.FOUND)
        response.content = b""  # so that nothing is rendered
        response.headers["Location"] = self.article.get_absolute_url()
        return closed(response)


def to_article(article: Article) -> HttpResponseRedirect:
    """Where a link leads that opens nothing any more. It may open again, so the answer is for this once."""
    return closed(HttpResponseRedirect(article.get_absolute_url()))


def closed[R: HttpResponseBase](response: R) -> R:
    """Kept nowhere, found by nobody, and its address is told to no other site."""
    mark_private(response)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
