"""How the library is ordered: sections, topics and series."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainCharField, PlainTextField
from articles.models.redirect import ListPage


class Section(ListPage):
    name = PlainCharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    description = PlainCharField(_("description"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("The order in the navigation."))
    is_in_navigation = models.BooleanField(_("in the navigation"), default=True)

    class Meta:
        ordering = ("position", "name")
        verbose_name = _("section")
        verbose_name_plural = _("sections")

    def __str__(self) -> str:
        return self.name


class Topic(ListPage):
    name = PlainCharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    description = PlainCharField(_("description"), max_length=300, blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.name


class Series(ListPage):
    title = PlainCharField(_("title"), max_length=160, unique=True)
    slug = models.SlugField(_("slug"), max_length=160, unique=True)
    description = PlainTextField(_("description"), max_length=1000, blank=True)
    is_complete = models.BooleanField(
        _("complete"),
        default=False,
        db_default=False,
        help_text=_("The last part is out. Readers of an unfinished one are told of more."),
    )

    class Meta:
        ordering = ("title",)
        verbose_name = _("series")
        verbose_name_plural = _("series")

    def __str__(self) -> str:
        return self.title
