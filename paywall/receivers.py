"""What the paywall does when something happens below it."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import email_changed, password_changed, password_reset, password_set
from django.dispatch import receiver

from accounts.models import User
from paywall.feed_keys import FeedKey


@receiver([password_changed, password_reset, password_set, email_changed])
def end_feed_with_sessions(user: User, **_kwargs: Any) -> None:
    """A new password and a new address end every other way in that was open before."""
    FeedKey.objects.filter(user=user).delete()
