"""Uploaded pictures, handed out by the site itself: in local mode alone. On a public host the web server does it."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.csp import CSP
from django.views.decorators.http import require_safe
from django.views.static import serve

SHOWN = ("image/avif", "image/jpeg", "image/png", "image/webp")
SANDBOX = "default-src 'none'; sandbox"


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A picture as itself; anything else that lies in the folder only to be saved, whatever its name says."""
    try:
        response = serve(request, path, str(settings.MEDIA_ROOT))
    except SuspiciousFileOperation:  # a path that leads out of the folder
        raise Http404 from None
    response.headers[str(CSP.HEADER_ENFORCE)] = SANDBOX
    if response.status_code == 200 and response.headers["Content-Type"] not in SHOWN:
        response.headers["Content-Type"] = "application/octet-stream"
        response.headers["Content-Disposition"] = "attachment"
    return response
