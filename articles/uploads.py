"""What may come in as a picture.

It is judged by its content, bounded before it is decoded, and made anew: no metadata and no trailing bytes stay.
"""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import IO, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.text import slugify
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MOST_BYTES = 25 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_STRETCHED = 10  # the long side against the short one
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 92, "optimize": True, "progressive": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 92},
}
# What Pillow raises for a file that is damaged, or made to harm.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning)


class PictureRefused(Exception):
    """The file is not a picture that the site keeps; the message is a sentence for whoever chose it."""


def checked_picture(name: str, size: int, file: IO[bytes]) -> SimpleUploadedFile:
    """The picture in `file` (`size` in bytes): upright, named after what it is. Raises PictureRefused."""
    if size > MOST_BYTES:
        raise PictureRefused(_("This file is larger than %(limit)d MB.") % {"limit": MOST_BYTES // 1024**2})
    opened = open_picture(file)
    kind = opened.format or ""
    if opened.width * opened.height > MOST_PIXELS:
        raise PictureRefused(too_many_pixels())
    if max(opened.size) > MOST_STRETCHED * min(opened.size):
        raise PictureRefused(_("This picture is too narrow to be shown."))
    stem = slugify(PurePath(name).stem)[:80] or "picture"
    return SimpleUploadedFile(f"{stem}.{SUFFIXES[kind]}", made_anew(opened, kind), f"image/{kind.lower()}")


def too_many_pixels() -> str:
    return _("This picture has more than %(limit)d million pixels.") % {"limit": MOST_PIXELS // 10**6}


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


def made_anew(opened: Image.Image, kind: str) -> bytes:
    """The pixels alone, written again. Raises PictureRefused."""
    try:
        upright = ImageOps.exif_transpose(opened)
        profile = upright.info.get("icc_profile") if upright.mode in {"RGB", "RGBA"} else None
        if upright.mode not in {"L", "RGB", "RGBA"}:
            upright = upright.convert("RGBA" if upright.has_transparency_data and kind != "JPEG" else "RGB")
        upright.info = {}  # where Pillow would look for comments and the like
        written = io.BytesIO()
        upright.save(written, kind, icc_profile=profile, **OPTIONS[kind])
    except DAMAGE as error:
        raise PictureRefused(_("This picture is damaged: it could not be read to its end.")) from error
    return written.getvalue()
