"""An invoice as Stripe made it. Total, tax and currency are stored, never computed."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from subscriptions.models.customer import StripeCustomer
from subscriptions.models.plan import money
from subscriptions.models.subscription import Subscription


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def of_reader(self, user_id: int) -> Self:
        """Those of the reader's subscriptions; of one that was handed over to them, what was billed since."""
        kept = Q(subscription__passed_on_at=None) | Q(finalized_at=None)
        return self.filter(kept | Q(finalized_at__gte=F("subscription__passed_on_at")), subscription__user=user_id)


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
    refunded_minor = models.BigIntegerField(_("returned"), default=0, db_default=0)
    due_minor = models.BigIntegerField(_("still to be paid"), default=0, db_default=0)
    description = models.CharField(_("for"), max_length=300, blank=True, default="", db_default="")
    period_start = models.DateTimeField(_("from"), null=True, blank=True)
    period_end = models.DateTimeField(_("until"), null=True, blank=True)
    attempt_count = models.PositiveIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    hosted_url = models.TextField(_("page at Stripe"), blank=True)
    pdf_url = models.TextField(_("PDF at Stripe"), blank=True, default="", db_default="")
    finalized_at = models.DateTimeField(_("finalised"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)

    objects: ClassVar[models.Manager[Invoice]] = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ("-finalized_at", "-pk")
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        permissions = (("return_money", _("Can give money back")),)

    def __str__(self) -> str:
        return self.number or self.stripe_id

    @property
    def state_label(self) -> str:
        """Its state in words; a state that Stripe may add one day as Stripe spells it."""
        words = {
            "paid": _("paid") if self.total_minor > 0 else _("nothing due"),
            "open": _("not paid yet"),
            "void": _("void"),
            "uncollectible": _("not collected"),
        }
        return str(words.get(self.status, self.status))

    @property
    def in_words(self) -> str:
        """Number, date, amount and state, as far as they are known."""
        day = "" if self.finalized_at is None else date_format(timezone.localtime(self.finalized_at), "DATE_FORMAT")
        return ", ".join(filter(None, (self.number, day, self.total_label, self.state_label)))

    @property
    def total_label(self) -> str:
        return money(self.total_minor, self.currency)

    @property
    def due_label(self) -> str:
        return money(self.due_minor, self.currency)

    @property
    def paid_label(self) -> str:
        return money(self.paid_minor, self.currency)

    @property
    def tax_label(self) -> str:
        return money(self.tax_minor, self.currency)
