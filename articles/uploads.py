"""What may come in as a picture.

It is judged by its content, bounded before it is decoded, and made anew: no metadata, no colour profile and no
trailing bytes stay.
"""

from __future__ import annotations

import io
import re
from pathlib import PurePath
from typing import IO, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.text import slugify
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

MOST_BYTES = 25 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_STRETCHED = 10  # the long side against the short one
MOST_SCANS = 100  # of a JPEG, each of which goes through all pixels; cameras and editors make ten or so
MOST_PROFILE_BYTES = 4 * 1024 * 1024
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 92, "optimize": True, "progressive": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 92},
}
# As it is read: several pictures in one JPEG (telephones, stereo cameras) are told apart, of which the first is kept.
KINDS = {"MPO": "JPEG"}
JPEG_MARKER = re.compile(rb"\xff+([\x01-\xfe])")
SCAN, END, BARE = 0xDA, 0xD9, frozenset({0x01, *range(0xD0, 0xD8)})  # the last have no length
# What Pillow raises for a file that is damaged, or made to harm.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning)


class PictureRefused(Exception):
    """The file is not a picture that the site keeps; the message is a sentence for whoever chose it."""


def checked_picture(name: str, size: int, file: IO[bytes]) -> SimpleUploadedFile:
    """The picture in `file` (`size` in bytes): upright, named after what it is. Raises PictureRefused."""
    if size > MOST_BYTES:
        raise PictureRefused(_("This file is larger than %(limit)d MB.") % {"limit": MOST_BYTES // 1024**2})
    opened = open_picture(file)
    kind = KINDS.get(opened.format or "", opened.format or "")
    if opened.width * opened.height > MOST_PIXELS:
        raise PictureRefused(too_many_pixels())
    if max(opened.size) > MOST_STRETCHED * min(opened.size):
        raise PictureRefused(_("This picture is too narrow to be shown."))
    if kind == "JPEG" and has_many_scans(file):
        raise PictureRefused(damaged())
    stem = slugify(PurePath(name).stem)[:80] or "picture"
    return SimpleUploadedFile(f"{stem}.{SUFFIXES[kind]}", made_anew(opened, kind), f"image/{kind.lower()}")


def too_many_pixels() -> str:
    return _("This picture has more than %(limit)d million pixels.") % {"limit": MOST_PIXELS // 10**6}


def damaged() -> str:
    return _("This picture is damaged: it could not be read to its end.")


def open_picture(file: IO[bytes]) -> Image.Image:
    """The header alone, read by the three decoders that we trust. Raises PictureRefused."""
    file.seek(0)
    try:
        return Image.open(file, formats=tuple(SUFFIXES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused(too_many_pixels()) from error
    except DAMAGE as error:
        raise PictureRefused(
            _(
                "This is no JPEG, PNG or WebP picture. "
                "SVG and HTML files are refused, whatever they are called: they can carry scripts."
            )
        ) from error


def has_many_scans(file: IO[bytes]) -> bool:
    """Whether a JPEG is drawn in so many turns that a small file takes hours. The file stays where it was read to."""
    place = file.tell()
    file.seek(0)
    data = file.read(MOST_BYTES)
    file.seek(place)
    position, scans = 2, 0
    while scans <= MOST_SCANS and (match := JPEG_MARKER.search(data, position)):
        position, marker = match.end(), match[1][0]
        if marker == END:
            break
        if marker not in BARE:
            scans += marker == SCAN
            position += max(2, int.from_bytes(data[position : position + 2]))
    return scans > MOST_SCANS


def made_anew(opened: Image.Image, kind: str) -> bytes:
    """The pixels alone, written again. Raises PictureRefused."""
    try:
        upright = plain(ImageOps.exif_transpose(opened), kind)
        upright.info = {}  # where Pillow would look for comments and the like
        written = io.BytesIO()
        upright.save(written, kind, icc_profile=None, **OPTIONS[kind])
    except DAMAGE as error:
        raise PictureRefused(damaged()) from error
    return written.getvalue()


def plain(picture: Image.Image, kind: str) -> Image.Image:
    """In grey, RGB or RGBA of eight bits, in sRGB: what every browser shows alike without being told more."""
    if picture.mode.startswith("I"):  # 16 bits of grey, which a mere conversion would cut off at white
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    picture = in_srgb(picture)
    if picture.has_transparency_data and kind != "JPEG":
        return picture.convert("RGBA")
    return picture if picture.mode in {"L", "RGB"} else picture.convert("RGB")


def in_srgb(picture: Image.Image) -> Image.Image:
    """With the colours that its profile means. A profile can hold any text, so none is kept; a bad one is ignored."""
    profile = picture.info.get("icc_profile") or b""
    if picture.mode not in {"RGB", "RGBA", "CMYK"} or not 0 < len(profile) <= MOST_PROFILE_BYTES:
        return picture
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode=mode) or picture
    except (ImageCms.PyCMSError, *DAMAGE):
        return picture
