"""Stripe's contract, mirrored. Only a sync writes it; what it gives is computed in `subscriptions/statuses.py`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.customer import StripeCustomer
from subscriptions.models.plan import Plan, PlanInterval


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of_this_mode(self) -> Self:
        """Those of the mode, live or test, that the site's key is for."""
        return self.filter(customer__livemode=settings.STRIPE_LIVEMODE)


class Subscription(models.Model):
    stripe_id = models.CharField(_("subscription at Stripe"), max_length=255, unique=True)
    customer = models.ForeignKey(
        StripeCustomer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="subscriptions"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="subscriptions",
    )
    plan = models.ForeignKey(
        Plan, verbose_name=_("plan"), null=True, blank=True, on_delete=models.PROTECT, related_name="subscriptions"
    )
    price_id = models.CharField(_("price at Stripe"), max_length=255)
    status = models.CharField(_("status"), max_length=40, help_text=_("As Stripe spells it."))
    known_status = models.CharField(
        _("last known status"), max_length=40, blank=True, help_text=_("Counts while the status is an unknown word.")
    )
    unknown_since = models.DateTimeField(_("status unknown since"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.PositiveBigIntegerField(_("price"), help_text=_("In the smallest unit of the currency."))
    interval = models.CharField(_("every"), max_length=5, choices=PlanInterval, default=PlanInterval.NONE, blank=True)
    started_at = models.DateTimeField(_("started"))
    period_end = models.DateTimeField(_("paid until"), null=True, blank=True)
    trial_end = models.DateTimeField(_("trial ends"), null=True, blank=True)
    cancel_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    cancel_at_period_end = models.BooleanField(_("ends with the period"), default=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    is_collection_paused = models.BooleanField(_("collection paused"), default=False)
    has_been_paid = models.BooleanField(_("was paid once"), default=False)
    past_due_since = models.DateTimeField(_("past due since"), null=True, blank=True)
    overdue_since = models.DateTimeField(
        _("unconfirmed since"),
        null=True,
        blank=True,
        help_text=_("When a reader was first seen after the end of the period without a word from Stripe."),
    )
    returned_at = models.DateTimeField(
        _("returned"),
        null=True,
        blank=True,
        help_text=_("Ended by the site as a second one; its payment went back."),
    )
    listed_at = models.DateTimeField(_("last seen in Stripe's list"), null=True, blank=True)

    objects: ClassVar[models.Manager[Subscription]] = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-pk")
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def ends_at(self) -> datetime | None:
        """When it ends for good, where that is decided (UTC); Stripe says it by date or by flag."""
        return self.cancel_at or (self.period_end if self.cancel_at_period_end else None)
