"""How an answer divides, and how it is narrowed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from articles.models import Article
from tests import make
from tests.articles.search_results import addresses_in, found, links, main_of, page, titled

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelves(stranger: Client) -> dict[str, Article]:
    ports, cables = make.topic("Ports"), make.topic("Cables")
    ann, bo = make.author("Ann One"), make.author("Bo Two")
    year = datetime(2024, 6, 1, tzinfo=UTC)
    fields = [
        {"section": make.section("Security"), "topics": [ports, cables], "authors": [ann, bo]},
        {"section": make.section("Security"), "topics": [ports], "authors": [ann], "published_at": year},
        {"section": make.section("Trade"), "topics": [cables], "authors": [bo], "published_at": year},
    ]
    made = [titled(f"The ferry {number}", **each) for number, each in enumerate(fields)]
    titled("Something else", **fields[0])
    return dict(zip("abc", made, strict=True))


def facet(text: str, name: str) -> list[tuple[str, int]]:
    part = text.split(f'id="facet-{name}"')[1].split("</section>")[0]
    return [(label, int(number)) for label, number in re.findall(r"<a[^>]*>([^<]*)</a> <span>([\d,]+)<", part)]


def test_facets_count_the_results_by_section_topic_author_and_year(
    stranger: Client, shelves: dict[str, Article]
) -> None:
    text = page(stranger, "ferry")
    assert facet(text, "section") == [("Security", 2), ("Trade", 1)]
    assert facet(text, "topic") == [("Ports", 2), ("Cables", 2)]
    assert facet(text, "author") == [("Ann One", 2), ("Bo Two", 2)]
    assert facet(text, "year") == [(str(timezone.now().year), 1), ("2024", 2)]


def test_what_all_results_have_is_no_choice(stranger: Client, shelves: dict[str, Article]) -> None:
    text = page(stranger, "ferry", topic="ports")
    assert 'id="facet-section"' not in text  # both are in Security
    assert facet(text, "author") == [("Bo Two", 1)]  # and both by Ann One
    assert facet(text, "year") == [(str(timezone.now().year), 1), ("2024", 1)]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"section": "security"}, "ab"),
        ({"topic": "cables"}, "ac"),
        ({"author": "ann-one"}, "ab"),
        ({"year": "2024"}, "bc"),
        ({"section": "security", "topic": "ports", "author": "ann-one", "year": "2024"}, "b"),
        ({"section": "trade", "topic": "ports"}, ""),
        ({"section": "", "year": ""}, "abc"),
    ],
)
def test_filters_narrow_the_results(
    parameters: dict[str, str], expected: str, stranger: Client, shelves: dict[str, Article]
) -> None:
    assert set(found(stranger, "ferry", **parameters)) == {shelves[name].get_absolute_url() for name in expected}


def test_a_facet_is_a_link_and_what_was_chosen_can_be_taken_away(stranger: Client, shelves: dict[str, Article]) -> None:
    first = page(stranger, "ferry", sort="date")
    second = stranger.get(links(main_of(first), "Security")).content.decode()
    assert set(addresses_in(second)) == {shelves[name].get_absolute_url() for name in "ab"}
    third = stranger.get(links(main_of(second), "2024")).content.decode()
    assert addresses_in(third) == [shelves["b"].get_absolute_url()]
    assert links(main_of(third), "Security") == "/search/?q=ferry&year=2024&sort=date"
    assert links(third, "2024") == "/search/?q=ferry&section=security&sort=date"


@pytest.mark.parametrize(
    "parameters",
    [
        {"section": "nowhere"}, {"topic": "nothing"}, {"author": "nobody"}, {"year": "24"},
        {"year": "0000"}, {"year": "９９９９"}, {"year": "20245"}, {"sort": "cheapest"}, {"author": "x" * 5000},
    ],
)  # fmt: skip
def test_what_no_link_says_is_not_found(parameters: dict[str, str], stranger: Client) -> None:
    page(stranger, "ferry", status=404, **parameters)


@pytest.mark.parametrize("time_zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_year_begins_where_the_publication_is(time_zone: str, stranger: Client, settings: Any) -> None:
    settings.TIME_ZONE = time_zone
    timezone.get_default_timezone.cache_clear()
    try:
        moment = datetime(2024, 1, 1, tzinfo=timezone.get_default_timezone())
        titled("The ferry", published_at=moment)
        titled("The ferry", published_at=moment - timedelta(microseconds=1))
        assert facet(page(stranger, "ferry"), "year") == [("2024", 1), ("2023", 1)]
        assert len(found(stranger, "ferry", year="2024")) == 1
    finally:
        settings.TIME_ZONE = "UTC"
        timezone.get_default_timezone.cache_clear()


def test_a_search_names_what_changes_it(stranger: Client) -> None:
    section, topic, author = make.section(), make.topic(), make.author()
    article = titled("The ferry", section=section, topics=[topic], authors=[author])
    keys = set(stranger.get("/search/?q=ferry")["Surrogate-Key"].split())
    shown = {f"article-{article.pk}", f"section-{section.pk}", f"topic-{topic.pk}", f"author-{author.pk}"}
    assert keys >= shown | {"search", "articles", "library", "lists"}
    empty = set(stranger.get(f"/search/?q=nothing&topic={topic.slug}")["Surrogate-Key"].split())
    assert empty >= {f"topic-{topic.pk}", "articles", "library"}
