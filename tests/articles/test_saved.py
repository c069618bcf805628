"""Saving an article for later: the button that is the same for everybody, and the list that is one reader's own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from articles import saved
from articles.models import Article, SavedArticle
from articles.page_store import PageStore
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

HERE = {"Sec-Fetch-Site": "same-origin"}
SCRIPT = {**HERE, "Accept": "application/json"}


def press(client: Client, article: Article, headers: dict[str, str] = HERE, **fields: str) -> Any:
    return client.post("/account/saved/", {"article": str(article.public_id), **fields}, headers=headers)


def shelf(client: Client, query: str = "") -> str:
    page = client.get(f"/account/saved/{query}").content.decode()
    return page.split("<main")[1].split("</main>")[0]


# --- the button -----------------------------------------------------------------------------------------------------


def test_the_button_is_the_same_for_everybody_and_costs_no_query(
    kept_pages: PageStore,
    stranger: Client,
    subscriber: Client,
    registered: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    article = make.article(tier="free")
    press(subscriber, article)
    subscriber.get(article.get_absolute_url())  # shows the message
    forms = set()
    for client in (stranger, subscriber, registered):
        page = client.get(article.get_absolute_url()).content.decode()
        forms.add(re.search(r"<form[^>]*data-save.*?</form>", page, re.DOTALL)[0])  # type: ignore[index]
    assert len(forms) == 1
    assert "csrf" not in forms.pop()
    with django_assert_num_queries(4):  # session, account, entitlement, body
        subscriber.get(article.get_absolute_url())


def test_a_reader_saves_an_article_and_is_back_at_it(registered: Client) -> None:
    article, other = make.article(headline="The lamps"), make.article(headline="The quay")
    assert "You have saved nothing yet." in shelf(registered)
    answer = press(registered, article)
    assert (answer.status_code, answer["Location"]) == (303, article.get_absolute_url())
    assert "Saved for later." in registered.get(article.get_absolute_url()).content.decode()
    press(registered, article)
    assert "saved this article already" in registered.get(article.get_absolute_url()).content.decode()
    assert "The lamps" in shelf(registered)
    assert "The quay" not in shelf(registered)
    press(registered, other)
    page = shelf(registered)
    assert page.index("The quay") < page.index("The lamps")
    assert "minutes" in page
    assert "Subscribers" in page
    assert SavedArticle.objects.count() == 2


def test_a_script_saves_and_removes_in_place(registered: Client) -> None:
    article = make.article()
    assert press(registered, article, SCRIPT).json() == {"is_saved": True}
    assert SavedArticle.objects.get().article == article
    assert press(registered, article, SCRIPT, remove="1").json() == {"is_saved": False}
    assert not SavedArticle.objects.exists()


def test_a_stranger_comes_back_from_the_login_to_a_page_with_one_button(stranger: Client) -> None:
    article = make.article(headline="The lamps")
    answer = press(stranger, article)
    add = f"/account/saved/add/{article.public_id}/"
    assert answer.status_code == 303
    assert answer["Location"] == f"/account/login/?next={add.replace('/', '%2F')}"
    assert press(stranger, article, SCRIPT).json() == {"login": answer["Location"]}
    assert stranger.get(add)["Location"] == f"/account/login/?next={add}"
    doors.ask_at_login(stranger, "new@example.org", add)
    logged_in = doors.type_code(stranger, doors.mailed_code("new@example.org"), add)
    assert logged_in["Location"] == add
    page = stranger.get(add).content.decode()
    assert "The lamps" in page
    assert not SavedArticle.objects.exists()
    assert stranger.post(add)["Location"] == article.get_absolute_url()
    assert SavedArticle.objects.get().user.email == "new@example.org"


@pytest.mark.attack("A14")
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {}]
)
def test_a_form_of_another_site_saves_nothing(headers: dict[str, str], registered: Client) -> None:
    article = make.article()
    assert press(registered, article, headers).status_code == 403
    assert not SavedArticle.objects.exists()
    assert press(registered, article).status_code == 303
    assert press(registered, article, headers, remove="1").status_code == 403
    assert SavedArticle.objects.count() == 1


def test_the_forms_on_the_account_pages_carry_a_token() -> None:
    article = make.article()
    client = Client(enforce_csrf_checks=True)
    client.cookies.update(make.logged_in(make.user()).cookies)
    assert client.post(f"/account/saved/add/{article.public_id}/").status_code == 403
    assert client.post(f"/account/saved/remove/{article.public_id}/").status_code == 403
    assert press(client, article).status_code == 303


def test_what_is_not_out_cannot_be_saved(registered: Client) -> None:
    later = make.article(published_at=timezone.now() + timedelta(hours=1))
    for article in (make.article(status="draft"), make.article(status="withdrawn"), later):
        assert press(registered, article).status_code == 404
        assert registered.get(f"/account/saved/add/{article.public_id}/").status_code == 404
    for made_up in ("", "1", str(uuid4()), "x" * 500):
        assert registered.post("/account/saved/", {"article": made_up}, headers=HERE).status_code == 404
    assert press(registered, make.article()).status_code == 303


def test_a_reader_saves_no_more_than_a_limit(registered: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"own_lists": "2/m/key"}
    first, second, third = make.article(), make.article(), make.article()
    assert [press(registered, article).status_code for article in (first, second, third)] == [303, 303, 429]
    assert press(make.logged_in(make.user()), third).status_code == 303


def test_a_full_list_says_so_in_words(registered: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST", 2)
    first, second, third = make.article(), make.article(), make.article()
    press(registered, first)
    press(registered, second)
    assert press(registered, third)["Location"] == "/account/saved/"
    assert "You have saved 2 articles, and we keep no more for one reader." in shelf(registered)
    press(registered, first, remove="1")
    assert press(registered, third)["Location"] == third.get_absolute_url()


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_asks_for_a_login_and_is_kept_nowhere(stranger: Client, registered: Client) -> None:
    assert stranger.get("/account/saved/")["Location"] == "/account/login/?next=/account/saved/"
    answer = registered.get("/account/saved/")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"


def test_of_what_is_no_longer_out_the_list_tells_nothing(registered: Client) -> None:
    article = make.article(headline="The lamps", standfirst="Counted twice.")
    press(registered, article)
    for status in ("draft", "withdrawn"):
        Article.objects.filter(pk=article.pk).update(status=status)
        page = shelf(registered)
        assert "is no longer available" in page
        assert "The lamps" not in page
        assert "Counted twice." not in page
    Article.objects.filter(pk=article.pk).update(status="published", published_at=timezone.now() + timedelta(days=1))
    assert "The lamps" not in shelf(registered)
    assert registered.post(f"/account/saved/remove/{article.public_id}/")["Location"] == "/account/saved/"
    assert "You have saved nothing yet." in shelf(registered)


@pytest.mark.attack("A17")
def test_a_reader_sees_and_removes_their_own_alone(registered: Client, subscriber: Client) -> None:
    article = make.article(headline="The lamps")
    press(subscriber, article)
    assert "The lamps" not in shelf(registered)
    registered.post(f"/account/saved/remove/{article.public_id}/")
    press(registered, article, remove="1")
    assert "The lamps" in shelf(subscriber)
    subscriber.post(f"/account/saved/remove/{article.public_id}/")
    assert "The lamps" not in shelf(subscriber)


def test_the_list_goes_on_page_by_page_and_no_page_costs_more(
    registered: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "PAGE_SIZE", 3)
    section, author = make.section(), make.author()
    articles = [make.article(section=section, authors=[author]) for _number in range(7)]
    for article in articles:
        press(registered, article)
    shelf(registered)
    shown: list[str] = []
    costs: list[int] = []
    query = ""
    for length in (3, 3, 1):
        with CaptureQueriesContext(connection) as queries:
            page = shelf(registered, query)
        costs.append(len(queries))
        shown += re.findall(r"Story number \d+(?=</a>)", page)
        assert page.count("no longer") == 0
        assert len(re.findall(r'class="own-list__row"', page)) == length
        query = match[1] if (match := re.search(r'href="/account/saved/(\?before=\d+)"', page)) else ""
    assert query == ""
    assert len(set(costs)) == 1
    assert shown == [article.headline for article in reversed(articles)]


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "9" * 30, "²"])
def test_an_address_that_somebody_typed_shows_the_list_from_the_top(before: str, registered: Client) -> None:
    press(registered, make.article(headline="The lamps"))
    assert "The lamps" in shelf(registered, f"?before={before}")


def test_what_is_saved_goes_with_the_reader_or_the_article(registered: Client) -> None:
    first, second = make.article(), make.article()
    press(registered, first)
    press(registered, second)
    first.delete()
    assert [row.article for row in SavedArticle.objects.all()] == [second]
    User.objects.get(email="registered@example.org").delete()
    assert not SavedArticle.objects.exists()


def test_saving_opens_nothing(registered: Client, settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 0
    article = make.article()
    press(registered, article)
    assert article.sentinel not in registered.get(article.get_absolute_url()).content.decode()
    assert article.sentinel not in registered.get("/account/saved/").content.decode()


def test_the_account_page_counts_them(registered: Client) -> None:
    assert "“Save” stands below the headline" in registered.get("/account/").content.decode()
    press(registered, make.article())
    assert "Saved articles (1)" in registered.get("/account/").content.decode()
    press(registered, make.article())
    assert "Saved articles (2)" in registered.get("/account/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_pressed_ten_times_at_once_an_article_is_saved_once_and_the_list_never_too_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(saved, "MOST", 3)
    user = make.user()
    articles = [make.article() for _number in range(5)]
    barrier = Barrier(10)

    def save(number: int) -> str:
        barrier.wait()
        try:
            return str(saved.save_article(user, articles[number % 5]))
        except saved.ShelfFull:
            return "full"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(save, range(10)))
    assert SavedArticle.objects.count() == 3
    assert answers.count("True") == 3
