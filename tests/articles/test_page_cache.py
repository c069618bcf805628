"""Pages that a web process keeps: for whom, for how long, and what is never among them."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from articles import lists
from articles.article_page import find_page
from articles.caching import lifetime_of, mark_cacheable
from articles.front import FrontPageContent, front_page
from articles.models import Article, CachePurge, Page
from articles.page_cache import PageCacheMiddleware
from articles.page_store import PageStore
from paywall.models import ArticleTerms
from tests import make

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def lasting(response: Any) -> dict[str, str]:
    """The headers that do not change from one second, or one request, to the next."""
    return {name: value for name, value in response.headers.items() if name not in ("X-Request-ID", "X-Accel-Expires")}


def seconds(response: Any) -> int:
    return int(response["Cache-Control"].split("s-maxage=")[1].split(",")[0])


# --- whose pages ----------------------------------------------------------------------------------------------------


def test_a_warm_page_costs_no_query(
    kept_pages: PageStore, stranger: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    article = make.article(section=make.section())
    for path in ("/", article.get_absolute_url(), "/sections/security/", "/feeds/latest.xml", "/subscribe/"):
        first = stranger.get(path)
        with django_assert_num_queries(0):
            again = stranger.get(path)
        assert again.content == first.content
        assert lasting(again) == lasting(first)
        assert again.wsgi_request.page_cache == "hit"


def test_a_request_with_a_cookie_of_ours_is_never_answered_with_a_kept_page(
    kept_pages: PageStore, stranger: Client, subscriber: Client
) -> None:
    article = make.article()
    stranger.get(article.get_absolute_url())
    response = subscriber.get(article.get_absolute_url())
    assert article.sentinel in response.content.decode()
    assert response.wsgi_request.page_cache == "bypass"


@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "pass"])
def test_what_is_made_for_a_cookie_of_ours_is_never_kept(
    kept_pages: PageStore, cookie: str, subscriber: Client, stranger: Client
) -> None:
    article = make.article()
    subscriber.cookies[cookie] = subscriber.cookies.get(cookie) or "anything"
    assert article.sentinel in subscriber.get(article.get_absolute_url()).content.decode()
    response = stranger.get(article.get_absolute_url())
    assert response.wsgi_request.page_cache == "miss"
    assert article.sentinel not in response.content.decode()


def test_nothing_about_a_reader_is_kept_when_payers_read(
    kept_pages: PageStore, subscriber: Client, registered: Client, stranger: Client
) -> None:
    article = make.article(section=make.section(), authors=[make.author()])
    for client in (subscriber, registered, stranger):
        for path in (article.get_absolute_url(), "/", "/sections/security/", "/account/"):
            client.get(path)
    kept = b"".join(pickle.dumps(entry.value) for entry in kept_pages._kept.values())
    assert article.headline.encode() in kept
    for private in (article.sentinel, "subscriber@example.org", "registered@example.org", "/account/logout/"):
        assert private.encode() not in kept


def test_the_masthead_is_that_of_who_reads_whoever_read_before(
    kept_pages: PageStore, stranger: Client, registered: Client, subscriber: Client
) -> None:
    for _time in range(2):
        for client, has_login, is_offered in (
            (stranger, False, True),
            (registered, True, True),
            (subscriber, True, False),
        ):
            page = client.get("/archive/").content.decode()
            masthead = page.split('<header class="masthead"')[1].split("</header>")[0]
            assert ("Log in" not in masthead) is has_login
            assert ("Subscribe" in masthead) is is_offered


def test_a_subscribers_article_costs_four_queries(
    kept_pages: PageStore, subscriber: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    article = make.article(section=make.section(), authors=[make.author()], photo=make.photo(), topics=[make.topic()])
    subscriber.get(article.get_absolute_url())
    with django_assert_num_queries(4):  # session, account, entitlement, body
        response = subscriber.get(article.get_absolute_url())
    assert article.sentinel in response.content.decode()


def test_an_entitlement_that_ends_is_seen_at_once_whatever_is_kept(kept_pages: PageStore, subscriber: Client) -> None:
    article = make.article()
    assert article.sentinel in subscriber.get(article.get_absolute_url()).content.decode()
    user = User.objects.get(email="subscriber@example.org")
    user.grants.update(ends_at=timezone.now())
    assert article.sentinel not in subscriber.get(article.get_absolute_url()).content.decode()


def test_another_query_is_another_page_and_a_header_is_not(kept_pages: PageStore, stranger: Client) -> None:
    make.article(headline="Ferries")
    assert "Ferries" in stranger.get("/search/?q=ferries").content.decode()
    assert "Ferries" not in stranger.get("/search/?q=castles").content.decode()
    again = stranger.get("/search/?q=ferries", headers={"X-Forwarded-Host": "evil.example", "Accept-Language": "fr"})
    assert again.wsgi_request.page_cache == "hit"


def test_two_queries_that_are_quoted_alike_are_two_pages(kept_pages: PageStore, stranger: Client) -> None:
    make.article(headline="Ferries of été")
    raw = stranger.get("/search/", QUERY_STRING="q=\xc3\xa9t\xc3\xa9")
    quoted = stranger.get("/search/", QUERY_STRING="q=%C3%83%C2%A9t%C3%83%C2%A9")
    assert quoted.wsgi_request.page_cache == "miss"
    assert quoted.content != raw.content


def test_a_page_with_a_parameter_that_means_nothing_takes_no_room(kept_pages: PageStore, stranger: Client) -> None:
    for _time in range(2):
        assert stranger.get("/?utm_source=letter").wsgi_request.page_cache == "miss"


def test_pages_of_two_hosts_are_two_pages(kept_pages: PageStore, stranger: Client) -> None:
    assert stranger.get("/", headers={"Host": "localhost"}).wsgi_request.page_cache == "miss"
    assert stranger.get("/", headers={"Host": "127.0.0.1"}).wsgi_request.page_cache == "miss"
    assert stranger.get("/", headers={"Host": "localhost"}).wsgi_request.page_cache == "hit"
    assert stranger.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_head_request_is_answered_from_what_a_get_made_and_keeps_nothing_itself(
    kept_pages: PageStore, stranger: Client
) -> None:
    article = make.article()
    head = stranger.head(article.get_absolute_url())
    assert head.wsgi_request.page_cache == "miss"
    response = stranger.get(article.get_absolute_url())
    assert response.wsgi_request.page_cache == "miss"
    assert head["ETag"] == response["ETag"]
    again = stranger.head(article.get_absolute_url())
    assert again.wsgi_request.page_cache == "hit"
    assert again["ETag"] == response["ETag"]


def test_a_warm_page_that_a_cache_has_already_is_answered_with_304(kept_pages: PageStore, stranger: Client) -> None:
    url = make.article().get_absolute_url()
    etag = stranger.get(url)["ETag"]
    assert stranger.get(url, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", ["/articles/nothing-here/", "/account/login/", "/archive/2031/01/"])
def test_refusals_and_account_pages_are_kept_nowhere(kept_pages: PageStore, stranger: Client, path: str) -> None:
    for _time in range(2):
        stranger.cookies.clear()
        response = stranger.get(path)
        assert response["Cache-Control"] == "private, no-store"
        assert response.wsgi_request.page_cache == "miss"


def test_an_answer_with_a_cookie_is_private_even_if_its_view_calls_it_public(kept_pages: PageStore) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("yours")
        mark_cacheable(request, response, ["library"])
        if request.GET:
            response.set_cookie("sessionid", "yours")
        return response

    middleware = PageCacheMiddleware(view)
    factory = RequestFactory()
    assert lifetime_of(middleware(factory.get("/", {"a": "cookie"}))) is None
    assert middleware(factory.get("/", {"a": "cookie"}))["Cache-Control"] == "private, no-store"
    assert middleware(factory.get("/"))["Cache-Control"].startswith("public")
    assert len([name for name in kept_pages._kept if isinstance(name, tuple)]) == 1


# --- for how long ---------------------------------------------------------------------------------------------------


def test_a_kept_page_never_promises_more_than_is_left(kept_pages: PageStore, stranger: Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        make.article(published_at=NOON + timedelta(seconds=900), headline="Later")
        assert seconds(stranger.get("/")) == 600
        clock.move_to(NOON + timedelta(seconds=700))
        response = stranger.get("/")
        assert response.wsgi_request.page_cache == "hit"
        assert seconds(response) == 198
        clock.move_to(NOON + timedelta(seconds=899))
        response = stranger.get("/")
        assert (seconds(response), response["X-Accel-Expires"]) == (0, "0")
        assert "Later" not in response.content.decode()
        clock.move_to(NOON + timedelta(seconds=900))
        assert "Later" in stranger.get("/").content.decode()


def test_nginx_keeps_a_page_for_the_current_second(stranger: Client) -> None:
    url = make.article(published_at=NOON - timedelta(days=1)).get_absolute_url()
    with time_machine.travel(NOON + timedelta(milliseconds=600), tick=False):
        assert stranger.get(url)["X-Accel-Expires"] == f"@{int(NOON.timestamp())}"


def test_an_article_that_comes_out_while_a_page_is_made_is_on_the_next_one(
    kept_pages: PageStore, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = NOON + timedelta(seconds=1)
    with time_machine.travel(NOON, tick=False) as clock:
        make.article(published_at=moment, headline="While it was made")

        def slow(now: datetime) -> FrontPageContent:
            made = front_page(now)
            clock.move_to(moment + timedelta(seconds=1))
            return made

        monkeypatch.setattr("articles.views.front_page", slow)
        first = stranger.get("/")
        assert "While it was made" not in first.content.decode()
        assert seconds(first) == 0
        assert "While it was made" in stranger.get("/").content.decode()


def test_a_page_that_took_long_is_known_to_be_right_as_of_its_beginning(
    kept_pages: PageStore, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        make.article(published_at=NOON - timedelta(days=1))

        def slow(now: datetime) -> FrontPageContent:
            made = front_page(now)
            clock.move_to(NOON + timedelta(seconds=3))
            return made

        monkeypatch.setattr("articles.views.front_page", slow)
        assert stranger.get("/")["X-Accel-Expires"] == f"@{int(NOON.timestamp())}"


def test_a_section_renamed_while_a_page_is_made_is_nowhere_kept_under_its_old_name(
    kept_pages: PageStore, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = make.section("Old name")

    def rename(now: datetime) -> FrontPageContent:
        lists.navigation_sections()
        type(section).objects.update(name="New name")
        kept_pages.purge(["sections"])
        return front_page(now)

    monkeypatch.setattr("articles.views.front_page", rename)
    stranger.get("/")
    assert "Old name" not in stranger.get("/archive/").content.decode()


def test_where_the_next_moment_cannot_be_found_out_the_page_is_shown_and_kept_nowhere(
    kept_pages: PageStore, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_now: datetime) -> datetime | None:
        raise DatabaseError

    monkeypatch.setattr("articles.caching.moment_sources", [broken])
    for _time in range(2):
        response = stranger.get("/")
        assert (response.status_code, seconds(response), response["X-Accel-Expires"]) == (200, 0, "0")
        assert response.wsgi_request.page_cache == "miss"


def test_the_news_sitemap_lets_go_of_an_article_at_its_hour(kept_pages: PageStore, stranger: Client) -> None:
    with time_machine.travel(NOON - timedelta(hours=6), tick=False) as clock:
        article = make.article(published_at=NOON - timedelta(days=2))
        assert article.slug in stranger.get("/sitemap-news.xml").content.decode()
        clock.move_to(NOON + timedelta(seconds=1))
        assert article.slug not in stranger.get("/sitemap-news.xml").content.decode()


def test_the_front_page_gets_its_pick_from_the_library_at_its_hour(kept_pages: PageStore, stranger: Client) -> None:
    with time_machine.travel(NOON - timedelta(hours=6), tick=False) as clock:
        make.article(published_at=NOON - timedelta(days=365), headline="A year ago")
        for _newer in range(8):
            make.article(published_at=NOON - timedelta(days=2))
        assert "A year ago" not in stranger.get("/").content.decode()
        clock.move_to(NOON + timedelta(seconds=1))
        assert "A year ago" in stranger.get("/").content.decode()


def test_an_article_free_for_a_time_closes_to_the_second(kept_pages: PageStore, stranger: Client) -> None:
    article = make.article(published_at=NOON - timedelta(days=1))
    until = NOON + timedelta(seconds=100, milliseconds=300)
    ArticleTerms.objects.create(article=article, free_until=until)
    with time_machine.travel(NOON, tick=False) as clock:
        response = stranger.get(article.get_absolute_url())
        assert article.sentinel in response.content.decode()
        assert seconds(response) == 98
        clock.move_to(until - timedelta(microseconds=1))
        assert article.sentinel in stranger.get(article.get_absolute_url()).content.decode()
        clock.move_to(until)
        response = stranger.get(article.get_absolute_url())
        assert article.sentinel not in response.content.decode()
        assert response.wsgi_request.page_cache == "miss"


def test_a_page_carries_the_keys_of_all_that_it_shows(stranger: Client) -> None:
    section, topic, series = make.section(), make.topic(), make.series()
    writer, other = make.author("Ann One"), make.author("Bo Two")
    earlier = make.article(section=section, authors=[other], published_at=timezone.now() - timedelta(days=3))
    article = make.article(section=section, topics=[topic], series=series, authors=[writer])
    keys = set(stranger.get(article.get_absolute_url())["Surrogate-Key"].split())
    shown: list[Article] = [article, earlier]
    assert keys >= {f"article-{shown_article.pk}" for shown_article in shown}
    assert keys >= {f"author-{writer.pk}", f"author-{other.pk}", f"topic-{topic.pk}", f"series-{series.pk}"}
    assert keys >= {f"section-{section.pk}", "library", "sections", "plans"}
    assert f"article-{earlier.pk}" in stranger.get("/")["Surrogate-Key"].split()
    assert f"topic-{topic.pk}" in stranger.get(topic.get_absolute_url())["Surrogate-Key"].split()
    found = stranger.get("/search/?q=story")["Surrogate-Key"].split()
    assert {f"article-{article.pk}", f"author-{writer.pk}"} <= set(found)
    former = article.get_absolute_url()
    article.slug = "moved"
    article.save()
    assert "library" in stranger.get(former)["Surrogate-Key"].split()  # another article may come to this address


@pytest.mark.django_db(transaction=True)
def test_the_kept_part_of_an_article_forgets_a_page_of_the_house_that_is_hidden(kept_pages: PageStore) -> None:
    slug, about = make.article().slug, Page.objects.get(slug="about")
    page = find_page(slug)
    assert page is not None
    assert page.data["publishingPrinciples"].endswith(about.get_absolute_url())
    CachePurge.objects.all().delete()
    about.is_published = False
    about.save()
    kept_pages.purge([key for purge in CachePurge.objects.all() for key in purge.keys.split()])
    page = find_page(slug)
    assert page is not None
    assert "publishingPrinciples" not in page.data


def test_the_keys_of_a_long_series_stay_few(stranger: Client) -> None:
    series = make.series()
    parts = [make.article(series=series, series_part=number) for number in range(1, 31)]
    response = stranger.get(parts[14].get_absolute_url())
    page = response.content.decode()
    assert f"series-{series.pk}" in response["Surrogate-Key"].split()
    assert len(response["Surrogate-Key"]) < 300
    assert "Part 15 of 30" in page
    shown = [part for part in parts if part.get_absolute_url() in page or part is parts[14]]
    assert shown == parts[9:20]


@pytest.mark.parametrize(
    "address",
    ["/?from={}", "/?before={}", "{article}?p={}", "/corrections/?from={}", "/about/?from={}",
     "/feeds/latest.xml?before={}", "/sitemap.xml?p={}", "/topics/?before={}", "/sections/security/?from={}",
     "/subscribe/?page={}", "/archive/?before={}", "/?&{}=&", "/topics/?", "/?&"],
)  # fmt: skip
def test_what_a_view_does_not_read_makes_no_other_copy_of_its_page(
    address: str, kept_pages: PageStore, stranger: Client
) -> None:
    article = make.article(section=make.section(), topics=[make.topic()])
    path, _mark, query = address.replace("{article}", article.get_absolute_url()).partition("?")
    for _time in range(2):
        response = stranger.get(path, QUERY_STRING=query.format("anything"))
        assert response.status_code == 200
        state = "hit" if _time and not query else "miss"
        assert response.wsgi_request.page_cache == state
