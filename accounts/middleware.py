"""What holds for every answer below /account/: that of a view, a redirect, a refusal."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

ACCOUNT_PAGES = "/account/"


class NeverStoredMiddleware:
    """Marks the account pages as not to be stored."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(ACCOUNT_PAGES):
            response.headers["Cache-Control"] = "private, no-store"
        return response
