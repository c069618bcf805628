"""What the paywall remembers: what editors decided for single articles, and the reads spent of an allowance."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.models.article import EARLIEST, LATEST, WITHIN_REASON
from paywall.feed_keys import FeedKey

__all__ = ["ArticleTerms", "FeedKey", "MeteredRead"]


class ArticleTerms(models.Model):
    """What holds for one article beside its tier. An article without a row has its tier alone."""

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

    class Meta:
        verbose_name = _("terms")
        verbose_name_plural = _("terms")
        constraints = (
            models.CheckConstraint(
                condition=Q(free_until__isnull=True) | Q(free_until__range=(EARLIEST, LATEST)),
                name="terms_moment_is_within_reason",
            ),
        )

    def __str__(self) -> str:
        return f"terms of article {self.article_id}"


class MeteredRead(models.Model):
    """One article opened with one read of one month. The slots of a month are numbered, so that two requests cannot
    spend the last one twice.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="metered_reads"
    )
    article = models.ForeignKey(
        "articles.Article", verbose_name=_("article"), on_delete=models.CASCADE, related_name="+"
    )
    period = models.DateField(_("month"))  # its first day, in the publication's time zone
    slot = models.PositiveSmallIntegerField()
    read_at = models.DateTimeField(_("opened"), auto_now_add=True)

    class Meta:
        ordering = ("-read_at",)
        verbose_name = _("metered read")
        verbose_name_plural = _("metered reads")
        constraints = (
            models.UniqueConstraint(fields=("user", "period", "article"), name="metered_read_once_an_article"),
            models.UniqueConstraint(fields=("user", "period", "slot"), name="metered_read_slot_once"),
            models.CheckConstraint(condition=Q(slot__gte=1), name="metered_read_slot_from_one"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} read {self.article_id} in {self.period:%Y-%m}"
