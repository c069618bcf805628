"""The rules of the paywall, in their order, and the openings that stand above them. What they mean is decided in
`paywall/asking.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainCharField
from articles.models import Author, Section, Series, Tier, Topic
from articles.models.article import EARLIEST, LATEST, WITHIN_REASON
from articles.moments import staff_moment_in_words
from paywall.asking import Ask

MOST_AGE_HOURS = 24 * 366 * 100


class RuleAsk(models.TextChoices):
    """What a rule may ask for."""

    OPEN = Ask.OPEN.value, _("open to everybody")
    REGISTRATION = Ask.REGISTRATION.value, _("registered readers")
    METER = Ask.METER.value, _("subscribers, or one of the free articles")
    PLAN = Ask.PLAN.value, _("subscribers alone")


class Rule(models.Model):
    """What is left empty is not looked at. The first rule that fits an article decides; see `paywall/asking.py`."""

    name = PlainCharField(_("name"), max_length=120, help_text=_("For staff, such as “Archive opens after a year”."))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)
    section = models.ForeignKey(
        Section, verbose_name=_("section"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    topic = models.ForeignKey(
        Topic, verbose_name=_("topic"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    series = models.ForeignKey(
        Series, verbose_name=_("series"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    author = models.ForeignKey(
        Author, verbose_name=_("author"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    tier = models.CharField(_("open to"), max_length=12, choices=Tier, blank=True, default="")
    older_than_hours = models.PositiveIntegerField(
        _("at least this old"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_AGE_HOURS)],
        help_text=_("In hours since it was published; a day has 24, a year 8760."),
    )
    younger_than_hours = models.PositiveIntegerField(
        _("not yet this old"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_AGE_HOURS)],
        help_text=_("In hours since it was published."),
    )
    starts_at = models.DateTimeField(_("counts from"), null=True, blank=True, validators=WITHIN_REASON)
    ends_at = models.DateTimeField(_("counts until"), null=True, blank=True, validators=WITHIN_REASON)
    ask = models.CharField(_("then it is for"), max_length=12, choices=RuleAsk)
    created_at = models.DateTimeField(auto_now_add=True)
    modified_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("position", "pk")
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        constraints = (
            models.CheckConstraint(condition=Q(ask__in=RuleAsk.values), name="rule_ask_is_known"),
            models.CheckConstraint(condition=Q(tier="") | Q(tier__in=Tier.values), name="rule_tier_is_known"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="rule_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(older_than_hours__isnull=True)
                | Q(younger_than_hours__isnull=True)
                | Q(younger_than_hours__gt=F("older_than_hours")),
                name="rule_ages_are_in_order",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def sentence(self) -> str:
        """What it says, for staff: “Section World, older than 365 days: open to everybody”."""
        said = {"which": ", ".join(self._conditions()) or gettext("every article"), "ask": self.get_ask_display()}
        return capfirst(gettext("%(which)s: %(ask)s") % said)

    def _conditions(self) -> list[str]:
        named = [
            gettext("section %(name)s") % {"name": self.section} if self.section_id else "",
            gettext("topic %(name)s") % {"name": self.topic} if self.topic_id else "",
            gettext("series %(name)s") % {"name": self.series} if self.series_id else "",
            gettext("by %(name)s") % {"name": self.author} if self.author_id else "",
            gettext("“open to” says %(tier)s") % {"tier": self.get_tier_display()} if self.tier else "",
        ]
        ages = [
            (gettext("older than %(age)s"), self.older_than_hours),
            (gettext("younger than %(age)s"), self.younger_than_hours),
        ]
        moments = [(gettext("from %(moment)s on"), self.starts_at), (gettext("until %(moment)s"), self.ends_at)]
        return [
            *filter(None, named),
            *(words % {"age": age_in_words(hours)} for words, hours in ages if hours is not None),
            *(words % {"moment": staff_moment_in_words(moment)} for words, moment in moments if moment is not None),
        ]


def age_in_words(hours: int) -> str:
    """In days where these are whole."""
    days, rest = divmod(hours, 24)
    if rest or not days:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


class OpeningQuerySet(models.QuerySet["Opening"]):
    def live(self, now: datetime) -> Self:
        """Those that have begun and not ended at `now` (UTC)."""
        return self.filter(starts_at__lte=now, ends_at__gt=now)


class Opening(models.Model):
    """A time in which a section, or without one the whole site, is open to everybody."""

    section = models.ForeignKey(
        Section,
        verbose_name=_("section"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: the whole site."),
    )
    starts_at = models.DateTimeField(_("from"), default=timezone.now, validators=WITHIN_REASON)
    ends_at = models.DateTimeField(_("until"), validators=WITHIN_REASON)
    banner = PlainCharField(
        _("banner"),
        max_length=200,
        blank=True,
        help_text=_("A sentence for the readers, such as “Our reports on the flood are open to everybody”."),
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("opened by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Opening]] = OpeningQuerySet.as_manager()

    class Meta:
        ordering = ("-ends_at", "-pk")
        verbose_name = _("opening")
        verbose_name_plural = _("openings")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="opening_ends_after_start"),
            models.CheckConstraint(
                condition=Q(starts_at__range=(EARLIEST, LATEST)) & Q(ends_at__range=(EARLIEST, LATEST)),
                name="opening_moments_are_within_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.section or 'site'}: {self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%Y-%m-%d %H:%M}"
