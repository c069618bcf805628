"""Pictures with what a reader must be told about them."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import PurePath
from typing import Any, Self

from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from pictures.models import PictureField

from articles import renditions
from articles.fields import PlainCharField
from articles.models.stored import Stored


def photo_path(_photo: models.Model, filename: str) -> str:
    """A name that cannot be guessed: a picture of a story that is still a draft must not be found by its file name."""
    return f"photos/{secrets.token_urlsafe(12)}/{PurePath(filename).name.lower()}"


class PhotoQuerySet(models.QuerySet["Photo"]):
    def unfinished(self) -> Self:
        """Those of which some file has yet to be made, or was made for another focal point."""
        return self.exclude(recipe=renditions.CURRENT, cropped_x=F("focal_x"), cropped_y=F("focal_y"))


class Photo(Stored):
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
    # Which files are there. A row that the release before this one writes gets those of that release.
    recipe = models.PositiveSmallIntegerField(default=renditions.NONE, db_default=renditions.WEBP_ALONE, editable=False)
    cropped_x = models.PositiveSmallIntegerField(null=True, editable=False)
    cropped_y = models.PositiveSmallIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = PhotoQuerySet.as_manager()

    remembered = "image"

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = (
            models.CheckConstraint(condition=Q(focal_x__lte=100, focal_y__lte=100), name="photo_focus_is_per_cent"),
        )

    def __str__(self) -> str:
        return self.caption or self.alt or str(self.image)

    def save(self, **options: Any) -> None:
        """Also has the files made that pages show, once the row is stored for good; until then they show the picture
        as it came. A failure is logged, and leaves it at that.
        """
        fields = options.get("update_fields")
        is_image_saved = "image" not in self.get_deferred_fields() if fields is None else "image" in fields
        if is_image_saved and (not self.image._committed or self.image.name != self._stored):
            self.recipe, self.cropped_x, self.cropped_y = renditions.NONE, None, None
            if fields is not None:
                options["update_fields"] = {*fields, "recipe", "cropped_x", "cropped_y"}
        with transaction.atomic():
            super().save(**options)
            if self.image and not self.is_finished:
                transaction.on_commit(partial(renditions.make, self), robust=True)
        if is_image_saved:
            self._remember()

    # --- its files --------------------------------------------------------------------------------------------

    @property
    def is_finished(self) -> bool:
        return self.recipe == renditions.CURRENT and self.cropped_at == (self.focal_x, self.focal_y)

    @property
    def cropped_at(self) -> tuple[int, int] | None:
        """The focal point around which there are crops."""
        return None if self.cropped_x is None or self.cropped_y is None else (self.cropped_x, self.cropped_y)

    @property
    def crops(self) -> list[renditions.Crop]:
        """In the order of `renditions.RATIOS`; none as long as they are not there."""
        return [] if self.cropped_at is None else renditions.crops_of(self, self.cropped_at)

    @property
    def sizes(self) -> dict[str, dict[int, renditions.Rendition]]:
        """The sizes that are there by format, the best one first, and width in pixels, the narrowest first."""
        formats = renditions.FORMATS.get(self.recipe, ())
        made = self.image.aspect_ratios[None] if formats else {}
        return {name: dict(sorted(made[name].items())) for name in formats if made[name]}

    @property
    def thumbnail_url(self) -> str:
        """The narrowest size that every mail and browser shows; of a picture narrower than all, the picture."""
        sizes = self.sizes.get("WEBP")
        url: str = sizes[min(sizes)].url if sizes else self.image.url
        return url

    # --- what a page shows ------------------------------------------------------------------------------------

    @property
    def focus_class(self) -> str:
        """The focal point as CSS classes in steps of ten per cent: our policy allows no inline style."""
        return f"focus-x{round(self.focal_x / 10)} focus-y{round(self.focal_y / 10)}"
