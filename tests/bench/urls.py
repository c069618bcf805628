"""The site's addresses and one of a view that does nothing: what any answer of this site costs at least."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from newsroom import urls as site
from newsroom.urls import *  # noqa: F403 - its handlers of errors


def empty(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"empty\n", content_type="text/plain")


urlpatterns = [path("bench/empty/", empty), *site.urlpatterns]
