"""Access given without a payment: a colleague, an author, a subscriber of a former system."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LIBRARY_SCOPE = "library"


class GrantQuerySet(models.QuerySet["Grant"]):
    def live(self, now: datetime | None = None) -> Self:
        """Grants that open something at `now` (UTC, default the present). The end is exclusive, to the second."""
        now = now or timezone.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), starts_at__lte=now, revoked_at__isnull=True)


class Grant(models.Model):
    class Source(models.TextChoices):
        STAFF = "staff", _("given by staff")
        IMPORT = "import", _("brought from another system")
        DEMO = "demo", _("demonstration")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="grants"
    )
    source = models.CharField(_("source"), max_length=12, choices=Source, default=Source.STAFF)
    scope = models.CharField(
        _("scope"), max_length=80, default=LIBRARY_SCOPE, help_text=_("“library”, or “article:” and its public id.")
    )
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: without an end."))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("given by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[models.Manager[Grant]] = GrantQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.scope}"

    def is_live(self, now: datetime) -> bool:
        """The same rule as `live()`, for a row that is already here."""
        return self.revoked_at is None and self.starts_at <= now and (self.ends_at is None or now < self.ends_at)
