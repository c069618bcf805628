"""The page on which one cancels or withdraws without logging in. It is kept for strangers as every public page; what is
declared there is the business of `subscriptions/leaving/pages.py`.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from articles.caching import public_page
from subscriptions.leaving import pages as leaving_pages


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return form(request)
    response = leaving_pages.receive(request)
    add_never_cache_headers(response)
    return response


@public_page("plans")
def form(request: HttpRequest) -> HttpResponse:
    return leaving_pages.form_page(request)
