"""What a subscription is charged to, as a label: never more of a card than is printed on a receipt."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.subscription import Subscription


class Card(models.Model):
    """One row for each running subscription; `kind` as Stripe spells it. All is empty where there is nothing to charge.

    `method_id` tells one card from its successor.
    """

    subscription = models.OneToOneField(
        Subscription, verbose_name=_("subscription"), on_delete=models.CASCADE, related_name="card"
    )
    method_id = models.CharField(_("payment method at Stripe"), max_length=255, blank=True)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    brand = models.CharField(_("brand"), max_length=40, blank=True)
    last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    exp_month = models.PositiveSmallIntegerField(_("last month"), null=True, blank=True)
    exp_year = models.PositiveSmallIntegerField(_("last year"), null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("card")
        verbose_name_plural = _("cards")

    def __str__(self) -> str:
        return self.method_id or str(self.subscription_id)

    @property
    def expires_at(self) -> datetime | None:
        """The first moment (UTC) at which it is good no longer: cards are good to the end of their last month."""
        if self.exp_month is None or self.exp_year is None:
            return None
        years, month = divmod(self.exp_month, 12)
        return datetime(self.exp_year + years, month + 1, 1, tzinfo=UTC)

    @property
    def expires_label(self) -> str:
        """Its last month, as it is printed on the card."""
        return "" if self.exp_month is None else f"{self.exp_month:02d}/{self.exp_year}"
