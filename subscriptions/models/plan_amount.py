"""What a plan costs besides its first price: in other currencies, or by another interval. What Stripe has of it is
`PlanPrice`.
"""

from __future__ import annotations

from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import CURRENCY, Plan, PlanInterval, interval_label, money


class PlanAmount(models.Model):
    plan = models.ForeignKey(Plan, verbose_name=_("plan"), on_delete=models.CASCADE, related_name="amounts")
    amount_minor = models.PositiveIntegerField(
        _("price"), help_text=_("In the smallest unit of the currency: 8900 is $89.")
    )
    currency = models.CharField(
        _("currency"), max_length=3, validators=[RegexValidator(CURRENCY, _("Three capital letters, like USD."))]
    )
    interval = models.CharField(_("every"), max_length=5, choices=PlanInterval, default=PlanInterval.NONE, blank=True)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("further price")
        verbose_name_plural = _("further prices")
        constraints = (
            models.UniqueConstraint(fields=("plan", "currency", "interval"), name="plan_amount_one_of_a_kind"),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY), name="plan_amount_currency_is_a_code"),
        )

    def __str__(self) -> str:
        return f"{money(self.amount_minor, self.currency)} {interval_label(self.interval)}".strip()

    @classmethod
    def own(cls, plan: Plan) -> Self:
        """The plan's own price, as one of them; never saved."""
        return cls(plan=plan, amount_minor=plan.amount_minor, currency=plan.currency, interval=plan.interval)
