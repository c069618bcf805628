"""The address of the search."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import limits
from articles.caching import mark_cacheable, mark_private
from articles.lists import navigation_sections
from articles.search import SearchTooLong
from paywall.access import opens_every_premium
from paywall.readers import ReaderRequest
from paywall.search import FACETS, Asked, answer

TEMPLATE = "paywall/search.html"
KEPT = frozenset({"q", "sort", *FACETS})  # a page from further down is made anew: hardly anybody asks for the same
AGAIN_AFTER = 30  # seconds; what took too long now will hardly be quicker at once


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The same for every stranger. What bodies were searched for is its reader's own, whatever the request shows."""
    asked = Asked.of(request.GET)
    reader = cast("ReaderRequest", request).reader
    reads_everything = opens_every_premium(reader.standing_facts, timezone.now())
    context: dict[str, Any] = {"query": asked.words, "reads_everything": reads_everything}
    keys = ["search", "library"]
    if asked.words:
        try:
            consume_search(request)
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait, has_code=False)
        try:
            found = answer(asked, reader, timezone.now())
        except SearchTooLong:
            return too_long(request, context)
        context["answer"] = found
        keys += ["articles", "lists", *(found.surrogate_keys if found else [])]
        if found is not None and not found.results:
            context["sections"] = navigation_sections()
    response = render(request, TEMPLATE, context)
    if reads_everything:
        mark_private(response)
    else:
        vars(response)["kept_parameters"] = KEPT
        mark_cacheable(request, response, keys)
    return response


def consume_search(request: HttpRequest) -> None:
    """By account, where there is one: what others on a reader's network ask takes nothing from theirs. Raises
    LimitReached.
    """
    if request.user.is_authenticated:
        limits.consume(request, "own_search", str(request.user.pk))
    else:
        limits.consume(request, "search")


def too_long(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    response = render(request, TEMPLATE, context | {"took_too_long": True}, status=503)
    response.headers["Retry-After"] = str(AGAIN_AFTER)
    mark_private(response)
    return response
