"""What was paid for once: a pass, one article, a gift for somebody else. Amounts are Stripe's, never computed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.checkout_attempt import CheckoutAttempt
from subscriptions.models.customer import StripeCustomer
from subscriptions.models.grant import SCOPE
from subscriptions.models.plan import money
from subscriptions.models.plan_price import PlanPrice


class PurchaseQuerySet(models.QuerySet["Purchase"]):
    def of_this_mode(self) -> Self:
        """Those of the mode, live or test, that the site's key is for."""
        return self.filter(customer__livemode=settings.STRIPE_LIVEMODE)


class Purchase(models.Model):
    """`scope` is what it opens for the buyer; empty for what is given away. The end is exclusive, to the second."""

    attempt = models.OneToOneField(
        CheckoutAttempt, verbose_name=_("checkout attempt"), on_delete=models.PROTECT, related_name="purchase"
    )
    customer = models.ForeignKey(
        StripeCustomer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="purchases"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="purchases",
    )
    price = models.ForeignKey(PlanPrice, verbose_name=_("price"), on_delete=models.PROTECT, related_name="purchases")
    scope = models.CharField(_("opens"), max_length=80, blank=True, validators=[RegexValidator(SCOPE)])
    payment_intent = models.CharField(
        _("payment at Stripe"), max_length=255, blank=True, db_index=True, help_text=_("Empty where nothing was due.")
    )
    amount_minor = models.BigIntegerField(_("paid"), help_text=_("In the smallest unit of the currency."))
    tax_minor = models.BigIntegerField(_("tax in it"), default=0)
    refunded_minor = models.BigIntegerField(_("returned"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    invoice_id = models.CharField(_("invoice at Stripe"), max_length=255, blank=True, db_default="")
    invoice_number = models.CharField(_("invoice number"), max_length=60, blank=True, db_default="")
    invoice_url = models.TextField(_("invoice page at Stripe"), blank=True, db_default="")
    paid_at = models.DateTimeField(_("paid at"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    revoked_at = models.DateTimeField(
        _("revoked"), null=True, blank=True, help_text=_("The payment was returned or is in dispute.")
    )

    objects: ClassVar[models.Manager[Purchase]] = PurchaseQuerySet.as_manager()

    class Meta:
        ordering = ("-paid_at", "-pk")
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints = (
            models.CheckConstraint(condition=Q(scope="") | Q(scope__regex=SCOPE), name="purchase_scope_is_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="purchase_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.price_id}: {self.scope}"

    @property
    def paid_label(self) -> str:
        return money(self.amount_minor, self.currency)

    @property
    def tax_label(self) -> str:
        return money(self.tax_minor, self.currency)

    def is_live(self, now: datetime) -> bool:
        """Whether it opens something at `now` (UTC)."""
        is_running = self.starts_at <= now and (self.ends_at is None or now < self.ends_at)
        return bool(self.scope) and self.revoked_at is None and is_running
