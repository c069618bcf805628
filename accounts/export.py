"""A copy of all that is kept about a reader, as an archive: tables as JSON and CSV for each app, and a page to read.

What goes into it each app says in its receiver of `collect_export`; nothing is looked up here.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.signals import collect_export
from accounts.spreadsheets import cell

IN_MEMORY = 2_000_000  # bytes; a larger archive is written to disk while it is made
SHOWN = 200  # rows of a table on the page; all of them stand in its files
FILE_NAME = re.compile(r"[a-z0-9_]+")

type Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is that of its files (small ASCII letters); `title` says in words what it is."""

    name: str
    title: str
    rows: Sequence[Row] = ()

    @property
    def head(self) -> list[str]:
        return list(self.rows[0]) if self.rows else []

    @property
    def shown(self) -> list[list[object]]:
        return [[plain(value) for value in row.values()] for row in self.rows[:SHOWN]]


def tables_of(user: User) -> dict[str, list[Table]]:
    """By app, in the order of their names."""
    parts: dict[str, list[Table]] = {"accounts": own_tables(user)}
    answers: list[Any] = collect_export.send(sender=User, user=user)
    for _receiver, (app, tables) in answers:
        parts.setdefault(app, []).extend(tables)
    return dict(sorted(parts.items()))


def own_tables(user: User) -> list[Table]:
    addresses = EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified", "primary")
    sessions = UserSession.objects.filter(user=user).order_by("pk")
    factors = Authenticator.objects.filter(user=user).order_by("pk").values("type", "created_at", "last_used_at")
    account: Row = {
        "email": user.email,
        "name": user.name,
        "joined": user.date_joined,
        "last_login": user.last_login,
        "has_password": user.has_usable_password(),
    }
    return [
        Table("account", _("Your account"), [account]),
        Table("addresses", _("Your addresses"), list(addresses)),
        Table("devices", _("Your devices"), list(sessions.values("created_at", "last_seen_at", "ip", "user_agent"))),
        Table("second_factors", _("Passkeys and authenticator apps"), list(factors)),
    ]


def archive_of(user: User) -> IO[bytes]:
    """The archive, open at its beginning; whoever reads it closes it."""
    now = timezone.now()
    parts = tables_of(user)
    held: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for app, tables in parts.items():
            for table in tables:
                path = f"{app}/{file_name(table.name)}"
                archive.writestr(f"{path}.json", as_json(table))
                archive.writestr(f"{path}.csv", as_csv(table))
        context = {"parts": parts, "user": user, "now": now, "site_name": settings.SITE_NAME, "most": SHOWN}
        archive.writestr("index.html", render_to_string("accounts/export_index.html", context))
    held.seek(0)
    return held


def file_name(name: str) -> str:
    """Raises ValueError for what could lead out of the archive's own folder."""
    if not FILE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file in an archive")
    return name


def as_json(table: Table) -> str:
    rows = [{key: plain(value) for key, value in row.items()} for row in table.rows]
    return json.dumps(rows, ensure_ascii=False, indent=2, default=str) + "\n"


def as_csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    rows: Iterable[Iterable[Any]] = (row.values() for row in table.rows)
    writer.writerow(table.head)
    writer.writerows([cell(plain(value)) for value in row] for row in rows)
    return text.getvalue()


def plain(value: object) -> object:
    """Moments with their time zone (ISO 8601), in that of the publication."""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value
