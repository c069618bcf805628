"""Logging out elsewhere: what else it ends is for the apps above to say."""

from __future__ import annotations

from collections.abc import Sequence

from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession

from accounts.signals import sessions_ended


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Tells whose sessions were ended on purpose: from the list of devices, by staff, or with a new address."""

    def end_sessions(self, sessions: Sequence[UserSession]) -> None:
        super().end_sessions(sessions)
        for user_id in sorted({session.user_id for session in sessions}):
            sessions_ended.send(sender=UserSession, user_id=user_id)
