"""Files that are made to harm, to tell too much, or that telephones and scanners make: what is kept of each."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import FileField
from PIL import Image, ImageCms, ImageFile, PngImagePlugin

from articles.models import Author, Photo
from articles.uploads import MOST_SCANS, PictureRefused, checked_picture

SECRET = b"taken at 52.5200 north by Erika"
HTML = b"<!doctype html><script>alert(1)</script>"
RED, BLUE = (200, 20, 20), (20, 20, 200)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def kept(content: bytes, name: str = "picture.bin") -> tuple[bytes, Image.Image]:
    """What is kept of a file, as bytes and as a picture."""
    upload = checked_picture(name, len(content), io.BytesIO(content))
    stored = upload.read()
    return stored, Image.open(io.BytesIO(stored))


def plain(size: tuple[int, int] = (300, 200), colour: tuple[int, int, int] = RED) -> Image.Image:
    return Image.new("RGB", size, colour)


def is_near(one: Any, other: Any, most: int = 12) -> bool:
    return all(abs(left - right) <= most for left, right in zip(one, other, strict=True))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk after its header."""
    content = saved(plain(), "PNG")
    return content[:33] + chunk(kind, data) + content[33:]


def with_segment(marker: int, data: bytes) -> bytes:
    """A JPEG with one more segment at its beginning."""
    content = saved(plain(), "JPEG")
    return content[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data + content[2:]


def profile_with(text: str) -> bytes:
    """A profile of sRGB that carries a text."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(raw) + text.encode()


TELLING = {
    "comment of a JPEG": with_segment(0xFE, SECRET),
    "XMP of a JPEG": with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET),
    "Photoshop's part of a JPEG": with_segment(0xED, b"Photoshop 3.0\0" + SECRET),
    "profile of a JPEG": saved(plain(), "JPEG", icc_profile=profile_with(SECRET.decode())),
    "profile of a PNG": saved(plain(), "PNG", icc_profile=profile_with(SECRET.decode())),
    "profile of a WebP": saved(plain(), "WEBP", icc_profile=profile_with(SECRET.decode())),
    "XMP of a WebP": saved(plain(), "WEBP", xmp=SECRET),
    "text of a PNG": with_chunk(b"tEXt", b"Comment\0" + SECRET),
    "packed text of a PNG": with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(SECRET)),
    "chunk of a PNG that nobody knows": with_chunk(b"prVt", SECRET),
    "bytes after the end": saved(plain(), "PNG") + SECRET,
}


@pytest.mark.parametrize("content", TELLING.values(), ids=list(TELLING))
def test_nothing_but_pixels_is_kept(content: bytes) -> None:
    stored, picture = kept(content)
    assert SECRET not in stored
    assert zlib.compress(SECRET) not in stored
    assert not {"icc_profile", "xmp", "exif", "comment", "Comment"} & set(picture.info)
    assert picture.size == (300, 200)
    assert is_near(picture.convert("RGB").getpixel((5, 5)), RED)


@pytest.mark.parametrize(
    "content",
    [
        with_segment(0xFE, HTML),
        with_chunk(b"tEXt", b"Comment\0" + HTML),
        saved(plain(), "JPEG") + HTML,
        saved(plain(), "WEBP") + HTML,
        saved(plain(), "PNG") + b"PK\x03\x04" + HTML,
    ],
)
def test_what_is_a_picture_and_a_page_at_once_becomes_a_picture_alone(content: bytes) -> None:
    stored, _picture = kept(content, "page.html")
    assert b"<script" not in stored
    assert b"PK\x03\x04" not in stored


@pytest.mark.parametrize(
    "content",
    [
        HTML,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\x89PNG\r\n\x1a\n" + HTML,
        b"GIF89a" + HTML,
        b"RIFF\x00\x00\x00\x00WEBP" + HTML,
        b"%PDF-1.7\n" + saved(plain(), "JPEG"),
        b"",
        saved(plain(), "BMP"),
        saved(plain(), "ICO"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(PictureRefused, match=r"no JPEG, PNG or WebP|damaged"):
        kept(content, "quay.png")


def test_of_a_telephones_two_pictures_in_one_file_the_first_is_kept() -> None:
    content = saved(plain(colour=RED), "MPO", save_all=True, append_images=[plain(colour=BLUE)])
    assert Image.open(io.BytesIO(content)).format == "MPO"
    stored, picture = kept(content, "portrait.jpg")
    assert picture.format == "JPEG"
    assert is_near(picture.getpixel((5, 5)), RED)
    assert b"MPF\0" not in stored


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_a_moving_picture_the_first_is_kept(kind: str) -> None:
    moving = saved(plain(colour=RED), kind, save_all=True, append_images=[plain(colour=BLUE)] * 3, lossless=True)
    _stored, picture = kept(moving)
    assert getattr(picture, "n_frames", 1) == 1
    assert is_near(picture.convert("RGB").getpixel((5, 5)), RED)


def test_grey_of_sixteen_bits_stays_as_grey_as_it_was() -> None:
    _stored, picture = kept(saved(Image.new("I;16", (300, 200), 0x8000), "PNG"))
    assert (picture.mode, picture.getpixel((5, 5))) == ("L", 128)


def test_transparency_stays_in_each_of_its_forms() -> None:
    indexed = plain().quantize(4)
    for picture, options in (
        (Image.new("RGBA", (300, 200), (*RED, 0)), {}),
        (indexed, {"transparency": indexed.getpixel((5, 5))}),
        (plain(), {"transparency": RED}),
        (Image.new("LA", (300, 200), (90, 0)), {}),
    ):
        _stored, stays = kept(saved(picture, "PNG", **options))
        assert stays.mode == "RGBA"
        assert stays.getpixel((5, 5))[3] == 0


def test_colours_are_kept_as_their_profile_means_them() -> None:
    """Here a profile in which what is called red is blue."""
    warm = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    raw = bytearray(warm.tobytes())
    red, green = raw.index(b"rXYZ"), raw.index(b"bXYZ")
    raw[red : red + 4], raw[green : green + 4] = b"bXYZ", b"rXYZ"
    _stored, picture = kept(saved(plain(colour=(255, 0, 0)), "PNG", icc_profile=bytes(raw)))
    assert is_near(picture.getpixel((5, 5)), (0, 0, 255))
    assert "icc_profile" not in picture.info


@pytest.mark.parametrize("profile", [b"no profile at all", b"\0" * 128, b"x" * 5_000_000], ids=["text", "zero", "vast"])
def test_a_bad_profile_is_left_out(profile: bytes) -> None:
    _stored, picture = kept(saved(plain(), "JPEG", icc_profile=profile))
    assert is_near(picture.getpixel((5, 5)), RED)


def many_scans(count: int) -> bytes:
    """A progressive JPEG whose last turn is drawn so many times more."""
    content = saved(plain(), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * (count + 1) + content[-2:]


def test_a_picture_drawn_in_thousands_of_turns_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = many_scans(3000)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _self: pytest.fail("decoded"))
    with pytest.raises(PictureRefused, match="damaged"):
        kept(content)


def test_a_progressive_picture_is_taken() -> None:
    assert kept(many_scans(MOST_SCANS // 2))[1].size == (300, 200)
    assert kept(saved(Image.effect_noise((300, 200), 90), "JPEG", progressive=True))[1].size == (300, 200)


@pytest.mark.parametrize("size", [(30_000, 30_000), (8_000, 5_001), (65_000, 1)])
def test_a_picture_that_is_vast_is_refused_before_it_is_decoded(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    header = struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _self: pytest.fail("decoded"))
    with pytest.raises(PictureRefused, match=r"40 million pixels|too narrow"):
        kept(content + chunk(b"IEND", b""))


def test_a_text_that_unpacks_to_a_hundred_megabytes_is_refused() -> None:
    bomb = with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 100_000_000))
    with pytest.raises(PictureRefused):
        kept(bomb)
    assert PngImagePlugin.MAX_TEXT_CHUNK <= 2**20


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_off_anywhere_is_refused_in_words(kind: str) -> None:
    content = saved(Image.effect_noise((300, 200), 90).convert("RGB"), kind)
    for length in range(0, len(content) - 60, max(1, len(content) // 40)):
        with pytest.raises(PictureRefused):
            kept(content[:length])


def test_hostile_files_of_the_shared_collection_are_refused(shared: Path) -> None:
    hostile = [path for path in sorted((shared / "exports/hostile").iterdir()) if path.is_file()]
    assert hostile
    for path in hostile:
        with pytest.raises(PictureRefused), path.open("rb") as file:
            checked_picture("quay.png", path.stat().st_size, file)


def test_no_other_model_takes_a_file() -> None:
    """Portraits of authors are photos too, and come in by the same door."""
    takers = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FileField)
    }
    assert takers == {"articles.Photo.image"}
    assert Author._meta.get_field("portrait").related_model is Photo
