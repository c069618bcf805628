"""One reader's own feed with the full text: what it holds and when it stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from articles.bodies import Body
from paywall.access import ArticleFacts
from paywall.feed_keys import FeedKey
from paywall.models import ArticleTerms, MeteredRead
from subscriptions.models import Grant
from tests import make
from tests.accounts.test_change_of_address import change
from tests.articles.test_feeds import belonging, hostile_library
from tests.feed_rules import parsed, problems_of
from tests.newsroom.test_request_log import Lines
from tests.newsroom.test_request_log import lines as lines

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

SITE = "http://localhost:8000"
MAKE, END = "/account/feed/", "/account/feed/end/"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"


@pytest.fixture
def reader() -> User:
    return make.user("feedreader@example.org")


@pytest.fixture
def held(reader: User) -> Grant:
    """The reader's library."""
    return make.grant(reader)


@pytest.fixture
def token(reader: User, held: Grant) -> str:
    return FeedKey.objects.make_for(reader.pk, timezone.now())


def ask(token: str, suffix: str = "json", **headers: str) -> Any:
    """As a feed reader asks: without any cookie."""
    return Client().get(f"/feeds/private/{token}/feed.{suffix}", headers=headers)


def asserts_private(response: Any) -> None:
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"].startswith("noindex")
    assert response["Referrer-Policy"] == "no-referrer"
    assert not response.cookies
    for name in ("Surrogate-Key", "X-Accel-Expires"):
        assert name not in response


def bodies(token: str) -> list[str]:
    """What each entry shows as its text, in both formats alike."""
    shown = [item["content_html"] for item in json.loads(ask(token).content)["items"]]
    items = parsed(ask(token, "xml").content).findall("channel/item")
    assert [item.findtext(ENCODED) or item.findtext("description") for item in items] == shown
    return shown


# --- What it holds ---------------------------------------------------------------------------------------------------


def test_it_holds_every_new_article_in_full_whatever_its_tier(token: str) -> None:
    articles = [belonging(tier=tier) for tier in ("free", "registered", "premium")]
    for article, text in zip(reversed(articles), bodies(token), strict=True):
        assert article.sentinel in text
        assert "For subscribers" not in text
        assert 'id="continue"' not in text


@pytest.mark.parametrize("form", ["rss", "json"])
def test_it_keeps_the_rules_of_its_format_and_does_not_tell_its_own_address(form: str, token: str) -> None:
    hostile_library()
    belonging(photo=make.photo())
    content = ask(token, {"rss": "xml", "json": "json"}[form]).content
    assert problems_of(form, content, "") == []
    assert token not in content.decode()


def test_it_keeps_the_rules_where_nothing_is_out(token: str) -> None:
    assert problems_of("rss", ask(token, "xml").content, "") == []
    assert problems_of("json", ask(token).content, "") == []


def test_what_is_not_out_is_not_in_it(token: str) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    for state in ({"status": "draft"}, {"status": "withdrawn"}, {"published_at": soon}):
        make.article(tier="free", **state)
    assert bodies(token) == []


def test_links_and_pictures_lead_to_the_site_from_anywhere(token: str) -> None:
    article = make.article(body='<p><a href="/topics/ports/">Ports</a> <a href="#x">x</a></p>', photo=make.photo())
    (item,) = json.loads(ask(token).content)["items"]
    assert f'href="{SITE}/topics/ports/"' in item["content_html"]
    assert f'href="{SITE}{article.get_absolute_url()}#x"' in item["content_html"]
    assert item["image"].startswith(f"{SITE}/media/")


# What a web process keeps, the tests do not. The decisions go by what was asked for the marks.
KEY = 2  # whose it is, and what they hold
ENTRIES = 4  # articles, bylines, authors, topics
ASKED_FOR_MARKS = 5  # rules, openings, terms of articles, the meter and its allowance
BODIES = 1


def test_it_costs_the_same_queries_however_long_it_is(
    token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    belonging()
    ask(token)
    for _length in ("short", "long"):
        with django_assert_num_queries(KEY + ENTRIES + ASKED_FOR_MARKS + BODIES):
            ask(token)
        for number in range(5):
            belonging(authors=[make.author(f"Author {number}")], photo=make.photo())


def test_an_article_whose_body_is_missing_or_whose_tier_is_unknown_hides_no_other(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, bare = belonging(), belonging(published_at=timezone.now() - timedelta(hours=2))
    Body.objects.filter(article=bare).delete()
    shown = bodies(token)
    assert whole.sentinel in shown[0]
    assert "For subscribers." in shown[1]
    monkeypatch.setattr(
        "paywall.bodies.facts_of_many",
        lambda articles, _policy: [ArticleFacts(a.pk, "unheard-of", published_at=a.published_at) for a in articles],
    )
    assert not any(whole.sentinel in text for text in bodies(token))


def test_it_spends_no_read_and_opens_nothing_by_the_meter(reader: User) -> None:
    token = FeedKey.objects.make_for(reader.pk, timezone.now())
    belonging()
    assert ask(token).status_code == 403
    assert not MeteredRead.objects.exists()


def test_what_has_not_changed_is_answered_with_304_and_what_has_is_not(token: str) -> None:
    article = belonging()
    etag = ask(token)["ETag"]
    assert ask(token, **{"If-None-Match": etag}).status_code == 304
    article.save_with_body(make.long_body(7))
    assert ask(token, **{"If-None-Match": etag}).status_code == 200


# --- The key and its end ---------------------------------------------------------------------------------------------


@pytest.mark.attack("L37")
def test_it_stops_at_the_second_at_which_the_library_closes_and_goes_on_by_itself(token: str, held: Grant) -> None:
    article = belonging()
    held.ends_at = timezone.now() + timedelta(minutes=5)
    held.save()
    etag = ask(token)["ETag"]
    with time_machine.travel(held.ends_at - timedelta(seconds=1), tick=False):
        assert article.sentinel in bodies(token)[0]
    with time_machine.travel(held.ends_at, tick=False):
        for suffix, headers in (("json", {}), ("xml", {}), ("json", {"If-None-Match": etag})):
            response = ask(token, suffix, **headers)
            asserts_private(response)
            assert response.status_code == 403
            assert response["Content-Type"] == "text/plain; charset=utf-8"
            assert "asleep" in response.content.decode()
            assert f"{SITE}/account/" in response.content.decode()
            assert article.sentinel not in response.content.decode()
            assert article.headline not in response.content.decode()
        make.grant(User.objects.get(pk=held.user_id), starts_at=timezone.now())
        assert article.sentinel in bodies(token)[0]


@pytest.mark.attack("L37")
@pytest.mark.parametrize(
    "ended", [{"status": "canceled"}, {"status": "unpaid"}, {"status": "incomplete_expired", "has_been_paid": False}]
)
def test_it_stops_with_the_subscription(ended: dict[str, Any], reader: User) -> None:
    subscription = make.subscription(reader)
    token = FeedKey.objects.make_for(reader.pk, timezone.now())
    article = belonging()
    assert article.sentinel in bodies(token)[0]
    for name, value in ({"ended_at": timezone.now()} | ended).items():
        setattr(subscription, name, value)
    subscription.save()
    response = ask(token)
    assert response.status_code == 403
    assert article.sentinel not in response.content.decode()


def renewed(reader: User) -> None:
    FeedKey.objects.make_for(reader.pk, timezone.now())


def switched_off(reader: User) -> None:
    assert make.logged_in(reader).post(END).status_code == 302


def account_off(reader: User) -> None:
    User.objects.filter(pk=reader.pk).update(is_active=False)


def account_gone(reader: User) -> None:
    reader.delete()


def new_password(reader: User) -> None:
    password = "a long password indeed"
    made = make.logged_in(reader).post("/account/password/set/", {"password1": password, "password2": password})
    assert made.status_code == 302


def new_address(reader: User) -> None:
    assert change(make.logged_in(reader), "moved@example.org").status_code == 302


@pytest.mark.attack("L37")
@pytest.mark.parametrize("end", [renewed, switched_off, account_off, account_gone, new_password, new_address])
def test_an_address_that_was_ended_is_not_found_in_any_browser(
    end: Callable[[User], None], token: str, reader: User
) -> None:
    article = belonging()
    assert article.sentinel in bodies(token)[0]
    end(reader)
    response = ask(token)
    asserts_private(response)
    assert response.status_code == 404
    assert article.sentinel not in response.content.decode()


@pytest.mark.attack("L37")
@pytest.mark.parametrize("suffix", ["xml", "json"])
def test_no_cache_and_no_search_engine_keeps_it(suffix: str, token: str) -> None:
    belonging()
    for response in (ask(token, suffix), Client().head(f"/feeds/private/{token}/feed.{suffix}")):
        asserts_private(response)
        assert response.status_code == 200
    assert "Disallow: /feeds/private/" in Client().get("/robots.txt").content.decode()


def test_being_staff_opens_nothing() -> None:
    editor = make.editor()
    token = FeedKey.objects.make_for(editor.pk, timezone.now())
    belonging()
    assert ask(token).status_code == 403


def test_a_login_of_somebody_else_changes_nothing(token: str, subscriber: Client, held: Grant) -> None:
    belonging()
    held.revoked_at = timezone.now()
    held.save()
    assert subscriber.get(f"/feeds/private/{token}/feed.json").status_code == 403


@pytest.mark.parametrize(
    "where",
    [
        "private_feed.FeedKey.objects.of_token",
        "private_feed.entitlement_of",
        "bodies.decide",
        "bodies.Article.bodies_for",
    ],
)
def test_while_the_database_is_away_nobody_is_turned_away(
    where: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("the database is away")

    article = belonging()
    monkeypatch.setattr(f"paywall.{where}", away)
    response = ask(token)
    asserts_private(response)
    assert response.status_code == 503
    assert response["Retry-After"]
    assert article.sentinel not in response.content.decode()


def test_guesses_are_counted_and_lock_nobody_out(token: str) -> None:
    belonging()
    statuses = [ask("A" * 43).status_code for _ in range(61)]
    assert statuses == [404] * 60 + [429]
    assert ask(token).status_code == 200


def test_only_a_hash_is_kept_and_use_is_noted_once_an_hour(token: str, reader: User) -> None:
    belonging()
    assert len(token) >= 43  # 256 bits
    assert token not in str(FeedKey.objects.values_list().get())
    ask(token)
    first = FeedKey.objects.get().last_used_at
    with time_machine.travel(timezone.now() + timedelta(minutes=59), tick=False):
        ask(token)
        assert FeedKey.objects.get().last_used_at == first
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        ask(token)
        assert FeedKey.objects.get().last_used_at == timezone.now()


def test_the_token_stands_in_no_line_of_the_log(token: str, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    belonging()
    gone = "B" * 43
    assert [ask(token).status_code, ask(gone).status_code] == [200, 404]
    monkeypatch.setattr("paywall.bodies.decide", None)
    assert ask(token).status_code == 503
    routes = [line["route"] for line in lines.requests()]
    assert routes == ["feeds/private/<slug:token>/feed.json"] * 3
    assert "could not be made" in lines.text
    assert token not in lines.text
    assert gone not in lines.text


def test_a_free_article_stays_marked_for_who_passes_it_on(token: str) -> None:
    article = belonging()
    ArticleTerms.objects.create(article=article, free_until=timezone.now() + timedelta(hours=1))
    (item,) = json.loads(ask(token).content)["items"]
    assert item["_newsroom"]["access"] == "free"
