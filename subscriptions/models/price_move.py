"""A subscription on its way from a former price of its plan to the one that is sold now."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan_price import PlanPrice
from subscriptions.models.subscription import Subscription


class MoveState(models.TextChoices):
    ASKED = "asked", _("to be told")
    TOLD = "told", _("told, and not yet at the new price")
    DONE = "done", _("at the new price")
    DROPPED = "dropped", _("not moved")


UNDER_WAY = (MoveState.ASKED, MoveState.TOLD)


class PriceMoveQuerySet(models.QuerySet["PriceMove"]):
    def under_way(self) -> Self:
        return self.filter(state__in=UNDER_WAY)


class PriceMove(models.Model):
    """No renewal before `not_before` is at the new price; `begins_at` is the one of which the reader was told."""

    subscription = models.ForeignKey(
        Subscription, verbose_name=_("subscription"), on_delete=models.CASCADE, related_name="price_moves"
    )
    price = models.ForeignKey(
        PlanPrice, verbose_name=_("new price"), on_delete=models.PROTECT, related_name="price_moves"
    )
    state = models.CharField(_("state"), max_length=8, choices=MoveState, default=MoveState.ASKED)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)
    not_before = models.DateTimeField(_("not before"))
    begins_at = models.DateTimeField(_("from"), null=True, blank=True)

    objects: ClassVar[models.Manager[PriceMove]] = PriceMoveQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("move to another price")
        verbose_name_plural = _("moves to another price")
        constraints = (
            models.UniqueConstraint(
                fields=("subscription",), condition=Q(state__in=UNDER_WAY), name="price_move_one_under_way"
            ),
            models.CheckConstraint(condition=Q(state__in=MoveState.values), name="price_move_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="told") | Q(begins_at__isnull=False), name="price_move_told_has_a_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.price_id}"

    @property
    def for_all(self) -> PlanPrice:
        """The new price for all seats of a group; never saved."""
        group = getattr(self.subscription, "group", None)
        seats = max(group.seats, 1) if group is not None else 1
        price = self.price
        return PlanPrice(amount_minor=price.amount_minor * seats, currency=price.currency, interval=price.interval)
