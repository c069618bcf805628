"""Sessions in the database alone: never in signed cookies, since a pending login code stands in the session."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError, connection
from django.utils import timezone

ROW = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    def __init__(self, session_key: str | None = None) -> None:
        """Only what Django itself makes is looked up: a quoted cookie may hold what PostgreSQL refuses."""
        is_plain = session_key is not None and session_key.isascii() and session_key.isalnum()
        super().__init__(session_key if is_plain else None)

    def load(self) -> dict[str, Any]:
        """By SQL as a text: every request of somebody with a session makes it, and a query set takes longer to be built
        than PostgreSQL to answer.
        """
        with connection.cursor() as cursor:
            cursor.execute(ROW, [self.session_key, timezone.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(row[0])
        return data

    def save(self, must_create: bool = False) -> None:
        """As Django does it; but that the database is away is not told as a session that was ended meanwhile, which is
        answered with 400. Raises OperationalError, UpdateError or CreateError.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise
