"""Pictures that lie beside an import file. Nothing is fetched, and nothing outside the file's folder is looked at."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO

from django.core.files.uploadedfile import SimpleUploadedFile

from articles.importers.records import PhotoReference
from articles.models import Photo
from articles.uploads import PictureRefused, checked_picture


class PhotoLeftOut(Exception):
    """The picture is not used; the message says why."""


def photo_size(url: object, folder: Path | None) -> int | None:
    """The size in bytes of the file that `url` names, None unless there is such a file in `folder`."""
    try:
        return find_file(url, folder).stat().st_size if isinstance(url, str) else None
    except (PhotoLeftOut, OSError):
        return None


def find_file(url: str, folder: Path | None) -> Path:
    """The file that a relative path names, links followed. Raises PhotoLeftOut unless it lies in `folder`."""
    if folder is None or "://" in url or url.startswith(("//", "data:")):
        raise PhotoLeftOut("nothing is fetched: the photo must be a file beside the import file")
    home = folder.resolve()
    try:
        found = (home / url).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # missing, a zero byte in the name, links in a circle
        raise PhotoLeftOut(f"there is no file {url[:100]!r} beside the import file") from None
    if not found.is_relative_to(home) or not found.is_file():
        raise PhotoLeftOut(f"{url[:100]!r} is not a file in the folder of the import file")
    return found


def read_photo(reference: PhotoReference, folder: Path | None) -> SimpleUploadedFile:
    """The picture, checked and written anew. Raises PhotoLeftOut."""
    path = find_file(reference.url, folder)
    try:
        with path.open("rb") as file:
            return checked_picture(path.name, path.stat().st_size, file)
    except PictureRefused as refusal:
        raise PhotoLeftOut(str(refusal)) from None
    except OSError as error:
        raise PhotoLeftOut(f"{reference.url[:100]!r} cannot be read: {error.strerror}") from None


def store_photo(reference: PhotoReference, picture: SimpleUploadedFile, present: Photo | None) -> Photo:
    """A new photo, or the `present` one with these words if it is the same picture."""
    photo = present if present is not None and _is_same(present, picture) else Photo()
    photo.alt, photo.caption, photo.credit = reference.alt, reference.caption, reference.credit
    if photo.pk:
        photo.save()
    else:
        photo.image.save(picture.name or "picture", picture, save=False)
        photo.save()
    return photo


def _is_same(photo: Photo, picture: SimpleUploadedFile) -> bool:
    try:
        with photo.image.open("rb") as stored:
            return _digest(stored) == _digest(picture)
    except (OSError, ValueError):
        return False


def _digest(file: IO[bytes]) -> bytes:
    file.seek(0)
    return hashlib.sha256(file.read()).digest()
