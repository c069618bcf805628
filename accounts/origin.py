"""Whether a form was sent from our own pages, for the forms that stand on cached pages and so carry no CSRF token."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

# "none" is the reader's own doing, such as a form sent again from a restored tab.
OWN_SITES = ("same-origin", "none")


def own_origin(request: HttpRequest) -> str:
    """The origin under which this site is meant to be seen; in local mode the loopback host that the request names."""
    if settings.LOCAL_MODE:
        return f"{request.scheme}://{request.get_host()}".lower()
    return settings.SITE_URL


def is_own_origin(request: HttpRequest) -> bool:
    """By Sec-Fetch-Site where the browser sends it, else by Origin. With neither, or with "null", it is not ours."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in OWN_SITES
    return request.headers.get("Origin", "").lower() == own_origin(request)
