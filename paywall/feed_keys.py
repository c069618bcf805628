"""The key to one reader's own feed: what stands in its address. What the feed then opens is asked of the entitlement
each time, never of the key.

Only a hash is kept: the address is shown once, when it is made. It opens the library to whoever holds it, and so stands
in no copy of the database and on no page that is left open; who needs it again makes another.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models

TOKEN_BYTES = 32  # 256 bits: no number of guesses finds one
TOLD_AFTER = timedelta(hours=1)  # between two notes of when it was last used


def hash_of(token: str) -> str:
    """A token is as random as a key can be, so a plain hash is enough; and it is looked up by its hash, so that the
    time of an answer tells nothing of how near a guess was.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class FeedKeyManager(models.Manager["FeedKey"]):
    def make_for(self, user_id: int, now: datetime) -> str:
        """A new token for this user; the former one opens nothing any more."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        fresh = {"token_hash": hash_of(token), "created_at": now, "last_used_at": None}
        self.update_or_create(user_id=user_id, defaults=fresh)
        return token

    def of_token(self, token: str) -> FeedKey | None:
        """The key with this token, unless its account is switched off."""
        return self.filter(token_hash=hash_of(token), user__is_active=True).first()


class FeedKey(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feed_key")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    objects: ClassVar[FeedKeyManager] = FeedKeyManager()

    class Meta:
        app_label = "paywall"
        default_permissions = ()

    def __str__(self) -> str:
        return f"feed key of user {self.user_id}"

    def note_use(self, now: datetime) -> None:
        """Remember that it was used, once an hour at most."""
        if self.last_used_at is None or self.last_used_at < now - TOLD_AFTER:
            FeedKey.objects.filter(pk=self.pk).update(last_used_at=now)
