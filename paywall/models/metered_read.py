"""The reads spent of an allowance."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from paywall.meters.periods import next_months_first


class MeteredReadQuerySet(models.QuerySet["MeteredRead"]):
    def counted(self, today: date) -> Self:
        """Those that still count on this day of the publication."""
        return self.filter(renews_on__gt=today)

    def listed(self) -> Self:
        """Those whose article the reader has not erased."""
        return self.filter(article__isnull=False)


class MeteredRead(models.Model):
    """One article opened with one read. From `period`, its first day, until `renews_on` it counts and the article is
    open, whatever becomes of the meter meanwhile. Where the reader has erased the article the spent read stays.

    What is spent at one time is counted under a lock (paywall/meters/meter.py); that the reads which come back on one
    day are numbered, each number once, holds whoever writes.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="metered_reads"
    )
    article = models.ForeignKey(
        "articles.Article", verbose_name=_("article"), null=True, on_delete=models.CASCADE, related_name="+"
    )
    period = models.DateField(_("period"))  # days are those of the publication's time zone
    renews_on = models.DateField(_("counts until"), default=next_months_first)
    slot = models.PositiveSmallIntegerField()
    read_at = models.DateTimeField(_("opened"), auto_now_add=True)

    objects: ClassVar[models.Manager[MeteredRead]] = MeteredReadQuerySet.as_manager()

    class Meta:
        ordering = ("-read_at",)
        verbose_name = _("metered read")
        verbose_name_plural = _("metered reads")
        indexes = (models.Index(fields=("renews_on",), name="metered_read_renews_on"),)  # for what is forgotten
        constraints = (
            models.UniqueConstraint(fields=("user", "renews_on", "article"), name="metered_read_article_once"),
            models.UniqueConstraint(fields=("user", "renews_on", "slot"), name="metered_read_number_once"),
            models.CheckConstraint(condition=Q(slot__gte=1), name="metered_read_slot_from_one"),
            models.CheckConstraint(condition=Q(renews_on__gt=F("period")), name="metered_read_ends_after_start"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} read {self.article_id} until {self.renews_on:%Y-%m-%d}"
