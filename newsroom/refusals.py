"""Refusals in words, where the framework would answer with an empty or a technical page."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

from accounts import audit, limits
from accounts.admin_pages import is_admin_path
from accounts.models import StaffActionKind, User
from articles.caching import mark_private
from articles.sanitising import MAX_CHARACTERS
from articles.uploads import MOST_BYTES as MOST_PICTURE_BYTES


class RefusalsMiddleware:
    """Refuses what no browser sends, gives "method not allowed" a page, and keeps every refusal out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a NUL, which no text of ours can hold")
        response = too_large(request) or self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.streaming and not response.content:
            page = render(request, "405.html", status=response.status_code)
            page.headers["Allow"] = response.headers.get("Allow", "")
            response = page
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            # A cache that kept the 404 of a scheduled article would hide it after its second.
            mark_private(response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A filter or key in an address of the admin that the database cannot read is the sender's fault, not ours."""
        if not isinstance(exception, DataError) or request.method not in ("GET", "HEAD"):
            return None
        return defaults.bad_request(request, exception) if is_admin_path(request.path) else None


def too_large(request: HttpRequest) -> HttpResponse | None:
    """The page for a request that is longer than its sender may send one, by the length that it states. Its body is not
    read; without a stated length it has none.
    """
    stated = request.META.get("CONTENT_LENGTH") or "0"
    most = most_bytes(request)
    if stated.isdigit() and int(stated) <= most:
        return None
    context = {
        "limit": f"{most / 1_000_000:.0f}",
        "characters": MAX_CHARACTERS,
        "is_staff_form": most > settings.MOST_BYTES_OF_A_READER,
    }
    return render(request, "413.html", context, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def most_bytes(request: HttpRequest) -> int:
    """Readers send short forms; staff write articles and send photos."""
    if not is_admin_path(request.path) or not getattr(request.user, "is_staff", False):
        return settings.MOST_BYTES_OF_A_READER
    if request.content_type == "multipart/form-data":
        return MOST_PICTURE_BYTES + settings.MOST_BYTES_OF_A_READER
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The project's `handler403`: the usual page, and a row in the log of staff where somebody who is logged in knocked
    at the admin. At most some rows an hour for one account, so that nobody fills the log.
    """
    user = getattr(request, "user", None)
    if isinstance(user, User) and is_admin_path(request.path):
        try:
            limits.consume(request, "refused_entry", str(user.pk))
        except limits.LimitReached:
            pass
        else:
            address = f"{request.method} {request.path_info[:300]}"
            detail = _("Refused: %(address)s.") % {"address": address}
            audit.record(request, StaffActionKind.REFUSED, detail=detail)
    return defaults.permission_denied(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _(
        "The form was not sent from our own page, or it was open for too long. "
        "Please go back, load the page again and send it once more."
    )
    return render(request, "403.html", {"reason_sentence": sentence}, status=403)
