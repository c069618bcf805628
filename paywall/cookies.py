"""The paywall's own cookies: signed, out of reach of scripts, and names of records at most. What they open is looked up
each time.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

GIFT = "gift"
METER = "meter"
INSTITUTION = "institution"
NAMES = (GIFT, METER, INSTITUTION)


def set_cookie(response: HttpResponseBase, name: str, value: str, max_age: timedelta) -> None:
    response.set_signed_cookie(
        name,
        value,
        salt=salt_of(name),
        max_age=max_age,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def read_cookie(request: HttpRequest, name: str, max_age: timedelta) -> str:
    """Its value; empty where there is none, or one that is forged, changed or older than `max_age`."""
    return request.get_signed_cookie(name, default="", salt=salt_of(name), max_age=max_age) or ""


def salt_of(name: str) -> str:
    return f"paywall.cookie.{name}"
