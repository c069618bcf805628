"""Who wrote it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainCharField, PlainTextField
from articles.models.photo import Photo
from articles.models.redirect import ListPage


class Author(ListPage):
    name = PlainCharField(_("name"), max_length=160)
    slug = models.SlugField(_("slug"), max_length=160, unique=True)
    sort_name = PlainCharField(_("sorted as"), max_length=160, blank=True, help_text=_("Family name first."))
    role = PlainCharField(_("role"), max_length=120, blank=True)
    biography = PlainTextField(_("biography"), max_length=2000, blank=True)
    portrait = models.ForeignKey(
        Photo, verbose_name=_("portrait"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("sort_name", "name")
        verbose_name = _("author")
        verbose_name_plural = _("authors")

    def __str__(self) -> str:
        return self.name
