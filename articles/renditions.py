"""The files that are made of a photo: its sizes for pages, in AVIF and WebP, and three crops for search engines and
previews of links. They are made once the photo is stored for good, and named by pages only when they are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from pictures.models import PillowPicture
from PIL import Image, ImageOps

from articles.uploads import plain

if TYPE_CHECKING:
    from articles.models import Photo

NONE, WEBP_ALONE, CURRENT = 0, 1, 2
# The formats in which a photo's sizes are there, by the recipe that made them. The best comes first.
FORMATS: dict[int, tuple[str, ...]] = {NONE: (), WEBP_ALONE: ("WEBP",), CURRENT: ("AVIF", "WEBP")}
# Wide, less wide and square, as https://developers.google.com/search/docs/appearance/structured-data/article asks.
RATIOS = ("16/9", "4/3", "1/1")
CROP_WIDTH = (
    1200  # the least width for large previews, https://developers.google.com/search/docs/appearance/google-discover
)
# Measured in docs/adr/0029: slower settings save a tenth of the bytes for four times the time.
OPTIONS: dict[str, dict[str, Any]] = {
    "AVIF": {"quality": 55, "speed": 8},
    "WEBP": {"quality": 78, "method": 2},
    "JPEG": {"quality": 82, "optimize": True, "progressive": True},
}
SHORT_SIDE = 1600  # of what all the files are made from: no size and no crop needs more


class Rendition(PillowPicture):  # type: ignore[misc]  # django-pictures has no types
    """One size of a photo, uncropped."""

    def save(self, image: Image.Image) -> None:
        """Write the file anew, of a picture of its size: what is there may be half of one."""
        file = ContentFile(b"")
        image.save(file, self.file_type, **OPTIONS[self.file_type])
        self.storage.delete(self.name)
        self.storage.save(self.name, file)


@dataclass(eq=False)
class Crop(Rendition):
    """A photo cut to a ratio around its focal point (per cent), which the file's name holds: a crop never changes."""

    focus: tuple[int, int] = (50, 50)

    @property
    def name(self) -> str:
        x, y = self.focus
        return f"{Path(self.parent_name).with_suffix('')}/focus-{x}-{y}/{self.width}x{self.height}.jpg"

    def cut(self, image: Image.Image) -> Image.Image:
        """As `object-position` cuts it in a browser."""
        x, y = self.focus
        size = (self.width, self.height or 1)
        return ImageOps.fit(over_white(image), size, Image.Resampling.LANCZOS, centering=(x / 100, y / 100))


def over_white(image: Image.Image) -> Image.Image:
    """In the RGB of a JPEG, which knows no transparency."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def crops_of(photo: Photo, focus: tuple[int, int]) -> list[Crop]:
    """The crops around this point in the order of RATIOS, none larger than the photo."""
    crops = []
    for ratio in RATIOS:
        across, down = map(int, ratio.split("/"))
        width = min(CROP_WIDTH, photo.width, photo.height * across // down)
        crops.append(Crop(photo.image.name, "JPEG", ratio, photo.image.storage, max(width, across), focus))
    return crops


def make(photo: Photo) -> None:
    """Make what the photo lacks and then let pages name it. Files that pages name already are not touched.

    Raises OSError where the picture cannot be read or a file not be written.
    """
    manager = type(photo)._default_manager
    focus = (photo.focal_x, photo.focal_y)
    lacking = [name for name in FORMATS[CURRENT] if name not in FORMATS.get(photo.recipe, ())]
    wanted = [] if focus == photo.cropped_at else crops_of(photo, focus)
    if lacking or wanted:
        with photo.image.storage.open(photo.image.name) as file, Image.open(file) as opened:
            base = reduced(opened)
        if lacking:
            make_sizes(photo, lacking, base)
        for crop in wanted:
            crop.save(crop.cut(base))
    made = {"recipe": CURRENT, "cropped_x": focus[0], "cropped_y": focus[1]}
    same = manager.filter(pk=photo.pk, image=photo.image.name, focal_x=focus[0], focal_y=focus[1])
    if same.update(**made):  # else somebody has changed it meanwhile, and has the files made by themselves
        vars(photo).update(made)


def make_sizes(photo: Photo, formats: list[str], base: Image.Image) -> None:
    made = photo.image.aspect_ratios[None]
    for width in made[formats[0]]:
        height = max(1, round(base.height * width / base.width))
        sized = base.resize((width, height), Image.Resampling.LANCZOS)
        for name in formats:
            made[name][width].save(sized)


def reduced(opened: Image.Image) -> Image.Image:
    """The picture upright, in RGB or RGBA, small enough to make many files of it quickly."""
    # A JPEG is decoded at half its size or less, where that is still large enough.
    share = min(1.0, SHORT_SIDE / min(opened.size))
    opened.draft(None, (ceil(opened.width * share), ceil(opened.height * share)))
    picture = plain(ImageOps.exif_transpose(opened), opened.format or "")
    picture = picture.convert("RGB") if picture.mode == "L" else picture
    share = min(1.0, SHORT_SIDE / min(picture.size))
    size = (round(picture.width * share), round(picture.height * share))
    smaller = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
    smaller.info = {}  # where Pillow would look for a profile and the like
    return smaller


def leave_to_photo(**_files: Any) -> None:
    """What django-pictures calls for the files of a picture: `Photo.save` has them made, once the row is stored."""
