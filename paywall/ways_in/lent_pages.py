"""Articles at an address that somebody was sent: what gift links and links in mails have in common. The decision stays
with the middleware.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse

from accounts import limits
from articles.article_page import ArticlePage
from articles.models import Article
from paywall.access import decide
from paywall.middleware import is_opened
from paywall.policy import policy_now
from paywall.readers import Reader, ReaderRequest
from paywall.telling.answers import asks_meter
from paywall.terms import facts_of
from paywall.ways_in.lent_response import LentResponse, closed


def may_read_anyway(reader: Reader, article: Article, now: datetime) -> bool:
    """Whether the article opens without what was sent, and without spending a read."""
    policy = policy_now()
    facts = facts_of(article, policy)
    access = decide(facts, reader.facts(article), now, policy=policy)
    return reader.meter(article, now).has_read_this if asks_meter(access) else access.granted


def is_opened_by_somebody(request: HttpRequest, reader: Reader) -> bool:
    """Whether a person opened the page, as for a read of the allowance. Staff who read as somebody use nothing up."""
    return not reader.shown_as and is_opened(request)


def names_itself(request: HttpRequest) -> bool:
    """Whether the request says what it is for, as each browser of these years does. Scanners of mails mostly do not."""
    return "Sec-Fetch-Dest" in request.headers


def lent_page(request: HttpRequest, page: ArticlePage, reader: Reader) -> LentResponse:
    """The article for this reader. Engines are told to keep it out, though its canonical address is the article's."""
    cast("ReaderRequest", request).reader = reader
    response = LentResponse(request, page)
    # Also once the middleware has decided: for a browser without a cookie it would let caches keep the page.
    response.add_post_render_callback(closed)
    return closed(response)


def lent_once[O](response: LentResponse, take: Callable[[], O | None], remember: Callable[[O], None]) -> LentResponse:
    """The page, for one browser more: it is counted and told its key when its body is there."""

    def take_and_remember() -> bool:
        opening = take()
        if opening is not None:
            remember(opening)
        return opening is not None

    response.take = take_and_remember
    return response


def unknown(request: HttpRequest) -> HttpResponse:
    """For an address that nobody was sent. Counted by network, and only here. Raises Http404."""
    try:
        limits.consume(request, "feed_guess")
    except limits.LimitReached as reached:
        return closed(limits.refuse(request, reached.wait, has_code=False))
    raise Http404
