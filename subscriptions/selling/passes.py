"""The pass: a signed cookie that lets the browser that paid read before anybody has logged in.

It names checkout attempts and nothing else. What they give, and for how long, is looked up in their records each time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from subscriptions.models import CheckoutAttempt

SALT = "subscriptions.pass"
LASTS = timedelta(hours=48)  # a payment page stays open for 24, and what was bought is read for 24 more
MOST_ATTEMPTS = 20  # more than anybody begins in a day; the paid one must not be pushed out


def add_pass(request: HttpRequest, response: HttpResponse, attempt_uuid: UUID) -> None:
    """Give the browser a pass for this attempt beside those it has; the oldest beyond MOST_ATTEMPTS are left out."""
    others = [named for named in attempts_of(request) if named != attempt_uuid]
    response.set_signed_cookie(
        settings.PASS_COOKIE_NAME,
        ".".join(named.hex for named in [*others, attempt_uuid][-MOST_ATTEMPTS:]),
        salt=SALT,
        max_age=LASTS,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def attempts_of(request: HttpRequest) -> tuple[UUID, ...]:
    """The attempts that the browser's pass names, oldest first; none for a pass that is forged, changed or too old."""
    value = request.get_signed_cookie(settings.PASS_COOKIE_NAME, default="", salt=SALT, max_age=LASTS) or ""
    try:
        return tuple(UUID(hex=part) for part in value.split("."))
    except ValueError:
        return ()


def take_up(request: HttpRequest, user: User, now: datetime) -> None:
    """Note that whoever has the pass has just proved the address that was typed: what was bought is their own doing."""
    own = Q(user=user) | Q(user=None, lead__email=user.email)
    named = attempts_of(request)
    if named:
        CheckoutAttempt.objects.filter(own, pk__in=named, taken_up_at=None).update(taken_up_at=now)
