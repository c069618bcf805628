"""The pages of an answer: that they lead through all of it, where it is cut off, and which are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from articles import search
from articles.models import Article
from articles.page_store import PageStore
from articles.search import BadCursor, Cursor, Order
from tests import make
from tests.articles.search_results import DAY, addresses_in, found, links, page, titled

pytestmark = pytest.mark.django_db


def walk(client: Client, words: str, **parameters: Any) -> list[list[str]]:
    pages = []
    text = page(client, words, **parameters)
    while True:
        pages.append(addresses_in(text))
        if "More results" not in text:
            return pages
        text = client.get(links(text, "More results")).content.decode()


@pytest.fixture
def ferries(monkeypatch: pytest.MonkeyPatch) -> list[Article]:
    """Nine in pages of two; three of them of one moment, and all with one rank."""
    monkeypatch.setattr(search, "PAGE_SIZE", 2)
    now = timezone.now() - DAY
    return [titled("The ferry", published_at=now - timedelta(hours=max(0, 6 - number))) for number in range(9)]


@pytest.mark.parametrize("order", Order)
def test_pages_lead_through_all_results_once_ties_included(
    order: Order, stranger: Client, ferries: list[Article]
) -> None:
    pages = walk(stranger, "ferry", sort=order.value)
    assert [len(each) for each in pages] == [2, 2, 2, 2, 1]
    expected = sorted(ferries, key=lambda each: (each.published_at, each.pk), reverse=True)
    assert list(chain(*pages)) == [article.get_absolute_url() for article in expected]


def test_a_new_article_shifts_no_page_that_follows(stranger: Client, ferries: list[Article]) -> None:
    first = page(stranger, "ferry")
    second = stranger.get(links(first, "More results")).content.decode()
    titled("The ferry")
    assert addresses_in(stranger.get(links(first, "More results")).content.decode()) == addresses_in(second)


def test_a_later_page_leads_back_to_the_first(stranger: Client, ferries: list[Article]) -> None:
    second = stranger.get(links(page(stranger, "ferry"), "More results")).content.decode()
    assert links(second, "First results") == "/search/?q=ferry"


@pytest.mark.parametrize(
    "cursor", ["x", "é", "A" * 5000, "MS4wIDEgMQ==", "bmFuIDEgMQ", "MS4wIDEgMSA", "MS4wMCAxIDE", "Mi4wIC0tMSAx"]
)
def test_a_place_that_no_link_leads_to_is_not_found(cursor: str, stranger: Client) -> None:
    page(stranger, "ferry", status=404, after=cursor)


@given(
    st.floats(-9999, 9999).map(lambda score: round(score, 9)), st.integers(-(10**17), 10**17), st.integers(1, 10**17)
)
def test_a_cursor_is_read_as_it_was_written(score: float, micros: int, pk: int) -> None:
    cursor = Cursor(score, micros, pk)
    try:
        assert Cursor.read(str(cursor)) == cursor
    except BadCursor:
        assert 0 < abs(score) < 1e-4  # spelled with an exponent, which no score has


def test_a_page_costs_the_same_queries_wherever_it_is_and_however_many_it_shows(
    stranger: Client, kept_pages: PageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE_SIZE", 3)
    relations = {"section": make.section(), "topics": [make.topic()], "authors": [make.author()]}
    for number in range(8):
        titled(f"The ferry {number % 2}", photo=make.photo(), **relations)
    page(stranger, "island")
    costs = []
    for words in ("ferry", "ferry 1"):
        text = page(stranger, words)
        for address in (f"/search/?q={words}&sort=date", links(text, "More results")):
            with CaptureQueriesContext(connection) as queries:
                assert addresses_in(stranger.get(address).content.decode())
            costs.append(len(queries))
    assert len(set(costs)) == 1, costs


# --- the cap ----------------------------------------------------------------------------------------------------------


def test_only_the_newest_matches_are_ranked_and_the_page_says_so(
    stranger: Client, ferries: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    titled("Ferry, ferry, ferry", published_at=timezone.now() - 300 * DAY)
    monkeypatch.setattr(search, "MOST_CANDIDATES", 10)
    text = page(stranger, "ferry")
    assert "10 articles for" in text
    assert "More than" not in text
    monkeypatch.setattr(search, "MOST_CANDIDATES", 4)
    text = page(stranger, "ferry")
    assert "More than 4 articles for" in text
    assert "These are the newest 4 of them." in text
    newest = sorted(ferries, key=lambda each: (each.published_at, each.pk), reverse=True)[:4]
    assert list(chain(*walk(stranger, "ferry"))) == [article.get_absolute_url() for article in newest]


def test_what_was_cut_off_is_reached_by_a_filter(stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    old = titled("The ferry", published_at=datetime(2012, 5, 1, tzinfo=UTC))
    for _ in range(3):
        titled("The ferry")
    monkeypatch.setattr(search, "MOST_CANDIDATES", 2)
    assert old.get_absolute_url() not in found(stranger, "ferry")
    assert found(stranger, "ferry", year="2012") == [old.get_absolute_url()]


# --- kept -------------------------------------------------------------------------------------------------------------


def test_first_pages_are_kept_for_strangers_with_their_filters_and_those_further_down_are_not(
    kept_pages: PageStore, stranger: Client, ferries: list[Article]
) -> None:
    year = ferries[0].published_at.year  # type: ignore[union-attr]
    for address in ("/search/?q=ferry", f"/search/?q=ferry&year={year}", "/search/?q=ferry&sort=date"):
        assert [stranger.get(address).wsgi_request.page_cache for _ in range(2)] == ["miss", "hit"], address
    for address in ("/search/?q=ferry&utm_source=x", links(page(stranger, "ferry"), "More results"), "/?q=ferry"):
        assert [stranger.get(address).wsgi_request.page_cache for _ in range(2)] == ["miss", "miss"], address
