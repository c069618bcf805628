"""The pages of the house: what the publication says about itself, written by editors. Open to everybody, always."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.blocks import unmarked
from articles.fields import PlainCharField
from articles.sanitising import clean_body
from articles.teasers import without_cut

# Stand at the top of the site, and come with it. All others have addresses below /pages/, where nothing else is, so
# that no word an editor chooses can take the place of another page, in this release or a later one.
HOUSE_SLUGS = ("about", "contact", "accessibility", "privacy", "terms")


def clean_page(raw_html: str) -> str:
    """As a body is cleaned, without a paywall cut and marked blocks. Raises BodyTooLong."""
    return without_cut(unmarked(clean_body(raw_html)))


class PageQuerySet(models.QuerySet["Page"]):
    def published(self) -> PageQuerySet:
        return self.filter(is_published=True)

    def in_footer(self) -> PageQuerySet:
        return self.published().filter(is_in_footer=True).only("slug", "title")


class Page(models.Model):
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    title = PlainCharField(_("title"), max_length=120)
    standfirst = PlainCharField(
        _("standfirst"), max_length=300, blank=True, help_text=_("One sentence, also shown by search engines.")
    )
    html = models.TextField(_("text"), blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("The order in the footer."))
    is_published = models.BooleanField(_("published"), default=True)
    is_in_footer = models.BooleanField(_("in the footer"), default=True)
    is_as_delivered = models.BooleanField(
        _("still to be read"),
        default=False,
        help_text=_("The text came with the software, and nobody has made it the publication's own."),
    )
    updated_on = models.DateField(_("text of"), default=timezone.localdate)

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ("position", "title")
        verbose_name = _("page of the house")
        verbose_name_plural = _("pages of the house")
        constraints = (models.CheckConstraint(condition=~Q(title=""), name="page_has_a_title"),)

    def __str__(self) -> str:
        return self.title

    def save(self, **options: Any) -> None:
        """Whoever saves it, what is stored is clean. Raises BodyTooLong."""
        self.html = clean_page(self.html)
        super().save(**options)

    def get_absolute_url(self) -> str:
        name = "house-page" if self.is_of_the_house else "page"
        return reverse(f"articles:{name}", args=[self.slug])

    @property
    def is_of_the_house(self) -> bool:
        """Whether it came with the site; the site itself leads to it, so it is hidden and never deleted."""
        return self.slug in HOUSE_SLUGS
