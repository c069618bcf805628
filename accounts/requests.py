"""Who sends a request."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


def user_of(request: HttpRequest) -> User:
    """Who is logged in; asked only where that is certain."""
    assert isinstance(request.user, User)  # noqa: S101 - for mypy: login_required stands before it
    return request.user
