"""A gift subscription: paid once by one person, opened once by another. What it opens is a grant; the days that wait
behind a running subscription are kept here until they begin.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.checkout_attempt import CheckoutAttempt
from subscriptions.models.grant import Grant
from subscriptions.models.purchase import Purchase

LONGEST_NAME = 60
LONGEST_MESSAGE = 600
SEED_BYTES = 32


def new_seed() -> str:
    return secrets.token_urlsafe(SEED_BYTES)


def hash_of(token: str) -> str:
    """A gift is looked up by it, so that the time of an answer tells nothing of how near a guess was."""
    return hashlib.sha256(token.encode()).hexdigest()


class GiftQuerySet(models.QuerySet["Gift"]):
    def of_token(self, token: str) -> Self:
        """The one with this address, where it was paid in the mode, live or test, that the site's key is for."""
        return self.filter(token_hash=hash_of(token), purchase__customer__livemode=settings.STRIPE_LIVEMODE)

    def paid(self) -> Self:
        """Those that were paid for and not returned since, of the mode, live or test, that the site's key is for."""
        mode = {"purchase__customer__livemode": settings.STRIPE_LIVEMODE}
        return self.filter(purchase__isnull=False, purchase__revoked_at=None, **mode)

    def of_buyer(self, user_id: int) -> Self:
        """Returned ones too."""
        return self.filter(purchase__user=user_id, purchase__customer__livemode=settings.STRIPE_LIVEMODE)


class Gift(models.Model):
    """Between `redeemed_at` and `begun_at` its months wait; then `grant` opens the library. `sends_on` is a day in the
    publication's time zone.
    """

    attempt = models.OneToOneField(
        CheckoutAttempt, verbose_name=_("checkout attempt"), on_delete=models.PROTECT, related_name="gift"
    )
    purchase = models.OneToOneField(
        Purchase, verbose_name=_("purchase"), null=True, blank=True, on_delete=models.PROTECT, related_name="gift"
    )
    months = models.PositiveSmallIntegerField(_("months"))
    giver_name = models.CharField(
        _("giver's name"), max_length=LONGEST_NAME, blank=True, help_text=_("Empty: it is not said who gave it.")
    )
    recipient_name = models.CharField(_("for"), max_length=LONGEST_NAME, blank=True)
    recipient_email = models.EmailField(
        _("recipient's address"), max_length=254, blank=True, help_text=_("Empty: the giver prints the card.")
    )
    message = models.TextField(_("message"), max_length=LONGEST_MESSAGE, blank=True)
    sends_on = models.DateField(_("sent on"))
    seed = models.CharField(max_length=43, default=new_seed, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    cards = models.PositiveSmallIntegerField(_("cards sent"), default=0)
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    expires_at = models.DateTimeField(_("to be redeemed until"), null=True, blank=True)
    redeemed_at = models.DateTimeField(_("redeemed"), null=True, blank=True)
    redeemed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("redeemed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="gifts_redeemed",
    )
    remainder = models.DurationField(
        _("what is left"),
        null=True,
        blank=True,
        help_text=_("Where a subscription began while it ran; else all of its months."),
    )
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    grant = models.OneToOneField(
        Grant, verbose_name=_("grant"), null=True, blank=True, on_delete=models.SET_NULL, related_name="gift"
    )

    objects: ClassVar[models.Manager[Gift]] = GiftQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = _("gift subscription")
        verbose_name_plural = _("gift subscriptions")
        constraints = (
            models.CheckConstraint(condition=Q(months__gte=1), name="gift_has_a_month"),
            models.CheckConstraint(
                condition=Q(redeemed_at__isnull=True) | Q(purchase__isnull=False), name="gift_redeemed_is_paid"
            ),
            models.CheckConstraint(
                condition=Q(begun_at__isnull=True) | Q(redeemed_at__isnull=False), name="gift_begun_is_redeemed"
            ),
        )
        indexes = (
            models.Index(fields=("sends_on",), condition=Q(cards=0, purchase__isnull=False), name="gift_to_be_sent"),
            models.Index(
                fields=("redeemed_by",), condition=Q(redeemed_at__isnull=False, begun_at=None), name="gift_that_waits"
            ),
        )

    def __str__(self) -> str:
        return f"gift {self.pk}"

    @property
    def is_by_mail(self) -> bool:
        return bool(self.recipient_email)

    def is_open(self, now: datetime) -> bool:
        """Whether it can be redeemed at `now` (UTC)."""
        is_paid = self.purchase is not None and self.purchase.revoked_at is None
        return is_paid and self.redeemed_at is None and (self.expires_at is None or now < self.expires_at)
