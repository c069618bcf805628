"""How many came how far, by article, day and source. Nothing is stored of who they were."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscriptions.sources import Source


class Step(models.TextChoices):
    """In the order in which readers take them."""

    TEASER_SEEN = "teaser_seen", _("page with the gate opened")
    GATE_SEEN = "gate_seen", _("gate seen")
    ADDRESS_ENTERED = "address_entered", _("address entered")
    CONFIRMED = "confirmed", _("address confirmed")
    CHECKOUT_STARTED = "checkout_started", _("payment page opened")
    PAID = "paid", _("paid")


class FunnelCount(models.Model):
    """Without an article: what was done on the page of the plans or elsewhere."""

    article = models.ForeignKey(
        "articles.Article", verbose_name=_("article"), null=True, on_delete=models.CASCADE, related_name="+"
    )
    day = models.DateField(_("day"))  # in the publication's time zone
    source = models.CharField(_("source"), max_length=8, choices=Source)
    step = models.CharField(_("step"), max_length=16, choices=Step)
    number = models.PositiveIntegerField(_("number"), default=0)

    class Meta:
        ordering = ("-day", "pk")
        verbose_name = _("count of the funnel")
        verbose_name_plural = _("funnel")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("day", "article", "source", "step"), name="funnel_count_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="funnel_source_is_known"),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="funnel_step_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.day}: {self.step} {self.number}"
