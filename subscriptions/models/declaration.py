"""What readers declare without logging in: that they leave or withdraw. What follows from it is in
`subscriptions/leaving/declarations.py`; a declaration is never deleted, also where it is never confirmed.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import money
from subscriptions.models.subscription import CancelFeedback, Subscription


class DeclarationKind(models.TextChoices):
    CANCEL = "cancel", _("cancel")
    WITHDRAW = "withdraw", _("withdraw from the contract")


class DeclaredEnd(models.TextChoices):
    PERIOD_END = "period_end", _("at the end of the time that is paid for")
    AT_ONCE = "at_once", _("at once")


class DeclarationState(models.TextChoices):
    RECEIVED = "received", _("received")
    CONFIRMED = "confirmed", _("confirmed with the code")
    DONE = "done", _("carried out")
    SETTLED = "settled", _("settled by staff")


class Declaration(models.Model):
    """The number in its address is known to who declared it, and proves nothing. `user`: whose contract it is about, as
    far as that was found; they get the code. `tries` counts the codes typed, right or wrong.
    """

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    kind = models.CharField(_("declares to"), max_length=8, choices=DeclarationKind)
    end = models.CharField(_("when"), max_length=10, choices=DeclaredEnd, default=DeclaredEnd.PERIOD_END)
    contract = models.CharField(_("contract"), max_length=60, blank=True, help_text=_("Empty: all of them."))
    name = models.CharField(_("name"), max_length=150, blank=True)
    email = models.EmailField(_("address"), max_length=254, blank=True, db_index=True)
    feedback = models.CharField(
        _("why"), max_length=20, choices=CancelFeedback, blank=True, default="", db_default=Value("")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    message = models.TextField(_("message"), blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="declarations",
    )
    state = models.CharField(_("state"), max_length=9, choices=DeclarationState, default=DeclarationState.RECEIVED)
    code_seal = models.CharField(max_length=64, blank=True, editable=False)
    code_sent_at = models.DateTimeField(_("code sent"), null=True, blank=True, editable=False)
    codes_sent = models.PositiveSmallIntegerField(_("codes sent"), default=0, editable=False)
    tries = models.PositiveSmallIntegerField(_("codes typed"), default=0, editable=False)
    mail_waits = models.BooleanField(
        _("mail waits"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Too many were asked for when it came: receipt and code are sent later."),
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ("-received_at",)
        verbose_name = _("declaration")
        verbose_name_plural = _("declarations")
        indexes = (models.Index(fields=("-received_at",), name="declaration_by_date"),)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=DeclarationState.values), name="declaration_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state__in=("confirmed", "done")) | Q(confirmed_at__isnull=False),
                name="declaration_confirmed_has_moment",
            ),
        )

    def __str__(self) -> str:
        return str(self.uuid)


class DeclaredOutcome(models.TextChoices):
    PLANNED = "planned", _("to be carried out")
    ENDS = "ends", _("ends with its period")
    ENDED = "ended", _("ended at once")


class DeclaredContract(models.Model):
    """What a declaration does to one contract. How much goes back is fixed before anything is ended, since Stripe tells
    it of a running contract alone; `shares` says from which payments.
    """

    declaration = models.ForeignKey(
        Declaration, verbose_name=_("declaration"), on_delete=models.PROTECT, related_name="contracts"
    )
    subscription = models.ForeignKey(
        Subscription, verbose_name=_("subscription"), on_delete=models.PROTECT, related_name="declared"
    )
    is_at_once = models.BooleanField(_("at once"), default=False)
    is_withdrawal = models.BooleanField(_("withdrawal in time"), default=False)
    outcome = models.CharField(_("outcome"), max_length=8, choices=DeclaredOutcome, default=DeclaredOutcome.PLANNED)
    currency = models.CharField(_("currency"), max_length=3)
    due_minor = models.BigIntegerField(_("to go back"), default=0)
    returned_minor = models.BigIntegerField(_("went back"), default=0)
    shares = models.JSONField(_("of which payments"), default=list, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    canceled_at = models.DateTimeField(
        _("cancelled at Stripe"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Which cancellation this was: another one is told to the reader by itself."),
    )

    class Meta:
        ordering = ("pk",)
        verbose_name = _("contract of a declaration")
        verbose_name_plural = _("contracts of declarations")
        constraints = (
            models.UniqueConstraint(fields=("declaration", "subscription"), name="declared_contract_once"),
            models.CheckConstraint(condition=Q(due_minor__gte=0), name="declared_contract_gives_back"),
        )

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.outcome}"

    @property
    def returned_label(self) -> str:
        return money(self.returned_minor, self.currency)
