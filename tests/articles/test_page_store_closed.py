"""While the store is closed, what one request looked up is not looked up by it again; and nothing beyond that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from articles.models import Tier
from articles.page_cache import PageCacheMiddleware
from articles.page_store import Lifetime, PageStore, store
from tests import make

pytestmark = pytest.mark.django_db


class Numbers:
    """Says how often it was made."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> int:
        self.made += 1
        return self.made

    def ask(self) -> int:
        return store.kept_or_made("number", self, lambda _number: Lifetime((), timezone.now()))


def answered(request: HttpRequest, view: Callable[[], object]) -> None:
    def get_response(_request: HttpRequest) -> HttpResponse:
        view()
        return HttpResponse()

    PageCacheMiddleware(get_response)(request)


@pytest.mark.parametrize(("method", "found"), [("GET", [1, 1]), ("HEAD", [1, 1]), ("POST", [1, 2]), ("PUT", [1, 2])])
def test_only_a_request_that_reads_looks_up_once(method: str, found: list[int]) -> None:
    numbers, asked = Numbers(), list[int]()
    answered(RequestFactory().generic(method, "/"), lambda: asked.extend([numbers.ask(), numbers.ask()]))
    assert asked == found


def test_with_a_session_as_without() -> None:
    numbers, asked = Numbers(), list[int]()
    request = RequestFactory().get("/")
    request.COOKIES["sessionid"] = "abc"
    answered(request, lambda: asked.extend([numbers.ask(), numbers.ask()]))
    assert asked == [1, 1]


def test_the_next_request_looks_up_again() -> None:
    numbers, asked = Numbers(), list[int]()
    for _request in range(2):
        answered(RequestFactory().get("/"), lambda: asked.append(numbers.ask()))
    asked.append(numbers.ask())
    asked.append(numbers.ask())
    assert asked == [1, 2, 3, 4]


def test_so_does_the_one_after_a_failure() -> None:
    numbers, asked = Numbers(), list[int]()

    def fail() -> None:
        asked.append(numbers.ask())
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        answered(RequestFactory().get("/"), fail)
    asked.append(numbers.ask())
    assert asked == [1, 2]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT 1", [1, 1, 1]),
        ("\n  select 1", [1, 1, 1]),
        ("(SELECT 1) UNION (SELECT 2)", [1, 1, 1]),
        ("UPDATE articles_section SET name = name", [1, 2, 3]),
        ("WITH changed AS (DELETE FROM articles_section RETURNING id) SELECT id FROM changed", [1, 2, 3]),
    ],
)
def test_nothing_is_remembered_after_a_write(statement: str, found: list[int]) -> None:
    numbers, asked = Numbers(), list[int]()

    def view() -> None:
        asked.append(numbers.ask())
        with connection.cursor() as cursor:
            cursor.execute(statement)
        asked.extend([numbers.ask(), numbers.ask()])

    answered(RequestFactory().get("/"), view)
    assert asked == found


def test_what_writes_while_it_is_made_is_not_remembered() -> None:
    numbers, asked = Numbers(), list[int]()

    def make_and_write() -> int:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE articles_section SET name = name")
        return numbers()

    def ask() -> int:
        return store.kept_or_made("written", make_and_write, lambda _number: Lifetime((), timezone.now()))

    answered(RequestFactory().get("/"), lambda: asked.extend([ask(), ask()]))
    assert asked == [1, 2]


def test_the_statements_of_later_requests_are_not_watched() -> None:
    answered(RequestFactory().get("/"), lambda: None)
    assert connection.execute_wrappers == []


def test_an_open_store_needs_none_of_it(kept_pages: PageStore) -> None:
    watched = list[int]()
    answered(RequestFactory().get("/"), lambda: watched.append(len(connection.execute_wrappers)))
    assert watched == [0]


def test_an_article_closes_with_the_request_after_its_change(stranger: Client) -> None:
    article = make.article(tier=Tier.FREE, body="<p>Open.</p><p>All of the rest.</p>")
    assert "granted" in stranger.get(article.get_absolute_url()).content.decode()
    article.tier = Tier.PREMIUM
    article.save()
    assert 'data-access="withheld"' in stranger.get(article.get_absolute_url()).content.decode()
