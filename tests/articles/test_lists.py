"""The list pages and those that list them: what stands on each, in which order, and nothing of what is not out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import indexes
from articles.page_store import PageStore
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
INDEXES = ["/topics/", "/authors/", "/series/", "/sections/"]


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def main_of(text: str) -> str:
    """The page without masthead and foot, which name sections too."""
    return text[text.index("<main") : text.index("</main>")]


def filed(name: str, **fields: Any) -> None:
    """An article whose topic, author, series and section have this name."""
    make.article(
        topics=[make.topic(name)],
        authors=[make.author(name)],
        series=make.series(name),
        section=make.section(name),
        body="<p>Short.</p>",
        **fields,
    )


@pytest.mark.parametrize("url", INDEXES)
def test_an_index_names_what_has_an_article_that_is_out_and_nothing_else(url: str, stranger: Client) -> None:
    filed("Harbours")
    filed("Unwritten", status="draft")
    filed("Tomorrow", published_at=timezone.now() + timedelta(days=1))
    filed("Regretted", status="withdrawn")
    text = main_of(page(stranger, url))
    assert f'href="{url}harbours/"' in text
    for name in ("Unwritten", "Tomorrow", "Regretted"):
        assert name not in text


@pytest.mark.parametrize("url", INDEXES)
def test_an_index_of_nothing_says_so(url: str, stranger: Client) -> None:
    make.topic("Unused")
    assert "Nothing has been published here yet." in page(stranger, url)


def test_topics_stand_under_their_letters_with_accents_among_them_and_digits_last(
    stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "FEW", 5)
    for name in ["ports", "Élections", "Elbe", "5G", "Ferries", "Ports and piers"]:
        make.article(topics=[make.topic(name)], body="<p>Short.</p>")
    make.article(topics=[make.topic("Elbe")], body="<p>Short.</p>")
    text = main_of(page(stranger, "/topics/"))
    names = re.findall(r'dir="auto">([^<]+)</a> <span>(\d+)</span>', text)
    assert names == [
        ("Elbe", "2"),
        ("Élections", "1"),
        ("Ferries", "1"),
        ("ports", "1"),
        ("Ports and piers", "1"),
        ("5G", "1"),
    ]
    assert re.findall(r'<h2 id="letter-\d+">(.)</h2>', text) == ["E", "F", "P", "#"]
    assert re.findall(r'<a href="#letter-\d+">(.)</a>', text) == ["E", "F", "P", "#"]


def test_a_few_topics_stand_in_their_order_without_letters(stranger: Client) -> None:
    for name in ["ports", "Élections", "5G"]:
        make.article(topics=[make.topic(name)], body="<p>Short.</p>")
    text = main_of(page(stranger, "/topics/"))
    assert re.findall(r'dir="auto">([^<]+)</a> <span>', text) == ["Élections", "ports", "5G"]
    assert "letter-" not in text.replace("letter--none", "")


def test_authors_stand_by_family_name_with_portrait_and_role(stranger: Client) -> None:
    for name, role in [("Zoe Adler", "Editor"), ("Adam Zuiderveen", "")]:
        make.article(authors=[make.author(name, role=role, portrait=make.photo())], body="<p>Short.</p>")
    text = main_of(page(stranger, "/authors/"))
    assert text.index("Zoe Adler") < text.index("Adam Zuiderveen")
    assert "Editor" in text
    assert text.count("<img") == 2


def test_a_long_index_is_cut_and_every_letter_leads_to_its_page(
    stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "TOPICS_A_PAGE", 3)
    for name in ["Anchors", "Boats", "Cranes", "Docks", "Eels", "Fog", "Gulls"]:
        make.article(topics=[make.topic(name)], body="<p>Short.</p>")
    first = page(stranger, "/topics/")
    assert 'rel="next" href="/topics/?from=docks"' in first
    assert 'href="/topics/?from=fog#letter-70">F</a>' in first
    third = page(stranger, "/topics/?from=gulls")
    assert 'rel="prev" href="/topics/?from=docks"' in third
    assert "Anchors" not in main_of(third)
    for wrong in ["nothing", ""]:
        assert stranger.get("/topics/", {"from": wrong}).status_code == 404, wrong


@pytest.mark.parametrize("url", ["/topics/", "/authors/", "/series/"])
def test_the_address_of_a_page_that_has_become_the_first_leads_there(url: str, stranger: Client) -> None:
    filed("Anchors")
    response = stranger.get(url, {"from": "anchors"})
    assert (response.status_code, response["Location"]) == (302, url)


@pytest.mark.parametrize("url", INDEXES)
def test_an_index_costs_the_same_queries_whatever_it_lists(url: str, stranger: Client) -> None:
    costs = []
    for names in (["Anchors"], [f"Name {number}" for number in range(25)]):
        for name in names:
            filed(name)
        with CaptureQueriesContext(connection) as queries:
            page(stranger, url)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_series_tells_its_parts_its_years_and_whether_it_is_complete(stranger: Client) -> None:
    series = make.series()
    for number in range(3):
        make.article(series=series, series_part=number + 1, published_at=NOON - timedelta(days=400 * (2 - number)))
    for text in (page(stranger, "/series/"), page(stranger, series.get_absolute_url())):
        assert "3 parts so far" in text
    assert "2024–2026" in page(stranger, "/series/")
    series.is_complete = True
    series.save()
    for text in (page(stranger, "/series/"), page(stranger, series.get_absolute_url())):
        assert "3 parts, complete" in text


def test_a_section_opens_with_its_newest_story_and_names_the_topics_of_its_stories(stranger: Client) -> None:
    section = make.section(description="Ships and those who watch them.")
    make.article(section=section, headline="Older", topics=[make.topic("Ports")], published_at=NOON)
    make.article(section=section, headline="Newer", topics=[make.topic("Ports"), make.topic("Fog")])
    make.article(section=section, headline="Hidden", topics=[make.topic("Secrets")], status="draft")
    text = main_of(page(stranger, section.get_absolute_url()))
    assert text.index('class="card list-lead') < text.index("Newer") < text.index('class="rows"') < text.index("Older")
    assert text.count("Newer") == 1
    assert text.index('href="/topics/ports/"') < text.index('href="/topics/fog/"')
    assert "Secrets" not in text
    assert "2 articles" in text


def test_an_author_has_portrait_role_biography_and_the_sections_of_their_stories(stranger: Client) -> None:
    author = make.author(role="Correspondent", biography="Watches ports.", portrait=make.photo(alt="A face"))
    make.article(authors=[author], section=make.section("Economy"))
    make.article(authors=[author], section=make.section("Hidden"), status="draft")
    text = main_of(page(stranger, author.get_absolute_url()))
    for part in ["Correspondent", "Watches ports.", 'alt="A face"', 'href="/sections/economy/"', "1 article<"]:
        assert part in text
    assert "Hidden" not in text


def test_the_archive_counts_by_year_and_month_in_the_publications_time_zone(stranger: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    for moment in [datetime(2025, 12, 31, 12, tzinfo=UTC), datetime(2025, 12, 31, 10, tzinfo=UTC), NOON]:
        make.article(published_at=moment, body="<p>Short.</p>")
    text = main_of(page(stranger, "/archive/"))
    assert re.findall(r'href="(/archive/[^"]+)">[^<]+</a> <span>(\d+)</span>', text) == [
        ("/archive/2026/01/", "1"),
        ("/archive/2026/03/", "1"),
        ("/archive/2025/12/", "1"),
    ]
    assert "2 articles" in text


def test_a_month_leads_to_those_before_and_after_it_that_have_articles(stranger: Client) -> None:
    for month in (1, 4, 9):
        make.article(published_at=NOON.replace(month=month), body="<p>Short.</p>")
    text = main_of(page(stranger, "/archive/2026/04/"))
    assert 'href="/archive/2026/01/"><span class="small">Previous month' in text
    assert 'href="/archive/2026/09/"><span class="small">Next month' in text
    assert "Previous month" not in page(stranger, "/archive/2026/01/")
    assert stranger.get("/archive/2026/05/").status_code == 404


def test_a_year_leads_to_its_place_in_the_archive(stranger: Client) -> None:
    make.article(published_at=NOON, body="<p>Short.</p>")
    assert stranger.get("/archive/2026/")["Location"] == "/archive/#year-2026"
    assert 'id="year-2026"' in page(stranger, "/archive/")
    assert stranger.get("/archive/2025/").status_code == 404


def test_counts_are_kept_until_something_comes_out(stranger: Client, kept_pages: PageStore) -> None:
    topic, other = make.topic(), make.topic("Other")
    make.article(topics=[topic, other])
    page(stranger, topic.get_absolute_url())
    with CaptureQueriesContext(connection) as queries:
        page(stranger, topic.get_absolute_url() + "?nothing=1")  # not kept as a page
    assert not [query for query in queries.captured_queries if "COUNT(" in query["sql"]]
    kept_pages.purge(["library"])
    with CaptureQueriesContext(connection) as queries:
        page(stranger, topic.get_absolute_url() + "?nothing=1")
    assert [query for query in queries.captured_queries if "COUNT(" in query["sql"]]


def test_list_pages_are_kept_with_their_places_and_no_other_parameter(stranger: Client, kept_pages: PageStore) -> None:
    section = make.section()
    for number in range(22):
        make.article(section=section, body="<p>Short.</p>", published_at=NOON - timedelta(days=number))
    next_url = re.search(r'<link rel="next" href="([^"]+)"', page(stranger, section.get_absolute_url()))
    assert next_url
    page(stranger, next_url[1])
    with CaptureQueriesContext(connection) as queries:
        page(stranger, next_url[1])
    assert len(queries) == 0
