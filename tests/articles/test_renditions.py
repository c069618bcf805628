"""The files that are made of a photo, when they are made, and what a page names of them."""

from __future__ import annotations

import io
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from PIL import Image

from articles import renditions
from articles.models import Photo
from articles.structured_data import pictures_of, share_picture
from articles.templatetags.photos import photo as photo_tag
from tests import make

type Committing = Any  # pytest-django's fixture has no public type

pytestmark = pytest.mark.django_db

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Any:
    """A block after which what waits for the commit has been done."""

    def block() -> AbstractContextManager[Any]:
        return django_capture_on_commit_callbacks(execute=True)  # type: ignore[no-any-return]

    return block


def picture(size: tuple[int, int] = (2000, 1500), kind: str = "PNG", mode: str = "RGB") -> ContentFile[bytes]:
    """Red on the left fifth, blue elsewhere, so that a crop shows where it was cut."""
    made = Image.new(mode, size, "blue")
    made.paste("red", (0, 0, size[0] // 5, size[1]))
    buffer = io.BytesIO()
    made.save(buffer, kind)
    return ContentFile(buffer.getvalue(), name="quay.png")


def stored(committing: Committing, **fields: Any) -> Photo:
    photo = Photo(alt="A quay", image=fields.pop("image", None) or picture(), **fields)
    with committing():
        photo.save()
    return Photo.objects.get(pk=photo.pk)


def files(photo: Photo) -> set[str]:
    folder = Path(photo.image.path).parent
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


# --- what is made -------------------------------------------------------------------------------------------------


def test_a_photo_gets_eight_sizes_and_three_crops(committing: Committing) -> None:
    photo = stored(committing)
    sizes = {f"quay/{width}w.{kind}" for width in (400, 800, 1200, 1600) for kind in ("avif", "webp")}
    crops = {f"quay/focus-50-50/{size}.jpg" for size in ("1200x675", "1200x900", "1200x1200")}
    assert files(photo) == sizes | crops | {"quay.png"}
    for made in photo.sizes.values():
        for width, rendition in made.items():
            image = opened(rendition.path)
            assert (image.size, image.format) == ((width, round(width * 0.75)), rendition.file_type)
            assert image.mode == "RGB"


def test_the_crops_are_in_three_ratios_and_of_the_size_that_is_told(committing: Committing) -> None:
    photo = stored(committing)
    told = [(picture.width, picture.height) for picture in pictures_of(photo)]
    assert told == [(1200, 675), (1200, 900), (1200, 1200)]
    assert [opened(crop.path).size for crop in photo.crops] == told
    assert {opened(crop.path).format for crop in photo.crops} == {"JPEG"}


@pytest.mark.parametrize(("focal_x", "is_red_kept"), [(0, True), (100, False)])
def test_the_focal_point_stays_in_view(committing: Committing, focal_x: int, is_red_kept: bool) -> None:
    square = stored(committing, focal_x=focal_x).crops[2]
    red, _green, blue = opened(square.path).getpixel((5, 600))
    assert (red > blue) is is_red_kept


def test_no_file_is_larger_than_the_photo(committing: Committing) -> None:
    photo = stored(committing, image=picture((500, 900)))
    assert set(photo.sizes["AVIF"]) == {400}
    assert [opened(crop.path).size for crop in photo.crops] == [(500, 281), (500, 375), (500, 500)]


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("L", "PNG"), ("P", "PNG"), ("CMYK", "JPEG")])
def test_pictures_of_every_colour_mode_get_their_files(committing: Committing, mode: str, kind: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (900, 600)).save(buffer, kind)
    photo = stored(committing, image=ContentFile(buffer.getvalue(), name=f"quay.{kind.lower()}"))
    assert photo.is_finished
    assert all(crop.path.exists() for crop in photo.crops)


# --- when it is made ----------------------------------------------------------------------------------------------


def test_another_focal_point_makes_the_crops_anew_under_another_address(committing: Committing) -> None:
    photo = stored(committing)
    before, sizes = photo.crops, {path: path.stat().st_mtime_ns for path in Path(photo.image.path).parent.rglob("*w.*")}
    photo.focal_x = 10
    with committing():
        photo.save()
    after = Photo.objects.get().crops
    assert all(crop.path.exists() for crop in [*before, *after])  # pages kept elsewhere name the old ones a while
    assert {crop.url for crop in before}.isdisjoint(crop.url for crop in after)
    assert {path: path.stat().st_mtime_ns for path in sizes} == sizes  # what pages show stays as it is


def test_another_file_makes_everything_anew(committing: Committing) -> None:
    photo = stored(committing)
    photo.image = picture((1000, 1000))
    photo.save()
    assert Photo.objects.get().sizes == {}  # until the files are there
    with committing():
        photo.image = picture((1000, 1000))
        photo.save()
    photo = Photo.objects.get()
    assert (photo.width, set(photo.sizes["AVIF"]), photo.is_finished) == (1000, {400, 800}, True)


def test_words_alone_make_nothing_anew(committing: Committing, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = stored(committing)
    monkeypatch.setattr(renditions, "make", lambda photo: pytest.fail("made anew"))
    photo.caption = "Dusk"
    with committing():
        photo.save()
        Photo.objects.only("alt").get().save()
    assert Photo.objects.get().is_finished


def test_a_failure_leaves_the_page_with_the_picture_as_it_came(
    committing: Committing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: renditions.Rendition, image: Image.Image) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(renditions.Rendition, "save", full)
    photo = stored(committing)
    assert "No space left" in caplog.text
    assert "<source" not in photo_tag(photo, "article")
    assert f'src="{photo.image.url}"' in photo_tag(photo, "article")
    assert share_picture(photo).url.endswith("/quay.png")


def test_a_focal_point_moved_meanwhile_is_not_taken_for_done(committing: Committing) -> None:
    photo = stored(committing)
    Photo.objects.update(focal_x=10)
    photo.focal_x = 90
    renditions.make(photo)
    assert Photo.objects.get().cropped_at == (50, 50)
    assert Photo.objects.unfinished().count() == 1


# --- photos of the release before ---------------------------------------------------------------------------------


def of_the_release_before(committing: Committing, name: str = "quay") -> Photo:
    """With WebP files alone, as the first release made them, and as it inserts a row: not naming the new columns."""
    photo = stored(committing)
    for path in Path(photo.image.path).parent.rglob("*"):
        if path.is_file() and path.suffix in {".avif", ".jpg"}:
            path.unlink()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE articles_photo SET recipe = DEFAULT, cropped_x = NULL, cropped_y = NULL WHERE id = %s", [photo.pk]
        )
    return Photo.objects.get(pk=photo.pk)


def named_in(html: str) -> set[str]:
    """Every file that a page's markup names."""
    listed = re.findall(r'srcset="([^"]+)"', html)
    return {part.split()[0] for srcset in listed for part in srcset.split(",")} | set(
        re.findall(r'src="([^"]+)"', html)
    )


def test_no_page_ever_names_a_file_that_is_not_there(committing: Committing, settings: Any) -> None:
    photo = of_the_release_before(committing)
    assert (photo.recipe, photo.cropped_at) == (renditions.WEBP_ALONE, None)

    def is_there(url: str) -> bool:
        return (Path(settings.MEDIA_ROOT) / url.removeprefix("/media/")).is_file()

    html = photo_tag(photo, "article")
    assert "image/avif" not in html
    assert "image/webp" in html
    assert all(is_there(url) for url in named_in(html))
    old = share_picture(photo)
    assert (old.url.rpartition("/")[2], old.width, old.height) == ("1200w.webp", 1200, 900)
    kept = {path: path.stat().st_mtime_ns for path in Path(photo.image.path).parent.rglob("*.webp")}
    call_command("make_renditions", verbosity=0)
    photo = Photo.objects.get()
    html = photo_tag(photo, "article")
    assert html.index("image/avif") < html.index("image/webp")
    assert len(named_in(html)) == 9
    assert all(is_there(url) for url in named_in(html))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # pages go on naming them meanwhile
    assert share_picture(photo).url.endswith("/focus-50-50/1200x675.jpg")


def test_the_command_goes_on_where_it_was_stopped_and_past_a_damaged_file(
    committing: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [of_the_release_before(committing) for _ in range(3)]
    call_command("make_renditions", "--limit", "1", verbosity=0)
    assert set(Photo.objects.unfinished()) == set(photos[:2])
    Path(photos[1].image.path).unlink()
    with pytest.raises(CommandError, match="1 photos could not be done"):
        call_command("make_renditions", verbosity=0)
    assert set(Photo.objects.unfinished()) == {photos[1]}
    assert "image/webp" in photo_tag(photos[1], "tile")


# --- what a page prints -------------------------------------------------------------------------------------------


def test_a_page_keeps_room_for_its_picture_and_tells_how_wide_it_stands(
    committing: Committing, stranger: Client
) -> None:
    article = make.article(photo=stored(committing, caption="The basin.", credit="Eve"))
    html = stranger.get(article.get_absolute_url()).content.decode()
    (figure,) = re.findall(r'<figure class="article__photo">.*?</figure>', html, re.DOTALL)
    assert 'width="2000" height="1500"' in figure
    assert 'sizes="(min-width: 67rem) 63.5rem, calc(100vw - 2.5rem)"' in figure
    assert re.search(r'srcset="\S+400w.avif 400w, \S+800w.avif 800w, \S+1200w.avif 1200w, \S+1600w.avif 1600w"', figure)
    assert 'fetchpriority="high"' in figure
    assert "The basin." in figure
    assert "Eve" in figure


def test_every_file_is_handed_out_as_the_picture_that_it_is(committing: Committing, stranger: Client) -> None:
    photo = stored(committing, image=picture((500, 500)))
    urls = {made[400].url: f"image/{name.lower()}" for name, made in photo.sizes.items()}
    urls |= {crop.url: "image/jpeg" for crop in photo.crops}
    for url, media_type in urls.items():
        response = stranger.get(url)
        b"".join(response.streaming_content)
        response.close()
        assert response["Content-Type"] == media_type, url


def test_words_of_an_editor_come_out_as_text(committing: Committing) -> None:
    assert "&quot;&gt;&lt;b&gt;" in photo_tag(stored(committing), "tile", '"><b>')


def test_every_template_prints_photos_by_the_tag_that_knows_which_files_are_there() -> None:
    templates = {path: path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")}
    assert [str(path) for path, text in templates.items() if "{% picture" in text or "image.url" in text] == []
