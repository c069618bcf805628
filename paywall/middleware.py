"""Puts the reader on each request, asks for the decision where an article is shown, and hands over the body only if it
was granted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.next_path import local_path_or_none
from articles.caching import mark_cacheable, mark_private
from articles.responses import ArticleResponse
from paywall import cookies
from paywall.access import Access, Reason, decide, withheld
from paywall.asking import Ask
from paywall.gate import open_gate
from paywall.policy import policy_now
from paywall.readers import STRANGER, Reader, ReaderRequest
from paywall.reading_as import is_refused, reader_for
from paywall.telling.answers import asks_meter
from paywall.telling.reasons import sentence
from paywall.terms import facts_of
from paywall.ways_in.institutions import contract_at, count_opened
from paywall.ways_in.lent_response import LentResponse, UsedUp

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
            except UsedUp:
                return cast("LentResponse", response).way_to_article()
        return response


def fill(request: ReaderRequest, response: ArticleResponse) -> None:
    """Add `access`, and then either `body` or `gate`, to the article's page. Whatever goes wrong on the way, the body
    stays away; but who may have paid is not shown the gate for it. Raises ReaderUnknown, and UsedUp.
    """
    article = response.article
    body = ""
    try:
        access = access_for(request, response, timezone.now())
        if access.granted:
            body = article.body_for(access)
            if isinstance(response, LentResponse):
                response.hand_over(access)
            note_way_in(request, response, access)
    except UsedUp:
        raise
    except Exception as error:  # every error withholds: the page is shown without the body, and the cause is logged
        logger.exception("access to article %s could not be decided", article.pk)
        if isinstance(response, LentResponse) or may_have_paid(request):
            raise ReaderUnknown from error
        access = withheld(article.pk)
    context = response.context_data
    is_free = access.asking is not None and access.asking.ask is Ask.OPEN
    context |= {"access": access, "is_free": is_free}
    if access.granted:
        context |= {"body": body, "access_sentence": sentence(access)}
    else:
        # The reader may be what could not be found out; the gate then stands as for a stranger.
        context["gate"] = open_gate(article, access, STRANGER if access.reason is Reason.UNDECIDED else request.reader)
    if response.is_preview or not is_everybodys(access):
        mark_private(response)
    else:
        mark_cacheable(request, response, response.surrogate_keys)


def is_everybodys(access: Access) -> bool:
    """Whether the page may be a stranger's. What was opened by anything that this reader has never is, whatever the
    request looks like.
    """
    if access.granted:
        return access.reason is Reason.FREE and not access.opens_every_block
    return access.reason is not Reason.UNDECIDED


def note_way_in(request: HttpRequest, response: ArticleResponse, access: Access) -> None:
    """What goes with some ways in: an institution's reading is counted, and a crawler shows nobody a copy."""
    if access.reason is Reason.INSTITUTION and is_opened(request):
        count_opened(response.article.pk, access.via, timezone.now())
    elif access.reason is Reason.CRAWLER:
        response.headers["X-Robots-Tag"] = "noarchive"


def may_have_paid(request: HttpRequest) -> bool:
    """Whether there is anything by which somebody could have paid for this reader: a session, a pass, a gift, an
    institution. Where a network cannot be looked up, it may be an institution's.
    """
    ways = (settings.SESSION_COOKIE_NAME, settings.PASS_COOKIE_NAME, cookies.GIFT, cookies.INSTITUTION)
    if any(name in request.COOKIES for name in ways):
        return True
    try:
        return contract_at(request) is not None
    except Error:
        return True


def come_again(template_name: str) -> SimpleTemplateResponse:
    """A page that asks nobody anything, since what it would ask has just failed."""
    response = SimpleTemplateResponse(template_name, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(AGAIN_AFTER)
    mark_private(response)
    return response


def access_for(request: ReaderRequest, response: ArticleResponse, now: datetime) -> Access:
    """The decision for this request; a read of the allowance is spent first where this request may spend one."""
    article, reader = response.article, request.reader
    policy = policy_now()
    facts = facts_of(article, policy, is_preview=response.is_preview)
    ask = partial(decide, facts, reader.facts(article), now, policy=policy)
    access = ask()
    if not asks_meter(access):
        return access
    access = ask(meter=reader.meter(article, now))
    if access.reason is Reason.READ_AVAILABLE and may_spend(request, reader):
        access = ask(meter=reader.spend(article, now))
    return access


def may_spend(request: HttpRequest, reader: Reader) -> bool:
    """Whether a person opened the page who has a name: a stranger's page is everybody's, and only the button there
    spends (paywall/meters/anonymous_views.py). Whose subscription has ended is asked first: they shall learn of the
    end from the gate.
    """
    is_asked = not reader.entitlement.has_lapsed or ASKED in request.GET
    return reader.is_registered and is_asked and is_opened(request)


def is_opened(request: HttpRequest) -> bool:
    """Whether a person opened the page: neither HEAD, nor a prefetch, nor a request made by a script, a frame or a
    picture.
    """
    purpose = request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", "")
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Dest", "document") == "document"
        and "prefetch" not in purpose.lower()
        and "prerender" not in purpose.lower()
    )
