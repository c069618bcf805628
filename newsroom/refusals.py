"""Refusals in words, where the framework would answer with an empty or a technical page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


class RefusalsInWordsMiddleware:
    """Gives "method not allowed" a page. The status and the Allow header stay as they are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers.get("Allow", "")
            return page
        return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _(
        "The form was not sent from our own page, or it was open for too long. "
        "Please go back, load the page again and send it once more."
    )
    return render(request, "403.html", {"reason_sentence": sentence}, status=403)
