"""That somebody has had a free trial: by account, by address and by card, each of which counts by itself.

The address is kept as a mark alone, so that it still counts after the account was erased and names nobody.
"""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.subscription import Subscription


class TrialUseQuerySet(models.QuerySet["TrialUse"]):
    def of_this_mode(self) -> Self:
        """Those of the mode, live or test, that the site's key is for."""
        return self.filter(subscription__customer__livemode=settings.STRIPE_LIVEMODE)


class TrialUse(models.Model):
    subscription = models.OneToOneField(
        Subscription, verbose_name=_("subscription"), on_delete=models.CASCADE, related_name="trial_use"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="trial_uses",
    )
    address_mark = models.CharField(_("mark of the address"), max_length=64, db_index=True)
    fingerprint = models.CharField(
        _("card"), max_length=255, blank=True, db_index=True, help_text=_("As Stripe marks a card; empty without one.")
    )
    began_at = models.DateTimeField(_("began"))
    refused_at = models.DateTimeField(
        _("ended by the site"), null=True, blank=True, help_text=_("It was a second one. Nothing was charged.")
    )

    objects: ClassVar[models.Manager[TrialUse]] = TrialUseQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("trial")
        verbose_name_plural = _("trials")

    def __str__(self) -> str:
        return str(self.subscription_id)
