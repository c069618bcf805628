"""Stripe's contract, mirrored. Only a sync writes it; what it gives is computed in `subscriptions/statuses.py`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.utils.translation import gettext_lazy as _

from subscriptions.models.customer import StripeCustomer
from subscriptions.models.plan import Plan, PlanInterval


class CancelFeedback(models.TextChoices):
    """Stripe's words for why somebody leaves, as its portal asks them too.
    https://docs.stripe.com/api/subscriptions/object#subscription_object-cancellation_details-feedback
    """

    TOO_EXPENSIVE = "too_expensive", _("It costs too much")
    UNUSED = "unused", _("I read too little of it")
    MISSING_FEATURES = "missing_features", _("Something that I look for is missing")
    LOW_QUALITY = "low_quality", _("I expected more of it")
    SWITCHED_SERVICE = "switched_service", _("I read something else by now")
    CUSTOMER_SERVICE = "customer_service", _("I was not served well")
    TOO_COMPLEX = "too_complex", _("It is too hard to use")
    OTHER = "other", _("Something else")


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
    begins_at = models.DateTimeField(
        _("begins behind a gift"),
        null=True,
        blank=True,
        help_text=_("When it was sold to begin, with its first payment. Until then the gift opens what is open."),
    )
    passed_on_at = models.DateTimeField(
        _("handed over"),
        null=True,
        blank=True,
        help_text=_("Since when it is its present reader's. What was billed before is the former one's business."),
    )
    cancel_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    cancel_at_period_end = models.BooleanField(_("ends with the period"), default=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    is_collection_paused = models.BooleanField(_("collection paused"), default=False)
    paused_from = models.DateTimeField(
        _("paused by the reader from"),
        null=True,
        blank=True,
        help_text=_("Until then it is paid for. A pause by the publisher has no such day."),
    )
    paused_until = models.DateTimeField(_("paused by the reader until"), null=True, blank=True)
    schedule_id = models.CharField(
        _("schedule at Stripe"), max_length=255, blank=True, default="", db_default=Value("")
    )
    pending_price_id = models.CharField(
        _("next price at Stripe"), max_length=255, blank=True, default="", db_default=Value("")
    )
    pending_plan = models.ForeignKey(
        Plan,
        verbose_name=_("next plan"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # nobody looks for it
    )
    pending_from = models.DateTimeField(_("next plan from"), null=True, blank=True)
    pending_update_until = models.DateTimeField(
        _("change waits for its payment until"),
        null=True,
        blank=True,
        help_text=_("If it is not paid by then, Stripe drops the change and the present plan stays."),
    )
    pending_update_url = models.CharField(
        _("where that payment is made"), max_length=2000, blank=True, default="", db_default=Value("")
    )
    has_been_paid = models.BooleanField(_("was paid once"), default=False)
    past_due_since = models.DateTimeField(_("past due since"), null=True, blank=True)
    suspended_at = models.DateTimeField(
        _("suspended"),
        null=True,
        blank=True,
        help_text=_("Since when a payment for it is contested, or was lost by it."),
    )
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
    trial_start = models.DateTimeField(_("trial began"), null=True, blank=True)
    canceled_at = models.DateTimeField(
        _("cancelled"), null=True, blank=True, help_text=_("When it was decided; the end may come later.")
    )
    cancel_reason = models.CharField(
        _("why it was cancelled"),
        max_length=40,
        blank=True,
        default="",
        db_default=Value(""),
        help_text=_("As Stripe spells it."),
    )
    cancel_feedback = models.CharField(
        _("what the reader said of it"),
        max_length=40,
        blank=True,
        default="",
        db_default=Value(""),
        help_text=_("As Stripe spells it."),
    )
    cancel_comment = models.CharField(
        _("in the reader's own words"), max_length=300, blank=True, default="", db_default=Value("")
    )
    stopped_at = models.DateTimeField(_("paused at Stripe since"), null=True, blank=True)
    first_paid_at = models.DateTimeField(_("first payment"), null=True, blank=True)
    yearly_minor = models.BigIntegerField(
        _("worth a year"),
        default=0,
        db_default=0,
        help_text=_("What twelve months of it cost, less the discounts of its last invoice."),
    )
    net_minor = models.PositiveBigIntegerField(
        _("price less a lasting discount"),
        null=True,
        blank=True,
        help_text=_("What the next full renewal comes to, as Stripe says it. Empty: no discount goes on."),
    )
    net_until = models.DateTimeField(
        _("that discount counts until"), null=True, blank=True, help_text=_("Empty: for good.")
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

    def is_behind_gift(self) -> bool:
        """Whether it was sold to begin when a gift of its reader ends. Stripe holds it as a trial until then; it is
        none.
        """
        return self.begins_at is not None
