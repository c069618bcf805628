"""The log of what staff did: who, what, when, from where. Field names and names of things, never what stood in them.

It is written in the transaction of the deed, and only ever added to; see `StaffAction`.
"""

from __future__ import annotations

import getpass

from allauth.core import context as allauth_context
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views import defaults

from accounts import limits
from accounts.models import StaffAction, StaffActionKind, User
from accounts.proxies import UnknownSender

COMMAND_LINE = "command line"
MOST_DETAIL = 2000  # characters
ADMIN = "/admin/"


def record(
    request: HttpRequest | None,
    action: StaffActionKind,
    obj: Model | None = None,
    detail: str = "",
    *,
    actor: User | None = None,
) -> StaffAction:
    """Write one row. Without a request it is a command's; `actor` is for requests whose user is not settled yet."""
    return _write(
        request,
        action,
        (obj._meta.label_lower, str(obj.pk), str(obj)) if obj is not None else ("", "", ""),
        detail,
        actor,
    )


def record_entry(action: StaffActionKind, thing: tuple[str, str, str], detail: str, *, actor: User) -> StaffAction:
    """Write one row of a deed in admin. `thing`: what it was done to, as its model's label, its id and its words."""
    return _write(current_request(), action, thing, detail, actor)


def current_request() -> HttpRequest | None:
    """The request that is being answered; None in commands and workers."""
    request: HttpRequest | None = allauth_context.request
    return request


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The project's `handler403`: the usual page, and a row where somebody who is logged in knocked at the admin.

    At most some rows an hour for one account, so that nobody fills the log.
    """
    user = getattr(request, "user", None)
    if isinstance(user, User) and request.path_info.startswith(ADMIN):
        try:
            limits.consume(request, "refused_entry", str(user.pk))
        except limits.LimitReached:
            pass
        else:
            address = f"{request.method} {request.path_info[:300]}"
            record(request, StaffActionKind.REFUSED, detail=_("Refused: %(address)s.") % {"address": address})
    return defaults.permission_denied(request, exception)


def _write(
    request: HttpRequest | None,
    action: StaffActionKind,
    thing: tuple[str, str, str],
    detail: str,
    actor: User | None,
) -> StaffAction:
    who = actor or _user_of(request)
    label, key, words = thing
    return StaffAction.objects.create(
        actor=who,
        actor_name=who.email if who is not None else "" if request is not None else _system_user(),
        action=action,
        object_type=label,
        object_id=key[:64],
        object_words=words[:200],
        detail=detail[:MOST_DETAIL],
        network=COMMAND_LINE if request is None else _network(request),
        request_id=str(getattr(request, "request_id", ""))[:64],
    )


def _user_of(request: HttpRequest | None) -> User | None:
    user: User | AnonymousUser | None = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def _network(request: HttpRequest) -> str:
    """As the trusted proxies report it. A deed is not left out because they reported nothing."""
    try:
        return limits.network_of(request)
    except UnknownSender:
        return ""


def _system_user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a container whose user has no name
        return ""
