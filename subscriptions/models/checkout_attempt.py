"""One way from the gate to the payment page: who wanted what, and what became of it."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.customer import StripeCustomer
from subscriptions.models.lead import Lead
from subscriptions.models.plan_price import PlanPrice
from subscriptions.models.subscription import Subscription


class AttemptState(models.TextChoices):
    STARTED = "started", _("started")
    OPEN = "open", _("on the payment page")
    PROCESSING = "processing", _("payment under way")
    PAID = "paid", _("paid")
    EXPIRED = "expired", _("expired")
    FAILED = "failed", _("failed")


LIVE_STATES = (AttemptState.STARTED, AttemptState.OPEN, AttemptState.PROCESSING)


class CheckoutAttemptQuerySet(models.QuerySet["CheckoutAttempt"]):
    def of_this_mode(self) -> Self:
        """Without those that were made with a key of the other mode, live or test."""
        return self.exclude(customer__livemode=not settings.STRIPE_LIVEMODE)


class CheckoutAttempt(models.Model):
    """`uuid` is Stripe's `client_reference_id`. `user` is who was logged in or, once paid, whose address it is."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="checkout_attempts",
    )
    lead = models.ForeignKey(Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="checkout_attempts")
    price = models.ForeignKey(
        PlanPrice, verbose_name=_("price"), on_delete=models.PROTECT, related_name="checkout_attempts"
    )
    customer = models.ForeignKey(
        StripeCustomer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="checkout_attempts",
    )
    subscription = models.ForeignKey(
        Subscription,
        verbose_name=_("subscription"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="checkout_attempts",
    )
    quantity = models.PositiveIntegerField(
        _("quantity"), default=1, db_default=1, help_text=_("Seats of a group; else 1.")
    )
    scope = models.CharField(
        _("opens"),
        max_length=80,
        blank=True,
        db_default="",
        help_text=_("The article that is bought; empty for everything else."),
    )
    promotion_code = models.CharField(_("promotion code"), max_length=80, blank=True, db_default="")
    trial_days = models.PositiveSmallIntegerField(_("days of trial"), default=0, db_default=0)
    needs_card = models.BooleanField(
        _("asks for a card"), default=True, db_default=True, help_text=_("Also where nothing is due today.")
    )
    begins_at = models.DateTimeField(
        _("first payment"),
        null=True,
        blank=True,
        help_text=_("The end of a gift that the reader has; empty: the first payment is due at once."),
    )
    browser = models.CharField(_("browser"), max_length=64, editable=False)
    next_path = models.CharField(_("goes back to"), max_length=1500)
    session_id = models.CharField(_("session at Stripe"), max_length=255, unique=True, null=True, blank=True)
    session_url = models.TextField(_("payment page"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=AttemptState, default=AttemptState.STARTED)
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    expires_at = models.DateTimeField(_("payment page closes"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    taken_up_at = models.DateTimeField(
        _("taken up"),
        null=True,
        blank=True,
        help_text=_("When the owner of its address logged in where it was made: it was no stranger who typed that."),
    )

    objects: ClassVar[models.Manager[CheckoutAttempt]] = CheckoutAttemptQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = _("checkout attempt")
        verbose_name_plural = _("checkout attempts")
        indexes = (models.Index(fields=("-created_at",), name="attempt_by_date"),)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="attempt_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="paid") | (Q(paid_at__isnull=False) & Q(session_id__isnull=False)),
                name="attempt_paid_has_moment",
            ),
        )

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def email(self) -> str:
        """The address that was given, normalised."""
        return self.lead.email
