"""What a person has to look at: raised once under its key, open until somebody acknowledges it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.customer import StripeCustomer


class AlertKind(models.TextChoices):
    DOUBLE_SUBSCRIPTION = "double_subscription", _("double subscription")
    UNKNOWN_STATUS = "unknown_status", _("unknown status")
    UNKNOWN_PRICE = "unknown_price", _("unknown price")
    SWITCHED_OFF = "switched_off", _("paid for an account that is switched off")
    UNKNOWN_CUSTOMER = "unknown_customer", _("unknown customer")
    LEAVING = "leaving", _("somebody leaves, and a person has to look")
    NOT_RETURNED = "not_returned", _("money that could not be returned")
    BOUGHT_TWICE = "bought_twice", _("one article bought twice")
    PARTLY_RETURNED = "partly_returned", _("a payment was returned in part")
    RENEWAL_RETURNED = "renewal_returned", _("a payment was returned, and its subscription goes on")
    REFUND_FAILED = "refund_failed", _("a return of money that failed")
    DISPUTE = "dispute", _("a payment is contested")
    FOREIGN_PRODUCT = "foreign_product", _("a product that is not this site's")
    FINALIZATION_FAILED = "finalization_failed", _("an invoice that cannot be finalised")


class Alert(models.Model):
    key = models.CharField(_("key"), max_length=300, unique=True)
    kind = models.CharField(_("kind"), max_length=30, choices=AlertKind)
    text = models.TextField(_("what was found"))
    customer = models.ForeignKey(
        StripeCustomer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="alerts",
        help_text=_("Whom it is about, where that is one."),
    )
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
    note = models.CharField(_("note"), max_length=300, blank=True, default="", db_default="")

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")

    def __str__(self) -> str:
        return self.key
