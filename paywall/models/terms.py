"""What holds for one article beside its tier. An article without a row has its tier and the rules alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.models.article import EARLIEST, LATEST, WITHIN_REASON

MOST_FREE_HOURS = 24 * 366


class ArticleTerms(models.Model):
    article = models.OneToOneField(
        "articles.Article", verbose_name=_("article"), primary_key=True, on_delete=models.CASCADE, related_name="terms"
    )
    free_until = models.DateTimeField(
        _("free until"),
        null=True,
        blank=True,
        validators=WITHIN_REASON,
        help_text=_("Until then everybody may read it, whatever “Open to” says."),
    )
    free_hours = models.PositiveSmallIntegerField(
        _("free at first"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_FREE_HOURS)],
        help_text=_("For so many hours from the moment at which it is published everybody may read it."),
    )
    premium_from = models.DateTimeField(
        _("for subscribers from"),
        null=True,
        blank=True,
        validators=WITHIN_REASON,
        help_text=_("From then on it is for subscribers, whatever “Open to” says."),
    )
    plans = models.ManyToManyField(
        "subscriptions.Plan",
        verbose_name=_("plans"),
        blank=True,
        related_name="+",
        help_text=_("If any are chosen, only subscribers of one of these plans read it. Nothing chosen: all of them."),
    )

    class Meta:
        verbose_name = _("terms")
        verbose_name_plural = _("terms")
        constraints = (
            models.CheckConstraint(
                condition=Q(free_until__isnull=True) | Q(free_until__range=(EARLIEST, LATEST)),
                name="terms_moment_is_within_reason",
            ),
            models.CheckConstraint(
                condition=Q(premium_from__isnull=True) | Q(premium_from__range=(EARLIEST, LATEST)),
                name="terms_premium_moment_is_within_reason",
            ),
            models.CheckConstraint(
                condition=Q(free_hours__isnull=True) | Q(free_hours__range=(1, MOST_FREE_HOURS)),
                name="terms_free_hours_are_within_reason",
            ),
        )

    def __str__(self) -> str:
        return f"terms of article {self.article_id}"


def free_end(free_until: datetime | None, free_hours: int | None, published_at: datetime | None) -> datetime | None:
    """The later of the two ends (UTC) of the time in which everybody may read the article."""
    by_hours = None if free_hours is None or published_at is None else published_at + timedelta(hours=free_hours)
    return max((end for end in (free_until, by_hours) if end is not None), default=None)
