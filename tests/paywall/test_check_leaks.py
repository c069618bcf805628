"""manage.py check_leaks against a live server: it passes where nothing leaks, and says where it could not look."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver, path

from articles.models import Article
from articles.page_cache import KeptPage
from articles.page_store import PageStore
from paywall.leaks import readers, routes
from tests import make
from tests.paywall.checked_site import Ended, Plant, rows, run
from tests.servers import free_port

committed = pytest.mark.django_db(transaction=True)


@committed
def test_a_site_that_gives_nothing_away_passes_and_keeps_nothing_of_the_check(
    site_url: str, closed_two: list[Article], kept_pages: PageStore
) -> None:
    """With all that is guessed, for one article."""
    before = rows()
    ended = run(site_url, articles=1)
    assert ended.code == 0, ended.text
    assert "1 articles" in ended.text
    assert "No sentence was found" in ended.text
    assert rows() == before
    assert mail.outbox == []
    pages = [name for name, kept in kept_pages._kept.items() if isinstance(kept.value, KeptPage)]
    assert pages
    assert not [name for name in pages if isinstance(name, tuple) and name[-1].startswith("q=")]


# --- what cannot be checked is said ---------------------------------------------------------------------------------


def refused(ended: Ended, *words: str) -> None:
    assert ended.code == 2, ended.text
    for word in words:
        assert word in ended.text


@pytest.mark.django_db
def test_a_site_that_does_not_answer_is_no_site_without_leaks() -> None:
    refused(run(f"http://127.0.0.1:{free_port()}"), "does not answer at /robots.txt")


@committed
def test_a_site_on_another_database_is_refused(
    site_url: str, closed_two: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows()
    monkeypatch.setattr(readers, "make_session", lambda _user: "a-session-that-this-site-does-not-have")
    refused(run(site_url), "does not know a reader whom this database has", "another database")
    assert rows() == before


@committed
def test_a_library_without_a_closed_article_is_refused(site_url: str) -> None:
    make.article(tier="free")
    refused(run(site_url), "no article that is out is closed")


def test_an_address_that_the_check_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    routes.check_routes()
    new = path("everything/", lambda _request: HttpResponse("all of it"), name="everything")
    monkeypatch.setattr(get_resolver(), "url_patterns", [*get_resolver().url_patterns, new])
    ended = run("https://news.example.org")
    refused(ended, "addresses that this check does not know: everything.", "paywall/leaks/routes.py")


@pytest.mark.parametrize("base_url", ["ftp://news.example.org", "news.example.org", "https://news.example.org/front"])
def test_an_address_that_is_no_site_is_refused(base_url: str) -> None:
    refused(run(base_url), "is not like https://news.example.org")


@committed
def test_an_answer_that_leads_to_another_site_is_not_followed(
    site_url: str, closed_two: list[Article], planted: dict[str, Plant]
) -> None:
    def away(_request: HttpRequest, response: Any) -> None:
        response.status_code, response["Location"] = 302, "https://elsewhere.example/robots.txt"

    planted["/robots.txt"] = away
    refused(run(site_url), "answered 302, which leads to https://elsewhere.example/robots.txt")


@committed
def test_two_checks_of_one_database_do_not_remove_each_others_readers(site_url: str, closed_two: list[Article]) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [readers.LOCK])
            assert cursor.fetchone() == (True,)
            refused(run(site_url), "another check of this database runs")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [readers.LOCK])
    finally:
        other.close()
