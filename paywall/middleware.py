"""Puts the reader on each request, asks for the decision where an article is shown, and hands over the body only if it
was granted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.next_path import local_path_or_none
from articles.caching import mark_cacheable, mark_private
from articles.responses import ArticleResponse
from paywall.access import NO_METER, Access, Reason, decide, withheld
from paywall.gate import open_gate
from paywall.readers import STRANGER, Reader, ReaderRequest
from paywall.reading_as import is_refused, reader_for
from paywall.reasons import sentence
from paywall.terms import facts_of

logger = logging.getLogger(__name__)

AGAIN_AFTER = 5  # seconds; whatever was away is mostly back by then
ASKED = "read"  # the gate's button for one of the free articles sends it along


class ReaderUnknown(Exception):
    """It could not be found out what somebody holds who may have paid."""


class PaywallMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        cast("ReaderRequest", request).reader = cast(
            "Reader", SimpleLazyObject(lambda: reader_for(request, timezone.now()))
        )
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Nobody joins or pays as somebody else: the facts of such a page are made up."""
        if not is_refused(request):
            return None
        context = {
            "reads_as_somebody": True,
            "reason_sentence": _("So nothing was sent or stored. Press Stop at the top of the page, then try again."),
            "way_back": local_path_or_none(request.POST.get("next", "")),
        }
        return render(request, "403.html", context, status=403)

    def process_template_response(
        self, request: HttpRequest, response: SimpleTemplateResponse
    ) -> SimpleTemplateResponse:
        if isinstance(response, ArticleResponse):
            try:
                fill(cast("ReaderRequest", request), response)
            except ReaderUnknown:
                return come_again("paywall/unknown_reader.html")
        return response


def fill(request: ReaderRequest, response: ArticleResponse) -> None:
    """Add `access`, and then either `body` or `gate`, to the article's page. Whatever goes wrong on the way, the body
    stays away; but who may have paid is not shown the gate for it. Raises ReaderUnknown.
    """
    article = response.article
    body = ""
    try:
        access = access_for(request, response, timezone.now())
        if access.granted:
            body = article.body_for(access)
    except Exception as error:  # every error withholds: the page is shown without the body, and the cause is logged
        logger.exception("access to article %s could not be decided", article.pk)
        if may_have_paid(request):
            raise ReaderUnknown from error
        access = withheld(article.pk)
    context = response.context_data
    context |= {"access": access, "is_free": article.tier == "free" or access.reason is Reason.FREE}
    if access.granted:
        context |= {"body": body, "access_sentence": sentence(access)}
    else:
        # The reader may be what could not be found out; the gate then stands as for a stranger.
        context["gate"] = open_gate(article, access, STRANGER if access.reason is Reason.UNDECIDED else request.reader)
    if response.is_preview or access.reason is Reason.UNDECIDED:
        mark_private(response)
    else:
        mark_cacheable(request, response, response.surrogate_keys)


def may_have_paid(request: HttpRequest) -> bool:
    """Whether there is anything by which the reader could be a subscriber: a session or a pass."""
    return any(name in request.COOKIES for name in (settings.SESSION_COOKIE_NAME, settings.PASS_COOKIE_NAME))


def come_again(template_name: str) -> SimpleTemplateResponse:
    """A page that asks nobody anything, since what it would ask has just failed."""
    response = SimpleTemplateResponse(template_name, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(AGAIN_AFTER)
    mark_private(response)
    return response


def access_for(request: ReaderRequest, response: ArticleResponse, now: datetime) -> Access:
    """The decision for this request; a read of the allowance is spent first where this request may spend one."""
    article, reader = response.article, request.reader
    facts = facts_of(article, now, is_preview=response.is_preview)
    meter = reader.meter(article, now) if facts.free_until is None else NO_METER
    access = decide(facts, reader.facts(article), meter)
    if access.reason is Reason.READ_AVAILABLE and may_spend(request, reader):
        access = decide(facts, reader.facts(article), reader.spend(article, now))
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
