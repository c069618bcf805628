"""Since when a feed says what it says, so that a feed reader that asks by date alone misses nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models, transaction


class FeedStateManager(models.Manager["FeedState"]):
    def since(self, name: str, digest: str, now: datetime) -> datetime:
        """The moment (UTC, whole seconds) since which the feed of this name has had this digest; `now` if it is new.

        It grows by a second at least with each change, since HTTP tells moments in whole seconds.
        """
        known = self.filter(name=name, digest=digest).first()
        if known is not None:
            return known.changed_at
        now = now.replace(microsecond=0)
        with transaction.atomic():
            state, is_new = self.select_for_update().get_or_create(
                name=name, defaults={"digest": digest, "changed_at": now}
            )
            if not is_new and state.digest != digest:
                state.digest = digest
                state.changed_at = max(now, state.changed_at + timedelta(seconds=1))
                state.save(update_fields=["digest", "changed_at"])
        return state.changed_at


class FeedState(models.Model):
    """What a stranger was last told by one feed, as a digest. What only subscribers read is not in it."""

    name = models.CharField(max_length=60, primary_key=True)  # such as `site`, `section-3`, `archive-2026-11`
    digest = models.CharField(max_length=64)
    changed_at = models.DateTimeField()

    objects: ClassVar[FeedStateManager] = FeedStateManager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} since {self.changed_at:%Y-%m-%d %H:%M:%S}"
