"""What a cache outside of our own machines has yet to be told."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CachePurge(models.Model):
    """Surrogate keys to purge, written by the triggers of articles/purge_triggers.py, told and removed by
    articles/cdn.py.
    """

    keys = models.TextField(_("surrogate keys"))
    due_at = models.DateTimeField(_("due"), default=timezone.now, db_index=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    is_repeated = models.BooleanField(_("told once already"), default=False)

    class Meta:
        verbose_name = _("purge of a cache")
        verbose_name_plural = _("purges of caches")
        default_permissions = ()

    def __str__(self) -> str:
        return self.keys
