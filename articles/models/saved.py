"""What a reader has put aside to read later."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article


class SavedArticle(models.Model):
    """A number that is higher was saved later, so lists go by the number alone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="saved_articles"
    )
    article = models.ForeignKey(Article, verbose_name=_("article"), on_delete=models.CASCADE, related_name="+")
    saved_at = models.DateTimeField(_("saved"), default=timezone.now, editable=False)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("saved article")
        verbose_name_plural = _("saved articles")
        default_permissions = ()
        indexes = (models.Index(fields=("user", "-id"), name="saved_article_by_reader"),)
        constraints = (models.UniqueConstraint(fields=("user", "article"), name="saved_article_once_a_reader"),)

    def __str__(self) -> str:
        return f"article {self.article_id} saved by {self.user_id}"
