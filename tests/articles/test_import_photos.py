"""Pictures beside an import file, and files that only say they are some."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image

from articles.models import Article, Photo
from tests import make
from tests.articles.import_lines import counts, load, reasons, record

pytestmark = pytest.mark.django_db


def picture(path: Path, size: tuple[int, int] = (64, 48), kind: str = "PNG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make.picture_bytes(size, kind))
    return path


def test_a_photo_beside_the_file_comes_with_its_words(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "quay.html", kind="JPEG")
    photo = {"url": "pictures/quay.html", "alt": "A quay", "caption": "The inner basin.", "credit": "Eve"}
    report = load(record(photo=photo), folder=tmp_path)
    assert (counts(report), reasons(report)) == ((1, 0, 0, 0), [])
    stored = Article.objects.get().photo
    assert (stored.alt, stored.caption, stored.credit, stored.width) == ("A quay", "The inner basin.", "Eve", 64)
    assert stored.image.name.endswith(".jpg")
    with stored.image.open("rb") as file:
        assert Image.open(io.BytesIO(file.read())).format == "JPEG"


def test_new_words_for_the_same_photo_make_no_second_one(tmp_path: Path) -> None:
    picture(tmp_path / "quay.png")
    load(record(photo={"url": "quay.png", "alt": "A quay"}), folder=tmp_path)
    load(record(photo={"url": "quay.png", "alt": "The quay"}), folder=tmp_path)
    assert Photo.objects.get().alt == "The quay"
    picture(tmp_path / "quay.png", size=(90, 60))
    assert load(record(photo={"url": "quay.png", "alt": "The quay"}), folder=tmp_path).changed == 1
    assert Article.objects.get().photo.width == 90


def test_a_photo_that_arrives_later_is_taken(tmp_path: Path) -> None:
    with_photo = record(photo={"url": "quay.png", "alt": "A quay"})
    assert reasons(load(with_photo, folder=tmp_path)) == [
        "line 1: photo left out: there is no file 'quay.png' beside the import file"
    ]
    picture(tmp_path / "quay.png")
    assert counts(load(with_photo, folder=tmp_path)) == (0, 1, 0, 0)
    assert Article.objects.get().photo


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.org/quay.png", "nothing is fetched"),
        ("//example.org/quay.png", "nothing is fetched"),
        ("data:image/png;base64,AAAA", "nothing is fetched"),
        ("../outside.png", "'../outside.png' is not a file in the folder"),
        ("link.png", "'link.png' is not a file in the folder"),
        ("/etc/hostname", "'/etc/hostname' is not a file in the folder"),
        (".", "'.' is not a file in the folder"),
        ("pipe", "'pipe' is not a file in the folder"),
        ("missing.png", "there is no file 'missing.png'"),
        ("a\x00.png", "there is no file 'a\\x00.png'"),
        ("x" * 5000, "there is no file"),
        ("loop.png", "there is no file 'loop.png'"),
        ("drawing.svg", "This is no JPEG, PNG or WebP picture"),
        ("text.png", "This is no JPEG, PNG or WebP picture"),
        ("cut.png", "This picture is damaged"),
        ("huge.png", "This picture has more than 40 million pixels"),
    ],
)
def test_a_photo_that_is_none_or_lies_elsewhere_is_left_out(tmp_path: Path, url: str, reason: str) -> None:
    folder = tmp_path / "import"
    whole = picture(folder / "whole.png").read_bytes()
    picture(tmp_path / "outside.png")
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe")
    (folder / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
    (folder / "text.png").write_text("<html>")
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    huge = io.BytesIO()
    Image.new("1", (9000, 9000)).save(huge, "PNG")
    (folder / "huge.png").write_bytes(huge.getvalue())
    report = load(record(photo={"url": url, "alt": "A quay"}), folder=folder)
    assert counts(report) == (1, 0, 0, 0)
    assert reasons(report)[0].startswith(f"line 1: photo left out: {reason}")
    assert not Photo.objects.exists()


def test_without_a_folder_no_photo_is_looked_for() -> None:
    report = load(record(photo={"url": "quay.png", "alt": "A quay"}))
    assert "nothing is fetched" in reasons(report)[0]


def test_a_picture_of_a_batch_that_fails_leaves_no_file(tmp_path: Path) -> None:
    picture(tmp_path / "quay.png")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE articles_body ADD CONSTRAINT no_bodies CHECK (html = '')")
    report = load(record(photo={"url": "quay.png", "alt": "A quay"}), folder=tmp_path)
    assert counts(report) == (0, 0, 0, 1)
    files = [path for path in Path(default_storage.location).rglob("*") if path.is_file()]
    assert files == []
