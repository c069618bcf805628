"""The daily mail: what came out in which order, how far each reader has been told of it, and each day's letter."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Arrival(models.Model):
    """An article that was found to be out. The numbers say in which order, whatever dates the articles bear; they are
    given out under a lock, so that a lower one never becomes visible after a higher one.
    """

    article = models.OneToOneField("articles.Article", on_delete=models.CASCADE, related_name="+")
    arrived_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("arrival")
        verbose_name_plural = _("arrivals")
        default_permissions = ()

    def __str__(self) -> str:
        return f"arrival {self.pk} of article {self.article_id}"


class DailyMail(models.Model):
    """What one reader gets by mail: whether at all, from which day on the next one is due, and up to which arrival they
    have been told. Made with the first follow and kept when it ends, since it holds the reader's choice.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="daily_mail",
    )
    is_on = models.BooleanField(_("is sent"), default=True)
    due_on = models.DateField(_("due"), default=timezone.localdate)
    told_up_to = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("daily mail")
        verbose_name_plural = _("daily mails")
        default_permissions = ()
        indexes = (models.Index(fields=("due_on", "user"), condition=Q(is_on=True), name="daily_mail_by_day"),)

    def __str__(self) -> str:
        return f"daily mail of {self.user_id}"


class LetterState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    TAKEN = "taken", _("in a worker’s hand")
    SENT = "sent", _("sent")
    DROPPED = "dropped", _("not needed any more")
    FAILED = "failed", _("given up")


class Letter(models.Model):
    """One reader's mail of one day. It names its articles and holds no text: that is written when it is sent."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="letters"
    )
    day = models.DateField(_("day"))
    article_ids = ArrayField(models.BigIntegerField(), verbose_name=_("articles"))
    others = models.PositiveIntegerField(_("articles beyond those"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=LetterState, default=LetterState.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        default_permissions = ()
        indexes = (models.Index(fields=("state", "changed_at"), name="letter_by_state"),)
        constraints = (models.UniqueConstraint(fields=("user", "day"), name="letter_once_a_day"),)

    def __str__(self) -> str:
        return f"letter of {self.day} to {self.user_id}"
