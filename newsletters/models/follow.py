"""An author or a topic whose new articles a reader wants to hear of."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Follow(models.Model):
    """Goes with its reader or when they stop it, and never because somebody tidies up authors and topics."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="follows"
    )
    author = models.ForeignKey(
        "articles.Author",
        verbose_name=_("author"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="followers",
    )
    topic = models.ForeignKey(
        "articles.Topic",
        verbose_name=_("topic"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="followers",
    )
    # The last arrival before: what was out by then is not new to this reader.
    since = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("followed"), default=timezone.now, editable=False)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("follow")
        verbose_name_plural = _("follows")
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                condition=Q(author__isnull=True) ^ Q(topic__isnull=True), name="follow_of_an_author_or_a_topic"
            ),
            models.UniqueConstraint(fields=("user", "author"), name="follow_author_once_a_reader"),
            models.UniqueConstraint(fields=("user", "topic"), name="follow_topic_once_a_reader"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.author or self.topic}"
