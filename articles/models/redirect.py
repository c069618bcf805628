"""The addresses that sections, topics, authors and series once had. They lead to their page for ever."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from articles.models.stored import Slugged

KINDS = ("section", "topic", "author", "series")


def one_kind(kind: str) -> Q:
    """Whether a redirect leads to a row of this kind and to no other."""
    return Q(**{f"{name}__isnull": name != kind for name in KINDS})


class ListRedirect(models.Model):
    """Names its target by the row, not by its address: after a second move it still takes one step."""

    slug = models.SlugField(_("former slug"), max_length=200)
    section = models.ForeignKey(
        "articles.Section", verbose_name=_("section"), null=True, on_delete=models.CASCADE, related_name="redirects"
    )
    topic = models.ForeignKey(
        "articles.Topic", verbose_name=_("topic"), null=True, on_delete=models.CASCADE, related_name="redirects"
    )
    author = models.ForeignKey(
        "articles.Author", verbose_name=_("author"), null=True, on_delete=models.CASCADE, related_name="redirects"
    )
    series = models.ForeignKey(
        "articles.Series", verbose_name=_("series"), null=True, on_delete=models.CASCADE, related_name="redirects"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ("slug",)
        verbose_name = _("redirect of a list")
        verbose_name_plural = _("redirects of lists")
        constraints = (
            models.CheckConstraint(
                condition=one_kind("section") | one_kind("topic") | one_kind("author") | one_kind("series"),
                name="list_redirect_has_one_target",
            ),
            *(
                models.UniqueConstraint(
                    fields=("slug",), condition=Q(**{f"{kind}__isnull": False}), name=f"list_redirect_once_a_{kind}"
                )
                for kind in KINDS
            ),
        )

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        """The address that leads on."""
        return reverse(f"articles:{self.target._meta.model_name}", args=[self.slug])

    @property
    def target(self) -> ListPage:
        """The row that it leads to."""
        rows: list[ListPage | None] = [self.section, self.topic, self.author, self.series]
        return next(row for row in rows if row is not None)


class ListPage(Slugged):
    """A row with a list page of its own, under its slug."""

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        return reverse(f"articles:{self._meta.model_name}", args=[self.slug])

    def _keep_redirect(self, former_slug: str) -> None:
        kind = str(self._meta.model_name)
        of_kind = ListRedirect.objects.filter(**{f"{kind}__isnull": False})
        of_kind.filter(slug=former_slug).delete()
        of_kind.filter(slug=self.slug, **{kind: self}).delete()
        ListRedirect.objects.create(slug=former_slug, **{kind: self})
