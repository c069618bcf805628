"""What editors chose for the front page. Where they chose nothing, articles/front.py takes the newest."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainCharField
from articles.models.article import Article, Status

ONLY = 1  # the id of the one front page


class Place(models.TextChoices):
    LEAD = "lead", _("lead")
    SECONDARY = "secondary", _("beside the lead")
    SECTION = "section", _("first in its section")
    MOST_READ = "most_read", _("most read")
    LIBRARY = "library", _("from the library")


class FrontPage(models.Model):
    """There is one. It holds nothing itself: it is what the choices are edited on."""

    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("front page")
        verbose_name_plural = _("front page")
        default_permissions = ("change", "view")
        constraints = (models.CheckConstraint(condition=Q(pk=ONLY), name="front_page_is_one"),)

    def __str__(self) -> str:
        return gettext("Front page")

    def save(self, **options: Any) -> None:
        self.pk = ONLY
        super().save(**options)

    def get_absolute_url(self) -> str:
        return reverse("articles:front")


class FrontPickQuerySet(models.QuerySet["FrontPick"]):
    def shown(self, now: datetime | None = None) -> Self:
        """Those whose article is out at `now` (UTC, default the present) and whose time has not passed, in order."""
        now = now or timezone.now()
        is_live = Q(until__isnull=True) | Q(until__gt=now)
        return self.filter(is_live, article__status=Status.PUBLISHED, article__published_at__lte=now).order_by(
            "position", "pk"
        )


class FrontPick(models.Model):
    front_page = models.ForeignKey(FrontPage, on_delete=models.CASCADE, default=ONLY, related_name="picks")
    place = models.CharField(_("place"), max_length=12, choices=Place)
    article = models.ForeignKey(Article, verbose_name=_("article"), on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    words = PlainCharField(
        _("quoted"),
        max_length=300,
        blank=True,
        help_text=_("A sentence shown instead of the standfirst. Everybody can read it."),
    )
    until = models.DateTimeField(
        _("until"), null=True, blank=True, help_text=_("From then on the newest take its place again.")
    )

    objects: ClassVar[models.Manager[FrontPick]] = FrontPickQuerySet.as_manager()

    class Meta:
        ordering = ("place", "position", "pk")
        verbose_name = _("choice for the front page")
        verbose_name_plural = _("choices for the front page")
        constraints = (
            models.UniqueConstraint(fields=("place", "article"), name="front_pick_article_once_a_place"),
            models.CheckConstraint(condition=Q(place__in=Place.values), name="front_pick_place_is_known"),
        )

    def __str__(self) -> str:
        return str(self.article)
