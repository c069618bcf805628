"""Access given without a payment: a colleague, an author, a subscriber of a former system."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LIBRARY_SCOPE = "library"
SCOPE = r"^(library|article:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"


class GrantSource(models.TextChoices):
    STAFF = "staff", _("given by staff")
    IMPORT = "import", _("brought from another system")
    DEMO = "demo", _("demonstration")
    GIFT = "gift", _("gift subscription")


class GrantQuerySet(models.QuerySet["Grant"]):
    def of_this_mode(self) -> Self:
        """Without those of gifts that were paid in the other mode, live or test, than the site's key is for."""
        return self.exclude(livemode=not settings.STRIPE_LIVEMODE)


class Grant(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="grants"
    )
    source = models.CharField(_("source"), max_length=12, choices=GrantSource, default=GrantSource.STAFF)
    scope = models.CharField(
        _("scope"),
        max_length=80,
        default=LIBRARY_SCOPE,
        validators=[RegexValidator(SCOPE, _("Write “library”, or “article:” and the public id of an article."))],
        help_text=_("“library”, or “article:” and its public id."),
    )
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: without an end."))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("revoked by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,  # nobody looks for it
    )
    revoked_reason = models.CharField(
        _("reason of the revocation"), max_length=300, blank=True, default="", db_default=""
    )
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
    livemode = models.BooleanField(
        _("live mode"),
        null=True,
        editable=False,
        help_text=_("Of the gift it comes from; empty where nothing was paid."),
    )

    objects: ClassVar[models.Manager[Grant]] = GrantQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = (
            models.CheckConstraint(condition=Q(scope__regex=SCOPE), name="grant_scope_is_known"),
            models.CheckConstraint(condition=Q(source__in=GrantSource.values), name="grant_source_is_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.scope}"

    def is_live(self, now: datetime) -> bool:
        """Whether it opens something at `now` (UTC). The end is exclusive, to the second."""
        return self.revoked_at is None and self.starts_at <= now and (self.ends_at is None or now < self.ends_at)
