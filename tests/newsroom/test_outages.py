"""While the database is away: words for readers, no gate for who may have paid, and no dead connection afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.http import HttpResponse
from django.test import Client

from articles.models import Article
from newsroom import database_pool
from newsroom.database_pool import pool_options
from tests import make
from tests.articles.admin_forms import ADD, article_fields
from tests.newsroom.waiting import eventually

pytestmark = pytest.mark.django_db


@pytest.fixture
def article(db: None) -> Article:
    return make.article()


def withheld_in_words(response: HttpResponse, words: str) -> bool:
    """Whether it is a page that says so, and neither a gate nor a teaser that would stand for one."""
    page = response.content.decode()
    assert make.SENTINEL not in page
    assert "no-store" in response["Cache-Control"]
    is_gate = 'class="gate' in page or 'class="teaser' in page
    return (response.status_code, response["Retry-After"], words in page, is_gate) == (503, "5", True, False)


@pytest.fixture
def broken_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OperationalError("terminating connection due to unexpected postmaster exit")

    monkeypatch.setattr("paywall.middleware.decide", broken)


@pytest.mark.usefixtures("broken_decision")
def test_who_may_have_paid_is_not_shown_the_gate_for_an_error(
    subscriber: Client, article: Article, caplog: pytest.LogCaptureFixture
) -> None:
    with_pass = Client()
    with_pass.cookies["pass"] = "whatever it says"
    for browser in (subscriber, with_pass):
        response = browser.get(article.get_absolute_url())
        assert withheld_in_words(response, "We cannot look up your subscription just now")
    assert "could not be decided" in caplog.text


@pytest.mark.usefixtures("broken_decision")
def test_a_stranger_is_shown_the_gate_for_an_error(stranger: Client, article: Article) -> None:
    response = stranger.get(article.get_absolute_url())
    assert response.status_code == 200
    assert 'class="gate' in response.content.decode()


def test_a_database_that_is_away_is_told_in_words(subscriber: Client, article: Article) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    subscriber.raise_request_exception = False
    with connection.execute_wrapper(away):
        response = subscriber.get(article.get_absolute_url())
    assert withheld_in_words(response, "Nothing is lost")


def test_an_outage_while_the_session_is_stored_is_no_bad_request(editor: Client) -> None:
    """What was sent is stored by then; the editor is told to look whether it is."""

    def away(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "django_session"'):
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    editor.raise_request_exception = False
    with connection.execute_wrapper(away):
        response = editor.post(ADD, article_fields(slug="the-tide-tables"))
    assert withheld_in_words(response, "please check first whether it arrived")
    assert Article.objects.filter(slug="the-tide-tables").exists()


def test_another_mistake_is_no_outage(stranger: Client, article: Article, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the view fell over")

    monkeypatch.setattr("articles.views.ArticleResponse", broken)
    stranger.raise_request_exception = False
    assert stranger.get(article.get_absolute_url()).status_code == 500


@pytest.fixture
def pooled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The pool of a web process, on the database of the tests."""
    given: dict[str, Any] = connection.settings_dict
    wrapper = DatabaseWrapper({**given, "OPTIONS": {**given["OPTIONS"], "pool": pool_options()}}, "pooled")
    monkeypatch.setattr(database_pool, "site_connection", wrapper)
    pool = wrapper.pool
    pool.open()
    yield pool
    wrapper.close_pool()


def backends(pids: list[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction would go on seeing the first answer
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [pids])
        return int(cursor.fetchone()[0])


def test_a_connection_that_died_in_the_pool_reaches_no_request(pooled: Any) -> None:
    """Nor do the others that died with it: the first request after an outage does not wait for them one by one."""
    held = [pooled.getconn() for _ in range(6)]
    pids = [each.info.backend_pid for each in held]
    for each in held:
        pooled.putconn(each)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [pids])
    assert eventually(lambda: backends(pids) == 0)
    fresh = pooled.getconn()
    assert fresh.execute("SELECT 1").fetchone() == (1,)
    pooled.putconn(fresh)
    assert pooled.get_stats().get("requests_errors", 0) == 0
    assert eventually(lambda: pooled.get_stats()["connections_num"] >= 12), "all six are replaced at once"
