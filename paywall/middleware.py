"""Puts the reader on each request, asks for the decision where an article is shown, and hands over the body only if it
was granted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from articles.caching import mark_cacheable, mark_private
from articles.responses import ArticleResponse
from paywall.access import Access, ArticleFacts, Reason, decide, withheld
from paywall.gate import open_gate
from paywall.meter import spend
from paywall.readers import STRANGER, Reader, ReaderRequest, reader_of
from paywall.reasons import sentence

logger = logging.getLogger(__name__)

ASKED = "read"  # the gate's button for one of the free articles sends it along


class PaywallMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        cast("ReaderRequest", request).reader = cast(
            "Reader", SimpleLazyObject(lambda: reader_of(request, timezone.now()))
        )
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        if isinstance(response, ArticleResponse):
            fill(cast("ReaderRequest", request), response)
        return response


def fill(request: ReaderRequest, response: ArticleResponse) -> None:
    """Add `access`, and then either `body` or `gate`, to the article's page. Whatever goes wrong on the way, the body
    stays away.
    """
    article = response.article
    body = ""
    try:
        access = access_for(request, response, timezone.now())
        if access.granted:
            body = article.body_for(access)
    except Exception:  # every error withholds: the page is shown without the body, and the cause is logged
        logger.exception("access to article %s could not be decided", article.pk)
        access = withheld(article.pk)
    context = response.context_data
    context["access"] = access
    if access.granted:
        context |= {"body": body, "access_sentence": sentence(access)}
    else:
        # The reader may be what could not be found out; the gate then stands as for a stranger.
        context["gate"] = open_gate(article, access, STRANGER if access.reason is Reason.UNDECIDED else request.reader)
    if response.is_preview or access.reason is Reason.UNDECIDED:
        mark_private(response)
    else:
        mark_cacheable(request, response, response.surrogate_keys)


def access_for(request: ReaderRequest, response: ArticleResponse, now: datetime) -> Access:
    """The decision for this request; a read of the allowance is spent first where this request may spend one."""
    article, reader = response.article, request.reader
    facts = ArticleFacts(
        article_id=article.pk, tier=article.tier, is_out=article.is_out(now), is_preview=response.is_preview
    )
    access = decide(facts, reader.facts(article), reader.meter(article, now))
    if access.reason is Reason.READ_AVAILABLE and reader.user_id is not None and may_spend(request, reader):
        access = decide(facts, reader.facts(article), spend(reader.user_id, article.pk, now))
    return access


def may_spend(request: HttpRequest, reader: Reader) -> bool:
    """Whether a person opened the page: neither HEAD, nor a prefetch, nor a request made by a script, a frame or a
    picture. Whose subscription has ended is asked first: they shall learn of the end from the gate.
    """
    if reader.entitlement.has_lapsed and ASKED not in request.GET:
        return False
    purpose = request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", "")
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Dest", "document") == "document"
        and "prefetch" not in purpose.lower()
        and "prerender" not in purpose.lower()
    )
