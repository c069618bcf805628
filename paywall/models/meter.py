"""How the meter is set, and the meters of readers without a name."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

ONLY = 1  # the id of the one meter
MOST_DAYS = 92
MOST_ANONYMOUS = 20


class PeriodKind(models.TextChoices):
    MONTH = "month", _("calendar month")
    ROLLING = "rolling", _("so many days from each read on")


class Meter(models.Model):
    """There is one. Without it: the calendar month, and nothing for strangers."""

    period_kind = models.CharField(
        _("period"),
        max_length=8,
        choices=PeriodKind,
        default=PeriodKind.MONTH,
        help_text=_(
            "With the calendar month all reads come back on the first. Otherwise each comes back by itself, so many "
            "days after it was spent. What was opened stays open as long as its reader was told, also after a change."
        ),
    )
    days = models.PositiveSmallIntegerField(
        _("days"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text=_("Of the publication's time zone, the day of the read counted as the first."),
    )
    anonymous_allowance = models.PositiveSmallIntegerField(
        _("free articles of strangers"),
        default=0,
        validators=[MaxValueValidator(MOST_ANONYMOUS)],
        help_text=_(
            "How many subscribers' articles somebody opens in a period without giving an address; 0: none. It is "
            "counted by a cookie, so whoever removes the cookie begins anew, a few times a day in each network. What "
            "registered readers open is said on the plan of the free registration."
        ),
    )
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meter")
        default_permissions = ("change", "view")
        constraints = (
            models.CheckConstraint(condition=Q(pk=ONLY), name="meter_is_one"),
            models.CheckConstraint(condition=Q(period_kind__in=PeriodKind.values), name="meter_period_kind_is_known"),
            models.CheckConstraint(condition=Q(days__range=(1, MOST_DAYS)), name="meter_days_are_within_reason"),
            models.CheckConstraint(
                condition=Q(anonymous_allowance__lte=MOST_ANONYMOUS), name="meter_anonymous_is_within_reason"
            ),
        )

    def __str__(self) -> str:
        return gettext("Meter")

    def save(self, **options: Any) -> None:
        self.pk = ONLY
        super().save(**options)


class AnonymousMeter(models.Model):
    """The meter of a browser whose reader has given no name: its cookie holds the id and nothing else. It ends with the
    period in which it began, and all its reads with it. No address and no mark of the browser is stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.DateField(_("period"))  # days are those of the publication's time zone
    renews_on = models.DateField(_("counts until"), db_index=True)

    class Meta:
        verbose_name = _("anonymous meter")
        verbose_name_plural = _("anonymous meters")
        constraints = (
            models.CheckConstraint(condition=Q(renews_on__gt=F("period")), name="anonymous_meter_ends_after_start"),
        )

    def __str__(self) -> str:
        return f"a browser until {self.renews_on:%Y-%m-%d}"


class AnonymousRead(models.Model):
    meter = models.ForeignKey(AnonymousMeter, on_delete=models.CASCADE, related_name="reads")
    article = models.ForeignKey("articles.Article", on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("anonymous read")
        verbose_name_plural = _("anonymous reads")
        constraints = (models.UniqueConstraint(fields=("meter", "article"), name="anonymous_read_once_an_article"),)

    def __str__(self) -> str:
        return f"article {self.article_id}"
