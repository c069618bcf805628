"""A payment that its payer contests at their bank, as Stripe tells of it. Only a sync writes it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.customer import StripeCustomer
from subscriptions.models.plan import money
from subscriptions.models.purchase import Purchase
from subscriptions.models.subscription import Subscription

CONTESTED = ("needs_response", "under_review")  # the statuses in which a bank has yet to decide, and the money is gone


class Dispute(models.Model):
    """`subscription` or `purchase` is what the charge paid for; neither where that is not this site's."""

    stripe_id = models.CharField(_("dispute at Stripe"), max_length=255, unique=True)
    customer = models.ForeignKey(
        StripeCustomer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="disputes"
    )
    subscription = models.ForeignKey(
        Subscription,
        verbose_name=_("subscription"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="disputes",
    )
    purchase = models.ForeignKey(
        Purchase, verbose_name=_("purchase"), null=True, blank=True, on_delete=models.PROTECT, related_name="disputes"
    )
    charge_id = models.CharField(_("charge at Stripe"), max_length=255, db_index=True)
    payment_intent = models.CharField(_("payment at Stripe"), max_length=255, blank=True)
    amount_minor = models.BigIntegerField(_("contested"), help_text=_("In the smallest unit of the currency."))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=60, blank=True, help_text=_("As Stripe spells it."))
    status = models.CharField(_("status"), max_length=40, help_text=_("As Stripe spells it."))
    evidence_due_at = models.DateTimeField(_("evidence is due"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(
        _("closed"), null=True, blank=True, help_text=_("When the site learned of it: Stripe tells no moment.")
    )

    class Meta:
        ordering = ("-opened_at", "-pk")
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def amount_label(self) -> str:
        return money(self.amount_minor, self.currency)
