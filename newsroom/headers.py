"""The headers that every answer carries, whoever made it.

Stands outside of Django's own security middleware: that one refuses an unknown host and redirects to https before
anything inside it is asked, and those answers are to be as guarded as any page.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.csp import CSP, build_policy

# What other sites' pages may show: the pictures that feeds and previews of links name. Scripts and styles are public.
SHARED_PATHS = (settings.STATIC_URL, settings.MEDIA_URL, "/favicon.ico")


class HeadersMiddleware:
    """Adds what is missing, and changes nothing that a view or a middleware inside has set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        # What Django sets on the answers of views, for those that were given before it came to that.
        self.fallbacks = {
            "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", resource_policy(request, response))
        if CSP.HEADER_ENFORCE not in response:
            response.headers[CSP.HEADER_ENFORCE] = build_policy(settings.SECURE_CSP)
        for name, value in self.fallbacks.items():
            response.headers.setdefault(name, value)
        return response


def resource_policy(request: HttpRequest, response: HttpResponseBase) -> str:
    """Who may embed the answer. An error page is nobody's picture."""
    is_shared = request.path_info.startswith(SHARED_PATHS) and response.status_code < 400
    return "cross-origin" if is_shared else "same-origin"
