"""Photos in admin: what comes in is judged by its content and stripped of what it knows about where it was taken."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, PngImagePlugin

from articles.models import Photo
from articles.uploads import MOST_BYTES
from tests import make

pytestmark = pytest.mark.django_db

ADD = "/admin/articles/photo/add/"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def send(client: Client, name: str, content: bytes, content_type: str = "image/png", **fields: Any) -> Any:
    upload = SimpleUploadedFile(name, content, content_type)
    return client.post(
        ADD, {"image": upload, "alt": "A quay", "caption": "", "credit": "", "focal_x": "50", "focal_y": "50", **fields}
    )


def refusal(response: Any) -> str:
    assert response.status_code == 200
    assert not Photo.objects.exists()
    (sentence,) = response.context["adminform"].form.errors["image"]
    return str(sentence)


def picture(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (900, 600)).save(buffer, kind, **options)
    return buffer.getvalue()


def located() -> Image.Exif:
    """As a telephone writes it: where, when and which way up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0110] = "Telephone 9"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return exif


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims this size and whose pixels are missing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_a_picture_is_kept_with_its_sizes(
    editor: Client, kind: str, suffix: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert send(editor, "Quay at Dusk.bin", picture(kind)).status_code == 302
    photo = Photo.objects.get()
    assert photo.image.name.endswith(f"/quay-at-dusk.{suffix}")
    assert (photo.width, photo.height) == (900, 600)
    renditions = photo.image.aspect_ratios[None]["WEBP"]
    assert renditions[400].path.exists()
    page = editor.get("/admin/articles/photo/").content.decode()
    assert renditions[400].url in page


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("drawing.svg", SVG, "image/svg+xml"),
        ("drawing.png", SVG, "image/png"),
        ("page.png", HTML, "image/png"),
        ("page.jpg", b"\xff\xd8\xff" + HTML, "image/jpeg"),
        ("moving.gif", picture("GIF", "P"), "image/gif"),
        ("scan.tiff", picture("TIFF"), "image/tiff"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_in_words(
    editor: Client, name: str, content: bytes, content_type: str
) -> None:
    assert "no JPEG, PNG or WebP picture" in refusal(send(editor, name, content, content_type))


def test_hostile_uploads_of_the_shared_collection_are_refused(editor: Client, shared: Path) -> None:
    hostile = sorted(path for path in (shared / "exports/hostile").iterdir() if path.suffix in {".svg", ".png"})
    assert hostile
    for path in hostile:
        assert refusal(send(editor, path.name, path.read_bytes()))


def test_a_page_hidden_behind_a_picture_does_not_survive(editor: Client) -> None:
    send(editor, "both.html", picture("JPEG") + HTML, "text/html")
    photo = Photo.objects.get()
    assert photo.image.name.endswith("/both.jpg")
    with photo.image.open() as stored:
        assert b"<script" not in stored.read()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_stored_picture_stands_upright_and_does_not_say_where_it_was_taken(editor: Client, kind: str) -> None:
    send(editor, "walk.jpg", picture(kind, exif=located()))
    photo = Photo.objects.get()
    assert (photo.width, photo.height) == (600, 900)
    with photo.image.open() as stored:
        assert b"Telephone" not in stored.read()
        opened = Image.open(stored)
        assert not opened.getexif()
        assert "exif" not in opened.info


def test_comments_and_text_do_not_stay(editor: Client) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "secret name")
    for number, content in enumerate([picture("PNG", pnginfo=text), picture("JPEG", comment=b"secret name")]):
        send(editor, f"picture{number}.png", content)
    assert Photo.objects.count() == 2
    for photo in Photo.objects.all():
        with photo.image.open() as stored:
            assert b"secret name" not in stored.read()


@pytest.mark.parametrize("size", [(10_000, 4_001), (20_000, 9_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(editor: Client, size: tuple[int, int]) -> None:
    assert refusal(send(editor, "vast.png", png_of(*size))) == "This picture has more than 40 million pixels."


def test_a_file_that_is_too_large_is_refused(editor: Client) -> None:
    padded = picture("JPEG") + b"\0" * MOST_BYTES
    assert refusal(send(editor, "large.jpg", padded)) == "This file is larger than 25 MB."


@pytest.mark.parametrize("content", [png_of(300, 200), picture("JPEG")[:700]])
def test_a_damaged_picture_is_refused_in_words(editor: Client, content: bytes) -> None:
    assert "damaged" in refusal(send(editor, "half.png", content))


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "P"), ("PNG", "LA"), ("PNG", "1"), ("PNG", "I;16")]
)
def test_pictures_of_every_common_colour_mode_are_taken(editor: Client, kind: str, mode: str) -> None:
    assert send(editor, "mode.png", picture(kind, mode)).status_code == 302
    assert Photo.objects.get().width == 900


def test_a_photo_of_a_published_article_cannot_lose_its_alternative_text(editor: Client) -> None:
    photo = make.photo()
    make.article(photo=photo)
    fields = {"alt": " ", "caption": "", "credit": "", "focal_x": "50", "focal_y": "50"}
    response = editor.post(f"/admin/articles/photo/{photo.pk}/change/", fields)
    assert "needs its alternative text" in response.context["adminform"].form.errors["alt"][0]


def test_a_photo_is_described_anew_without_being_sent_again(editor: Client) -> None:
    photo = make.photo()
    name = photo.image.name
    fields = {"alt": "Two cranes", "caption": "", "credit": "", "focal_x": "20", "focal_y": "80"}
    assert editor.post(f"/admin/articles/photo/{photo.pk}/change/", fields).status_code == 302
    photo.refresh_from_db()
    assert (photo.alt, photo.focal_x, photo.image.name) == ("Two cranes", 20, name)
