"""Refusals in words, where the framework would answer with an empty or a technical page."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from articles.caching import mark_private


class RefusalsMiddleware:
    """Refuses what no browser sends, gives "method not allowed" a page, and keeps every refusal out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a NUL, which no text of ours can hold")
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.streaming and not response.content:
            page = render(request, "405.html", status=response.status_code)
            page.headers["Allow"] = response.headers.get("Allow", "")
            response = page
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            # A cache that kept the 404 of a scheduled article would hide it after its second.
            mark_private(response)
        return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _(
        "The form was not sent from our own page, or it was open for too long. "
        "Please go back, load the page again and send it once more."
    )
    return render(request, "403.html", {"reason_sentence": sentence}, status=403)
