"""What a reader is told while the database is away: that nothing is lost, and to come back in a moment."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from articles.caching import mark_private

AGAIN_AFTER = 5  # seconds; a database that was killed is mostly back by then


def error_page(request: HttpRequest) -> HttpResponse:
    """The project's `handler500`: 503 where the database is what failed, else 500. Asks nobody, and is never kept."""
    if not isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return server_error(request)
    response = HttpResponse(render_to_string("503.html"), status=HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(AGAIN_AFTER)
    mark_private(response)
    return response
