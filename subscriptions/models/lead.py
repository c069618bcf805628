"""An address given at the gate, with what its owner was told at that moment."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import Plan
from subscriptions.sources import Source


class Lead(models.Model):
    email = models.EmailField(_("address"), max_length=254, db_index=True)
    plan = models.ForeignKey(Plan, verbose_name=_("option"), on_delete=models.PROTECT, related_name="leads")
    consent_wording = models.TextField(_("consent wording"))
    consent_version = models.CharField(_("consent version"), max_length=20)
    source_path = models.CharField(_("came from"), max_length=300, blank=True)
    source = models.CharField(
        _("led here by"), max_length=8, choices=Source, default=Source.UNKNOWN, db_default=Source.UNKNOWN
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="leads",
    )
    created_at = models.DateTimeField(_("given"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = (models.Index(fields=("-created_at",), name="lead_by_date"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(source__in=Source.values), name="lead_source_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.email} ({self.plan_id})"
