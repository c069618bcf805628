"""An invoice as Stripe made it. Total, tax and currency are stored, never computed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.customer import StripeCustomer
from subscriptions.models.plan import money
from subscriptions.models.subscription import Subscription


class Invoice(models.Model):
    stripe_id = models.CharField(_("invoice at Stripe"), max_length=255, unique=True)
    customer = models.ForeignKey(
        StripeCustomer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="invoices"
    )
    subscription = models.ForeignKey(
        Subscription, verbose_name=_("subscription"), on_delete=models.PROTECT, related_name="invoices"
    )
    number = models.CharField(_("number"), max_length=60, blank=True)
    status = models.CharField(_("status"), max_length=40)
    currency = models.CharField(_("currency"), max_length=3)
    total_minor = models.BigIntegerField(_("total"), help_text=_("In the smallest unit of the currency."))
    tax_minor = models.BigIntegerField(_("tax in it"), default=0)
    paid_minor = models.BigIntegerField(_("paid"), default=0)
    hosted_url = models.TextField(_("page at Stripe"), blank=True)
    finalized_at = models.DateTimeField(_("finalised"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)

    class Meta:
        ordering = ("-finalized_at", "-pk")
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")

    def __str__(self) -> str:
        return self.number or self.stripe_id

    @property
    def paid_label(self) -> str:
        return money(self.paid_minor, self.currency)

    @property
    def tax_label(self) -> str:
        return money(self.tax_minor, self.currency)
