"""The prices at Stripe, each for ever mapped to its plan: who subscribed at a former price keeps it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import Plan, PlanInterval


class PlanPrice(models.Model):
    plan = models.ForeignKey(Plan, verbose_name=_("plan"), on_delete=models.PROTECT, related_name="prices")
    stripe_id = models.CharField(_("price at Stripe"), max_length=255, unique=True)
    product_id = models.CharField(_("product at Stripe"), max_length=255)
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.PositiveIntegerField(_("price"))
    interval = models.CharField(_("every"), max_length=5, choices=PlanInterval, default=PlanInterval.NONE, blank=True)
    is_active = models.BooleanField(_("sold now"), default=True)

    class Meta:
        ordering = ("plan", "-pk")
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = (
            models.UniqueConstraint(
                fields=("plan", "currency", "interval"),
                condition=Q(is_active=True),
                name="plan_price_one_sold_of_a_kind",
            ),
        )

    def __str__(self) -> str:
        return self.stripe_id
