"""The log of what staff did: who, what, when, from where. Field names and names of things, never what stood in them.

It is written in the transaction of the deed, and only ever added to; see `StaffAction`.
"""

from __future__ import annotations

import getpass

from allauth.core import context as allauth_context
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.http import HttpRequest

from accounts import limits
from accounts.models import StaffAction, StaffActionKind, User
from accounts.proxies import UnknownSender

COMMAND_LINE = "command line"
MOST_DETAIL = 2000  # characters

Thing = tuple[str, str, str]  # what something was done to: its model's label, its id and its words
NOTHING: Thing = ("", "", "")


def record(
    request: HttpRequest | None,
    action: StaffActionKind,
    thing: Model | Thing = NOTHING,
    detail: str = "",
    *,
    actor: User | None = None,
) -> StaffAction:
    """Write one row. Without a request it is a command's; `actor` is for requests whose user is not settled yet."""
    who = actor or _user_of(request)
    label, key, words = named(thing) if isinstance(thing, Model) else thing
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


def named(row: Model) -> Thing:
    """What stays to be told of a row that is deleted."""
    return row._meta.label_lower, str(row.pk), str(row)


def current_request() -> HttpRequest | None:
    """The request that is being answered; None in commands and workers."""
    request: HttpRequest | None = allauth_context.request
    return request


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
