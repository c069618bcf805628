"""What a reader is told while the database is away: that nothing is lost, and to come back in a moment."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

from paywall.middleware import come_again


def error_page(request: HttpRequest) -> HttpResponse:
    """The project's `handler500`: 503 where the database is what failed, else 500. Asks nobody, and is never kept."""
    is_outage = isinstance(sys.exception(), (OperationalError, InterfaceError))
    return come_again("503.html") if is_outage else server_error(request)
