"""Pictures with what a reader must be told about them."""

from __future__ import annotations

import secrets
from pathlib import PurePath

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from pictures.models import PictureField

from articles.fields import PlainCharField


def photo_path(_photo: models.Model, filename: str) -> str:
    """A name that cannot be guessed: a picture of a story that is still a draft must not be found by its file name."""
    return f"photos/{secrets.token_urlsafe(12)}/{PurePath(filename).name.lower()}"


class Photo(models.Model):
    image = PictureField(_("picture"), upload_to=photo_path, width_field="width", height_field="height", max_length=255)
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    alt = PlainCharField(
        _("alternative text"),
        max_length=300,
        blank=True,
        help_text=_(
            "What the picture shows, for those who cannot see it. Needed before an article with it is published."
        ),
    )
    caption = PlainCharField(_("caption"), max_length=500, blank=True)
    credit = PlainCharField(_("credit"), max_length=160, blank=True)
    focal_x = models.PositiveSmallIntegerField(
        _("focus from the left"),
        default=50,
        validators=[MaxValueValidator(100)],
        help_text=_("In per cent: the point that stays in view when the picture is cropped."),
    )
    focal_y = models.PositiveSmallIntegerField(_("focus from the top"), default=50, validators=[MaxValueValidator(100)])
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(focal_x__lte=100, focal_y__lte=100), name="photo_focus_is_per_cent"
            ),
        )

    def __str__(self) -> str:
        return self.caption or self.alt or str(self.image)

    @property
    def focus_class(self) -> str:
        """The focal point as CSS classes in steps of ten per cent: our policy allows no inline style."""
        return f"focus-x{round(self.focal_x / 10)} focus-y{round(self.focal_y / 10)}"
