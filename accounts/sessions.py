"""Sessions in the database alone: never in signed cookies, since a pending login code stands in the session."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def __init__(self, session_key: str | None = None) -> None:
        """Only what Django itself makes is looked up: a quoted cookie may hold what PostgreSQL refuses."""
        is_plain = session_key is not None and session_key.isascii() and session_key.isalnum()
        super().__init__(session_key if is_plain else None)
