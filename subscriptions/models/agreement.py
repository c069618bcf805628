"""The consent ledger: what a reader agreed to, word for word. Rows are added, and a trigger refuses changes."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from subscriptions.models.checkout_attempt import CheckoutAttempt
from subscriptions.models.lead import Lead
from subscriptions.models.plan import Plan, PlanInterval, interval_label, money
from subscriptions.models.plan_price import PlanPrice
from subscriptions.models.subscription import Subscription


class AgreementKind(models.TextChoices):
    GATE = "gate", _("gave an address at the gate")
    CHECKOUT = "checkout", _("went to the payment page")
    CHANGE = "change", _("changed the plan, or went on with it")


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def of_reader(self, user: User) -> Self:
        """Their own, and those of attempts and addresses that turned out to be theirs."""
        by_lead = Q(lead__user=user, attempt__user=None)
        return self.filter(Q(user=user) | by_lead | Q(attempt__user=user)).distinct()


class Agreement(models.Model):
    """`wording` is all that stood beside the button, as it was shown, in the language of that moment. Who agreed may be
    known only later, by the lead or the attempt. Erasing an account cuts the link to it and leaves the rest.
    """

    kind = models.CharField(_("what"), max_length=8, choices=AgreementKind)
    made_at = models.DateTimeField(_("moment"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="agreements",
    )
    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), null=True, blank=True, on_delete=models.SET_NULL, related_name="agreements"
    )
    attempt = models.ForeignKey(
        CheckoutAttempt,
        verbose_name=_("checkout attempt"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agreements",
    )
    subscription = models.ForeignKey(
        Subscription,
        verbose_name=_("subscription"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agreements",
        help_text=_("The one that was changed."),
    )
    plan = models.ForeignKey(Plan, verbose_name=_("plan"), on_delete=models.PROTECT, related_name="agreements")
    price = models.ForeignKey(
        PlanPrice,
        verbose_name=_("price"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agreements",
    )
    plan_name = models.CharField(_("name of the plan"), max_length=60)
    amount_minor = models.PositiveBigIntegerField(_("amount"), help_text=_("In the smallest unit of the currency."))
    currency = models.CharField(_("currency"), max_length=3)
    interval = models.CharField(_("every"), max_length=5, choices=PlanInterval, default=PlanInterval.NONE, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    wording = models.TextField(_("wording"))
    wording_version = models.CharField(_("version of the wording"), max_length=20)
    small_print = models.TextField(_("small print"), blank=True)
    terms_version = models.CharField(
        _("version of the terms"), max_length=40, blank=True, help_text=_("Empty: the site shows no terms.")
    )
    begins_at_once = models.BooleanField(
        _("wished to begin at once"),
        default=False,
        help_text=_("Who withdraws then pays for the days until the withdrawal."),
    )

    objects: ClassVar[models.Manager[Agreement]] = AgreementQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at", "-pk")
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=AgreementKind.values), name="agreement_kind_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.made_at:%Y-%m-%d %H:%M:%S}"

    @property
    def price_label(self) -> str:
        """ "$89 a year", for all seats of a group."""
        return f"{money(self.amount_minor * self.quantity, self.currency)} {interval_label(self.interval)}".strip()
