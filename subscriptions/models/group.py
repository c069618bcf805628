"""A subscription with several readers, and their seats."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.subscription import Subscription


class Group(models.Model):
    """`seats` is the quantity that Stripe bills. The owner pays and invites."""

    subscription = models.OneToOneField(
        Subscription, verbose_name=_("subscription"), on_delete=models.PROTECT, related_name="group"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="groups_owned",
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    seats = models.PositiveIntegerField(_("seats"), default=1)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("group")
        verbose_name_plural = _("groups")

    def __str__(self) -> str:
        return self.name or str(self.subscription_id)


class SeatState(models.TextChoices):
    INVITED = "invited", _("invited")
    TAKEN = "taken", _("taken")
    SUSPENDED = "suspended", _("suspended: there are fewer seats now")
    ENDED = "ended", _("ended")


class Seat(models.Model):
    """A place in a group: an address that is invited and, once taken, the reader who has it."""

    group = models.ForeignKey(Group, verbose_name=_("group"), on_delete=models.CASCADE, related_name="places")
    email = models.EmailField(_("e-mail address"), max_length=254)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="seats",
    )
    state = models.CharField(_("state"), max_length=10, choices=SeatState, default=SeatState.INVITED)
    invited_at = models.DateTimeField(_("invited"), default=timezone.now)
    taken_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    token_hash = models.CharField(
        _("hash of the invitation's secret"), max_length=64, blank=True, db_default="", editable=False
    )
    expires_at = models.DateTimeField(_("invitation ends"), null=True, blank=True)
    sendings = models.PositiveSmallIntegerField(_("invitations sent"), default=0, db_default=0)

    class Meta:
        ordering = ("invited_at", "pk")
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=SeatState.values), name="seat_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="taken") | (Q(user__isnull=False) & Q(taken_at__isnull=False)),
                name="seat_taken_has_reader",
            ),
            models.UniqueConstraint(fields=("group", "user"), condition=Q(state="taken"), name="seat_one_by_reader"),
            models.UniqueConstraint(fields=("token_hash",), condition=~Q(token_hash=""), name="seat_token_is_its_own"),
            models.UniqueConstraint(fields=("group", "email"), condition=~Q(state="ended"), name="seat_one_by_address"),
        )

    def __str__(self) -> str:
        return f"{self.group_id}: {self.state}"
