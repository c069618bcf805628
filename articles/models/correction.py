"""What we got wrong, or have made clearer, said on the article itself. Open to everybody, also at the gate."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainTextField
from articles.models.article import Article


class CorrectionKind(models.TextChoices):
    CORRECTION = "correction", _("correction")
    CLARIFICATION = "clarification", _("clarification")
    UPDATE = "update", _("update")


class Correction(models.Model):
    article = models.ForeignKey(
        Article, verbose_name=_("article"), on_delete=models.CASCADE, related_name="corrections"
    )
    kind = models.CharField(_("kind"), max_length=16, choices=CorrectionKind, default=CorrectionKind.CORRECTION)
    text = PlainTextField(
        _("text"),
        max_length=1000,
        help_text=_("What was wrong and what is right. Everybody reads it, so quote nothing of the part that costs."),
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        ordering = ("-made_at", "-pk")
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        indexes = (models.Index(fields=("-made_at", "-id"), name="correction_by_date"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(kind__in=CorrectionKind.values), name="correction_kind_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {timezone.localtime(self.made_at):%Y-%m-%d}"
