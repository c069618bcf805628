"""What search engines are told: an index, a file for each month, and the news of two days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import etree

from articles import sitemaps
from articles.bodies import Body
from articles.models import Article, Correction, Page
from articles.page_store import PageStore
from tests import make

pytestmark = pytest.mark.django_db

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "n": "http://www.google.com/schemas/sitemap-news/0.9"}
# Queries of every public page, which a web process keeps and the tests do not: whether an institution asks, and when
# the clock changes the page next (scheduled articles, three times of terms, rules, openings, contracts).
EVERY_PAGE = 8
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def tree(client: Client, path: str, schema: str) -> Any:
    """The file, which is valid by the schema."""
    response = client.get(path)
    assert response.status_code == 200, path
    assert response["Content-Type"] == "application/xml"
    root = etree.fromstring(response.content)
    etree.XMLSchema(file=str(SCHEMAS / schema)).assertValid(root)
    return root


def local(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def listed(client: Client, path: str) -> dict[str, str]:
    """Path and last change of each address of one file."""
    rows = tree(client, path, "sitemap-all.xsd").findall("s:url", NAMES)
    return {local(row.findtext("s:loc", None, NAMES)): row.findtext("s:lastmod", "", NAMES) for row in rows}


def files(client: Client) -> dict[str, str]:
    rows = tree(client, "/sitemap.xml", "siteindex.xsd").findall("s:sitemap", NAMES)
    return {local(row.findtext("s:loc", None, NAMES)): row.findtext("s:lastmod", "", NAMES) for row in rows}


def everything(client: Client) -> set[str]:
    return {path for file in files(client) for path in listed(client, file)}


# --- the index ----------------------------------------------------------------------------------------------------


def test_the_index_names_a_file_for_each_month_that_has_articles(stranger: Client, settings: Any) -> None:
    for month in (3, 5):
        make.article(slug=f"in-{month}", published_at=datetime(2025, month, 14, 9, tzinfo=UTC))
    text = stranger.get("/sitemap.xml").content.decode()
    assert f"{settings.SITE_URL}/sitemap-2025-05.xml" in text
    months = [path for path in files(stranger) if path[9:13].isdigit()]
    assert months == ["/sitemap-2025-05.xml", "/sitemap-2025-03.xml"]
    assert list(listed(stranger, "/sitemap-2025-03.xml")) == ["/articles/in-3/"]
    for path in ("/sitemap-2025-04.xml", "/sitemap-2025-13.xml", "/sitemap-0000-01.xml", "/sitemap-nothing.xml"):
        assert stranger.get(path).status_code == 404, path


def test_a_month_is_that_of_the_publication(stranger: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    make.article(slug="early", published_at=datetime(2025, 3, 31, 20, tzinfo=UTC))
    assert "/articles/early/" in listed(stranger, "/sitemap-2025-04.xml")


def test_every_file_of_the_index_is_there_and_every_address_in_it_answers(stranger: Client) -> None:
    make.article(
        section=make.section(), topics=[make.topic()], authors=[make.author()], series=make.series(), slug="whole"
    )
    found = everything(stranger)
    assert found >= {"/", "/articles/whole/", "/sections/security/", "/topics/ports/", "/authors/ilse-marchetti/"}
    assert found >= {"/series/the-long-harbour/", "/archive/", "/corrections/", "/subscribe/", "/about/", "/topics/"}
    for path in found:
        assert stranger.get(path).status_code == 200, path


def test_an_empty_library_has_valid_files_too(stranger: Client) -> None:
    assert set(files(stranger)) == {"/sitemap-pages.xml"}
    assert "/" in listed(stranger, "/sitemap-pages.xml")
    news = etree.fromstring(stranger.get("/sitemap-news.xml").content)
    assert (len(news), news.tag) == (0, f"{{{NAMES['s']}}}urlset")  # the schema knows no file without an address


@pytest.mark.parametrize("name", ["articles", "lists"])
def test_the_files_of_the_first_release_lead_to_the_index(name: str, stranger: Client) -> None:
    response = stranger.get(f"/sitemap-{name}.xml")
    assert (response.status_code, response["Location"]) == (301, "/sitemap.xml")


def test_robots_txt_names_both(stranger: Client, settings: Any) -> None:
    lines = stranger.get("/robots.txt").content.decode().splitlines()
    for path in ("/sitemap.xml", "/sitemap-news.xml"):
        assert f"Sitemap: {settings.SITE_URL}{path}" in lines


# --- what stands there, and what does not ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [{"status": "draft"}, {"status": "withdrawn"}, {"published_at": NOON + timedelta(days=1)}]
)
def test_what_is_not_out_stands_nowhere(state: dict[str, Any], stranger: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        make.article(section=make.section("Open"), published_at=NOON - timedelta(hours=1), slug="out")
        secret = {"section": make.section("Hidden"), "topics": [make.topic("Hidden")]}
        more = {"authors": [make.author("Hidden")], "series": make.series("Hidden"), "slug": "hidden"}
        make.article(headline="Hidden", **(secret | more | {"published_at": NOON - timedelta(hours=1)} | state))
        paths = everything(stranger)
        news = stranger.get("/sitemap-news.xml").content.decode()
    assert "/articles/out/" in paths
    assert "/articles/out/" in news
    assert [path for path in paths if "hidden" in path] == []
    assert "idden" not in news


def test_a_scheduled_article_is_told_from_its_second_on(kept_pages: PageStore, stranger: Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        make.article(slug="out", published_at=NOON - timedelta(hours=1))
        make.article(slug="later", published_at=NOON + timedelta(seconds=100))
        for moment, is_told in ((NOON + timedelta(seconds=99), False), (NOON + timedelta(seconds=100), True)):
            clock.move_to(moment)
            assert ("/articles/later/" in listed(stranger, "/sitemap-2026-11.xml")) is is_told


def test_the_last_change_is_one_that_readers_were_told_of(stranger: Client) -> None:
    published, updated, corrected = (datetime(2025, 3, day, 9, tzinfo=UTC) for day in (1, 5, 9))
    article = make.article(slug="story", published_at=published)

    def told() -> tuple[str, str]:
        return listed(stranger, "/sitemap-2025-03.xml")["/articles/story/"], files(stranger)["/sitemap-2025-03.xml"]

    assert told() == (published.isoformat(), published.isoformat())
    article.save_with_body(make.long_body(99))  # in the part that costs, and in `modified_at`
    Body.objects.update(html="<p>Another.</p>")
    assert told() == (published.isoformat(), published.isoformat())
    Article.objects.update(updated_at=updated)
    assert told() == (updated.isoformat(), updated.isoformat())
    Correction.objects.create(article=article, text="Not so.", made_at=corrected)
    assert told() == (corrected.isoformat(), corrected.isoformat())


def test_a_page_of_the_house_tells_the_day_of_its_text(stranger: Client) -> None:
    Page.objects.filter(slug="about").update(updated_on="2026-01-02")
    Page.objects.filter(slug="terms").update(is_published=False)
    found = listed(stranger, "/sitemap-pages.xml")
    assert found["/about/"] == "2026-01-02"
    assert "/terms/" not in found


def test_a_large_month_comes_in_parts(stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "PART_LENGTH", 2)
    for number in range(5):
        make.article(slug=f"part-{number}", published_at=datetime(2025, 3, 1, number, tzinfo=UTC))
    paths = [path for path in files(stranger) if "2025-03" in path]
    assert paths == ["/sitemap-2025-03.xml", "/sitemap-2025-03.xml?p=2", "/sitemap-2025-03.xml?p=3"]
    found = [path for part in paths for path in listed(stranger, part)]
    assert found == [f"/articles/part-{number}/" for number in range(5)]
    for given in ("0", "4", "-1", "x", "²", "99999"):
        assert stranger.get(f"/sitemap-2025-03.xml?p={given}").status_code == 404, given


def queries(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured]


def test_a_file_costs_the_same_queries_however_much_it_holds(stranger: Client) -> None:
    def grow(number: int) -> None:
        for at in range(number):
            article = make.article(
                section=make.section(f"Section {at}"), topics=[make.topic(f"Topic {at}")],
                authors=[make.author(f"Author {at}")], series=make.series(f"Series {at}"),
                published_at=datetime(2025, 3, 1, tzinfo=UTC),
            )  # fmt: skip
            Correction.objects.create(article=article, text="Not so.")

    grow(1)
    paths = [*files(stranger), "/sitemap.xml", "/sitemap-news.xml"]
    before = [len(queries(stranger, path)) for path in paths]
    grow(9)
    assert [len(queries(stranger, path)) for path in paths] == before
    assert before[paths.index("/sitemap-2025-03.xml")] == 1 + EVERY_PAGE


def test_a_months_file_finds_its_articles_by_their_date(stranger: Client) -> None:
    make.article(published_at=datetime(2025, 3, 1, tzinfo=UTC))
    sql = queries(stranger, "/sitemap-2025-03.xml")[0]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "article_by_date" in plan
    assert "Seq Scan on articles_article" not in plan


@pytest.mark.parametrize("path", ["/sitemap.xml", "/sitemap-2025-03.xml", "/sitemap-pages.xml", "/sitemap-topics.xml"])
def test_files_are_kept_under_the_keys_of_what_they_show(path: str, kept_pages: PageStore, stranger: Client) -> None:
    make.article(published_at=datetime(2025, 3, 1, tzinfo=UTC), topics=[make.topic()])
    keys = set(stranger.get(path)["Surrogate-Key"].split())
    assert keys >= {"articles", "lists", "library", "corrections", "pages"}
    assert stranger.get(path).wsgi_request.page_cache == "hit"


# --- the news -----------------------------------------------------------------------------------------------------


def test_the_news_are_those_of_two_days_each_with_name_language_moment_and_title(
    stranger: Client, settings: Any
) -> None:
    settings.SITE_NAME = "Tom & Jerry's <Review>"
    with time_machine.travel(NOON, tick=False):
        make.article(slug="young", headline="Tide & <ebb>", published_at=NOON - timedelta(hours=47))
        make.article(slug="old", published_at=NOON - timedelta(days=2))
        root = tree(stranger, "/sitemap-news.xml", "sitemap-all.xsd")
    (row,) = root.findall("s:url", NAMES)
    assert row.findtext("s:loc", None, NAMES) == f"{settings.SITE_URL}/articles/young/"
    told = {element.tag.partition("}")[2]: element.text for element in row.find("n:news", NAMES).iter()}
    assert told["title"] == "Tide & <ebb>"
    assert told["name"] == "Tom & Jerry's <Review>"
    assert told["language"] == "en"
    assert datetime.fromisoformat(told["publication_date"] or "") == NOON - timedelta(hours=47)


def test_the_news_are_a_thousand_at_most(stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sitemaps.NEWS_LENGTH == 1000
    monkeypatch.setattr(sitemaps, "NEWS_LENGTH", 2)
    for number in range(3):
        make.article(slug=f"news-{number}", published_at=NOON - timedelta(hours=number))
    with time_machine.travel(NOON, tick=False):
        root = tree(stranger, "/sitemap-news.xml", "sitemap-all.xsd")
    found = [local(loc.text or "") for loc in root.iterfind(".//s:loc", NAMES)]
    assert found == ["/articles/news-0/", "/articles/news-1/"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en-gb", "en"),
        ("gsw", "gsw"),
        ("zh", "zh-cn"),
        ("zh-hans", "zh-cn"),
        ("zh-hant-hk", "zh-tw"),
        ("zh-tw", "zh-tw"),
    ],
)
def test_the_language_of_news_is_as_google_spells_it(language: str, told: str) -> None:
    assert sitemaps.news_language(language) == told


# --- withdrawn ----------------------------------------------------------------------------------------------------


def test_a_withdrawn_story_is_gone_from_everywhere_and_its_addresses_say_so(stranger: Client) -> None:
    rows = {"section": make.section(), "topics": [make.topic()], "authors": [make.author()], "series": make.series()}
    kept = make.article(headline="Kept story", **rows)
    article = make.article(headline="Withdrawn story", slug="first-name", **rows)
    article.slug = "second-name"
    article.save()
    surfaces = [path for path in everything(stranger) if not path.startswith("/articles/")]
    surfaces += [f"{path}feed.{kind}" for path in surfaces if path.count("/") == 3 for kind in ("xml", "atom", "json")]
    surfaces += ["/search/?q=story", *(f"/feeds/latest.{kind}" for kind in ("xml", "atom", "json"))]
    surfaces += [*files(stranger), "/sitemap-news.xml", kept.get_absolute_url()]
    shown = [path for path in surfaces if "/second-name/" in stranger.get(path).content.decode()]
    assert len(shown) > 15  # else the next would be easy
    Article.objects.filter(pk=article.pk).update(status="withdrawn")
    assert [path for path in surfaces if "second-name" in stranger.get(path).content.decode()] == []
    assert [path for path in surfaces if "Withdrawn story" in stranger.get(path).content.decode()] == []
    assert stranger.get("/articles/second-name/").status_code == 410
    assert stranger.get("/articles/first-name/", follow=True).status_code == 410
