"""Answers a stranger's request with the page that was made for another one, without a query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.middleware.csp import get_nonce
from django.utils import timezone
from django.utils.cache import set_response_etag

from articles.caching import has_own_cookie, is_sender_recognised, lifetime_of, mark_private, set_cache_headers
from articles.page_store import Lifetime, store

LONGEST_ADDRESS = 500  # characters of path and query


@dataclass(frozen=True, slots=True)
class KeptPage:
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    lifetime: Lifetime

    def answer(self) -> HttpResponse:
        response = HttpResponse(self.content, status=self.status, headers=dict(self.headers))
        now = timezone.now()
        set_cache_headers(response, self.lifetime.until, now, now)
        return response


class PageCacheMiddleware:
    """Stands outside of sessions and logins: a request that carries one never meets a kept page, and what is made for
    it is never kept. `request.page_cache` says afterwards what happened: hit, miss or bypass.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            vars(request)["page_cache"] = "bypass"
            return self.get_response(request)
        if has_own_cookie(request):
            vars(request)["page_cache"] = "bypass"
            return self.read(request)
        now = vars(request)["began_at"] = timezone.now()
        query = request.META.get("QUERY_STRING", "")  # as it came: two that read alike may mean different things
        name = (request.get_host(), request.path_info, query)
        kept = cast("KeptPage | None", store.get(name, now))
        # Asked where there is a page at hand, and again where one is to be kept: not for what is never kept.
        is_own = kept is not None and is_sender_recognised(request)
        if kept is not None and not is_own:
            vars(request)["page_cache"] = "hit"
            return kept.answer()
        vars(request)["page_cache"] = "bypass" if is_own else "miss"
        stamp = store.stamp()
        response = self.read(request)
        life = lifetime_of(response)
        if life is None:
            return response
        if response.cookies or response.streaming or get_nonce(request):
            mark_private(response)  # it is one browser's own, whatever its view believed
            return response
        set_response_etag(response)
        is_short = len(request.path_info) + len(query) <= LONGEST_ADDRESS
        if request.method == "GET" and is_short and says_only_what_is_read(request, query, response):
            page = KeptPage(response.status_code, tuple(response.headers.items()), response.content, life)
            store.put(name, page, life, size=len(response.content) + 2048, stamp=stamp)
        return response

    def read(self, request: HttpRequest) -> HttpResponse:
        with store.once_a_request():
            return self.get_response(request)


def says_only_what_is_read(request: HttpRequest, query: str, response: HttpResponse) -> bool:
    """Whether the query is one of those that the view tells apart (`kept_parameters` of its answer; none where it names
    none), each parameter once and written as usual. Of other addresses of the same page there is any number.
    """
    read = vars(response).get("kept_parameters", frozenset())
    is_read = all(name in read and len(values) == 1 for name, values in request.GET.lists())
    return is_read and request.GET.urlencode() == query
