"""What shared caches may keep of pages, lists and feeds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.paywall import surfaces

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

PUBLIC = ["articles:front", "articles:archive", "paywall:plans", "robots", *surfaces.FEEDS, *surfaces.SITEMAPS]


def seconds(response: Any) -> int:
    match = re.fullmatch(r"public, max-age=0, s-maxage=(\d+), must-revalidate", response["Cache-Control"])
    assert match
    return int(match[1])


@pytest.mark.parametrize("name", PUBLIC)
def test_a_strangers_page_may_be_kept_and_sets_no_cookie(name: str, stranger: Client) -> None:
    make.article()
    response = stranger.get(reverse(name))
    assert seconds(response) == 600
    assert "Cookie" in response["Vary"]
    assert response["ETag"]
    assert not response.cookies
    assert "csrfmiddlewaretoken" not in response.content.decode()


def test_a_strangers_article_may_be_kept_under_its_keys_and_sets_no_cookie(stranger: Client) -> None:
    author, section = make.author(), make.section()
    article = make.article(authors=[author], section=section)
    response = stranger.get(article.get_absolute_url())
    assert seconds(response) == 600
    assert {f"article-{article.pk}", f"author-{author.pk}", f"section-{section.pk}"} <= set(
        response["Surrogate-Key"].split()
    )
    assert not response.cookies
    assert "csrfmiddlewaretoken" not in response.content.decode()


def test_a_cookie_of_somebody_else_changes_nothing(stranger: Client) -> None:
    article = make.article()
    assert seconds(stranger.get(article.get_absolute_url(), headers={"Cookie": "_ga=1; consent=yes"})) == 600


@pytest.mark.parametrize("who", ["registered", "subscriber", "lapsed", "editor"])
def test_the_page_of_anybody_with_a_session_is_kept_nowhere(who: str, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue(who)
    article = make.article()
    for url in (article.get_absolute_url(), "/", reverse("articles:feed-rss")):
        response = client.get(url)
        assert response["Cache-Control"] == "private, no-store"
        assert "Cookie" in response["Vary"]


@pytest.mark.parametrize("cookie", ["sessionid=made-up", "csrftoken=made-up"])
def test_even_a_made_up_cookie_of_ours_keeps_the_page_out_of_caches(cookie: str, stranger: Client) -> None:
    assert (
        stranger.get(make.article().get_absolute_url(), headers={"Cookie": cookie})["Cache-Control"]
        == "private, no-store"
    )


def test_no_cache_keeps_a_page_beyond_the_next_scheduled_article(stranger: Client) -> None:
    article = make.article()
    make.article(published_at=timezone.now() + timedelta(seconds=90))
    for url in ("/", article.get_absolute_url(), reverse("articles:feed-json")):
        assert 80 <= seconds(stranger.get(url)) < 90


def test_a_page_that_has_not_changed_is_answered_with_304(stranger: Client) -> None:
    url = make.article().get_absolute_url()
    etag = stranger.get(url)["ETag"]
    assert stranger.get(url, headers={"If-None-Match": etag}).status_code == 304


def test_the_gate_kept_by_a_browser_is_not_shown_after_login(subscriber: Client, stranger: Client) -> None:
    article = make.article()
    etag = stranger.get(article.get_absolute_url())["ETag"]
    response = subscriber.get(article.get_absolute_url(), headers={"If-None-Match": etag})
    assert response.status_code == 200
    assert article.sentinel in response.content.decode()


def test_a_missing_page_is_not_kept(stranger: Client) -> None:
    assert "public" not in stranger.get("/articles/nothing-here/").get("Cache-Control", "")


def test_no_cache_keeps_yesterdays_date(stranger: Client) -> None:
    with time_machine.travel(datetime(2026, 11, 23, 23, 58, 30, tzinfo=UTC), tick=False):
        assert seconds(stranger.get("/")) == 88  # two such caches in a row have it for up to two more
