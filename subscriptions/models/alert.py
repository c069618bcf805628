"""What a person has to look at: raised once under its key, open until somebody acknowledges it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AlertKind(models.TextChoices):
    DOUBLE_SUBSCRIPTION = "double_subscription", _("double subscription")
    UNKNOWN_STATUS = "unknown_status", _("unknown status")
    UNKNOWN_PRICE = "unknown_price", _("unknown price")
    SWITCHED_OFF = "switched_off", _("paid for an account that is switched off")
    UNKNOWN_CUSTOMER = "unknown_customer", _("unknown customer")


class Alert(models.Model):
    key = models.CharField(_("key"), max_length=300, unique=True)
    kind = models.CharField(_("kind"), max_length=30, choices=AlertKind)
    text = models.TextField(_("what was found"))
    created_at = models.DateTimeField(_("raised"), auto_now_add=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("acknowledged by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")

    def __str__(self) -> str:
        return self.key
