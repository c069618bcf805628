"""A list that only drafts have is nowhere: its name tells what is being written, and its address can be guessed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import Article
from articles.page_store import PageStore
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.attack("L26")]

NAME = "Embargo"
KINDS = ["sections", "topics", "authors", "series"]
RESTS = ["", "feed.xml", "feed.atom", "feed.json"]


def filed(**fields: Any) -> Article:
    """An article in one list of each kind, of which no editor has told anybody."""
    return make.article(
        section=make.section(NAME, is_in_navigation=False),
        topics=[make.topic(NAME)],
        authors=[make.author(NAME, sort_name="")],
        series=make.series(NAME),
        body="<p>Short.</p>",
        **fields,
    )


def statuses(client: Client, kind: str, slug: str = "embargo") -> set[int]:
    return {client.get(f"/{kind}/{slug}/{rest}").status_code for rest in RESTS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn while scheduled"])
def test_it_answers_as_one_that_is_not_there(kind: str, state: str, stranger: Client, editor: Client) -> None:
    later = timezone.now() + timedelta(days=1)
    status = {"draft": "draft", "scheduled": "published"}.get(state, "withdrawn")
    filed(status=status, published_at=None if state == "draft" else later)
    for client in (stranger, editor):
        assert statuses(client, kind) == statuses(client, kind, "never-there") == {404}
    assert NAME not in stranger.get(f"/{kind}/embargo/").content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_there_the_moment_the_first_article_is_out_and_stays_when_that_is_withdrawn(
    kind: str, stranger: Client, kept_pages: PageStore
) -> None:
    article = filed(status="draft")
    assert statuses(stranger, kind) == {404}
    article.status = "published"
    article.save()
    assert statuses(stranger, kind) == {200}
    article.status = "withdrawn"
    article.save()
    kept_pages.purge(["library"])
    assert statuses(stranger, kind) == {200}
    assert "Nothing has been published here yet." in stranger.get(f"/{kind}/embargo/").content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_its_former_address_leads_nowhere(kind: str, stranger: Client) -> None:
    article = filed(status="draft")
    row = {
        "sections": article.section,
        "topics": article.topics.get(),
        "authors": article.authors.get(),
        "series": article.series,
    }[kind]
    row.slug = "moved-embargo"
    row.save()
    assert statuses(stranger, kind) == statuses(stranger, kind, "moved-embargo") == {404}
    Article.objects.update(status="published")
    assert statuses(stranger, kind) == {301}
    assert statuses(stranger, kind, "moved-embargo") == {200}


@pytest.mark.parametrize("name", ["section", "topic", "author"])
@pytest.mark.parametrize("words", ["", "ferry"])
def test_the_search_is_not_narrowed_to_it(name: str, words: str, stranger: Client, subscriber: Client) -> None:
    article = filed(status="draft")
    for client in (stranger, subscriber):
        assert client.get("/search/", {"q": words, name: "embargo"}).status_code == 404
    article.status = "published"
    article.save()
    assert stranger.get("/search/", {"q": words, name: "embargo"}).status_code == 200


def test_a_section_in_the_navigation_is_public_by_that(stranger: Client) -> None:
    make.section("Diplomacy")
    make.section(NAME, is_in_navigation=False)
    assert statuses(stranger, "sections", "diplomacy") == {200}
    assert "Nothing has been published here yet." in stranger.get("/sections/diplomacy/").content.decode()
    told = stranger.get("/feeds/").content.decode()
    assert "/sections/diplomacy/feed.xml" in told
    assert NAME not in told
    assert "/sections/embargo/" not in told


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_with_articles_is_asked_nothing_more(kind: str, stranger: Client) -> None:
    filed()
    for rest in RESTS:
        with CaptureQueriesContext(connection) as queries:
            assert stranger.get(f"/{kind}/embargo/{rest}").status_code == 200
        asked = [query["sql"] for query in queries.captured_queries]
        assert not [sql for sql in asked if "'withdrawn'" in sql or "SELECT 1 AS" in sql]
