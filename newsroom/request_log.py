"""One line and one count for each request, and the id by which its other lines are found. Never who asked or what
exactly for: the route is the pattern of the address, since addresses hold slugs, tokens and queries.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from newsroom import metrics
from newsroom.log_lines import current_request_id

logger = logging.getLogger("newsroom.requests")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
GIVEN_ID = re.compile(r"[A-Za-z0-9-]{16,64}", re.ASCII)
UNMATCHED = "unmatched"


class RequestLogMiddleware:
    """The outermost one, so that what it measures is all of it.

    The id stays the thread's until its next request: Django logs refusals after the outermost middleware has returned.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.count = metrics.start(settings.METRICS_PORT) if settings.METRICS_PORT else None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began_at = perf_counter()
        request_id = request_id_of(request)
        current_request_id.set(request_id)
        vars(request)["request_id"] = request_id  # for the log of what staff did
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        seconds = perf_counter() - began_at
        route = route_of(request)
        method = request.method if request.method in METHODS else "other"
        cache = getattr(request, "page_cache", "bypass")
        if self.count is not None:
            self.count(route, method, response.status_code, seconds, cache)
        if logger.isEnabledFor(logging.INFO):
            facts: dict[str, object] = {
                "method": method,
                "route": route,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
                "cache": cache,
            }
            if (size := size_of(response)) is not None:
                facts["bytes"] = size
            # Not logger.info(), which looks for the calling line of code each time.
            record = logging.LogRecord(logger.name, logging.INFO, __file__, 0, "request", (), None)
            vars(record)["request_facts"] = facts
            logger.handle(record)
        return response


def request_id_of(request: HttpRequest) -> str:
    """The id that a proxy of ours has given the request, or a new one: a reader does not choose it."""
    given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.TRUSTED_PROXIES else ""
    return given if given and GIVEN_ID.fullmatch(given) else secrets.token_hex(16)


def route_of(request: HttpRequest) -> str:
    if request.resolver_match is not None:
        return request.resolver_match.route or "/"
    if getattr(request, "page_cache", "") == "hit":  # answered before the address was looked up
        return known_route(request.path_info)
    return "static" if request.path_info.startswith(settings.STATIC_URL) else UNMATCHED


@lru_cache(maxsize=4096)
def known_route(path: str) -> str:
    """The route of a page that the page cache has answered."""
    try:
        return resolve(path).route or "/"
    except Resolver404:
        return UNMATCHED


def size_of(response: HttpResponse) -> int | None:
    """The body's length in bytes, where it is known before it is sent."""
    if response.streaming:
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None
    return len(response.content)
