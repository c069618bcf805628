"""What readers are told at /access/: what is open to them, and why one article opens or not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from articles.models import ArticleRedirect, Tier
from articles.page_store import PageStore
from paywall.models import ArticleTerms, MeteredRead, Opening
from paywall.terms import facts_of
from tests import make

pytestmark = pytest.mark.django_db


def told(client: Client, article: str) -> str:
    """The page about this article, without what all pages have."""
    response = client.get("/access/", {"article": article})
    assert response.status_code == 200, response.status_code
    return response.content.decode().partition("<main")[2].partition("</main>")[0]


def test_each_reader_is_told_why_and_what_would_open_it(
    stranger: Client, registered: Client, subscriber: Client, lapsed: Client, editor: Client
) -> None:
    article = make.article()
    page = told(stranger, article.slug)
    assert "It does not open to you" in page
    assert "This article is for subscribers." in page
    for step in ("5 articles for subscribers are free for you every month", "/account/login/", "/subscribe/"):
        assert step in page, step
    page = told(registered, article.slug)
    assert "You can open it" in page
    assert f'href="{article.get_absolute_url()}#continue"' in page
    assert "/account/login/" not in page
    assert "It opens to you" in told(subscriber, article.slug)
    assert "You are reading this as a subscriber." in told(subscriber, article.slug)
    assert "Your access to the whole library has ended." in told(lapsed, article.slug)
    assert "You are reading this as a member of staff." in told(editor, article.slug)


def test_nothing_is_spent_and_no_word_of_the_body_is_shown(registered: Client, subscriber: Client) -> None:
    article = make.article()
    for client in (registered, subscriber):
        assert article.sentinel not in told(client, article.slug)
        assert "The ferry left before dawn" not in told(client, article.slug)
    assert not MeteredRead.objects.exists()


def test_the_page_says_what_the_articles_own_page_does(registered: Client) -> None:
    article = make.article()
    assert 'data-reason="metered"' in registered.get(article.get_absolute_url()).content.decode()
    page = told(registered, article.slug)
    assert "It opens to you" in page
    assert "4 of 5 free articles left" in page


def test_an_end_and_a_beginning_are_named_with_their_moment(at_noon: None, stranger: Client) -> None:
    now = timezone.now()
    article = make.article()
    ArticleTerms.objects.create(article=article, free_until=now + timedelta(hours=2))
    assert "It is free to read until 23 November 2026, 14:00 UTC." in told(stranger, article.slug)
    section = make.section()
    closed = make.article(section=section)
    Opening.objects.create(section=section, starts_at=now + timedelta(hours=3), ends_at=now + timedelta(hours=4))
    page = told(stranger, closed.slug)
    assert "This article is for subscribers." in page
    assert "from 23 November 2026, 15:00 UTC everybody can read it" in page


@pytest.mark.parametrize(
    "pasted",
    ["{path}", "http://testserver{path}", "https://testserver{path}?utm=1#continue", "testserver{path}", " {path} "],
)
def test_an_address_as_it_is_copied_leads_to_the_same_page(stranger: Client, pasted: str) -> None:
    article = make.article()
    response = stranger.get("/access/", {"article": pasted.format(path=article.get_absolute_url())})
    assert (response.status_code, response["Location"]) == (302, f"/access/?article={article.slug}")
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "pasted",
    [
        "https://elsewhere.example/articles/{slug}/",
        "//elsewhere.example/articles/{slug}/",
        "javascript:/articles/{slug}/",
        "ftp://testserver/articles/{slug}/",
        "/sections/{slug}/",
        "/articles/{slug}/../",
        "http://[/articles/{slug}/",
        "{slug}\x00",
        "nothing-here",
        "x" * 3000,
    ],
)
def test_what_is_no_address_of_an_article_here_is_not_found(stranger: Client, pasted: str) -> None:
    article = make.article()
    response = stranger.get("/access/", {"article": pasted.format(slug=article.slug)})
    assert response.status_code in (400, 404)
    assert article.headline not in response.content.decode()


def test_a_draft_is_answered_as_what_nobody_wrote(stranger: Client, subscriber: Client) -> None:
    make.article(status="draft", slug="aaaa-aaaa")
    make.article(slug="bbbb-bbbb", published_at=timezone.now() + timedelta(days=1))
    for client in (stranger, subscriber):
        answers = {
            (response.status_code, response.content.decode().replace(slug, ""), response["Cache-Control"])
            for slug in ("aaaa-aaaa", "bbbb-bbbb", "cccc-cccc")
            for response in [client.get("/access/", {"article": slug})]
        }
        assert len(answers) == 1
        assert {status for status, _page, _kept in answers} == {404}


def test_a_withdrawn_article_says_so_and_a_former_address_leads_on(stranger: Client) -> None:
    withdrawn = make.article(status="withdrawn")
    response = stranger.get("/access/", {"article": withdrawn.slug})
    assert response.status_code == 410
    assert "The article was withdrawn" in response.content.decode()
    ArticleRedirect.objects.create(slug="former", article=make.article(slug="latter"))
    assert stranger.get("/access/", {"article": "former"})["Location"] == "/access/?article=latter"
    ArticleRedirect.objects.create(slug="former-draft", article=make.article(status="draft"))
    assert stranger.get("/access/", {"article": "former-draft"}).status_code == 404


def test_caches_keep_what_strangers_are_told_and_nothing_else(
    kept_pages: PageStore, stranger: Client, registered: Client
) -> None:
    article = make.article(tier=Tier.REGISTERED)
    for address in ("/access/", f"/access/?article={article.slug}"):
        first, second = stranger.get(address), stranger.get(address)
        assert first["Cache-Control"].startswith("public, max-age=0, s-maxage=")
        assert second.wsgi_request.page_cache == "hit"  # type: ignore[attr-defined]
        own = registered.get(address)
        assert own["Cache-Control"] == "private, no-store"
        assert own.content != first.content
        assert 'content="noindex"' in first.content.decode()
    assert f"article-{article.pk}" in stranger.get(f"/access/?article={article.slug}")["Surrogate-Key"].split()


def test_what_cannot_be_decided_is_told_as_that_and_not_kept(
    stranger: Client, subscriber: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = make.article(tier=Tier.FREE)

    def fail(*_facts: Any, **_more: Any) -> None:
        raise RuntimeError("the table is away")

    monkeypatch.setattr("paywall.telling.answers.facts_of", fail)
    for client in (stranger, subscriber):
        response = client.get("/access/", {"article": article.slug})
        assert (response.status_code, response["Cache-Control"]) == (503, "private, no-store")
        assert "We could not check just now" in response.content.decode()
        assert article.get_absolute_url() in response.content.decode()
    monkeypatch.setattr("paywall.telling.answers.facts_of", facts_of)
    assert "It opens to you" in told(stranger, article.slug)


# --- Without an article -----------------------------------------------------------------------------------------------


def standing(client: Client) -> str:
    return client.get("/access/").content.decode().partition("<main")[2].partition("</main>")[0]


def test_without_an_article_each_reader_is_told_what_is_open(
    stranger: Client, registered: Client, subscriber: Client, lapsed: Client, editor: Client
) -> None:
    page = standing(stranger)
    assert page.count(">Open<") == 1
    assert page.count(">Not open<") == 2
    assert "5 articles for subscribers are free for you every month" in page
    page = standing(registered)
    assert page.count(">Open<") == 2
    assert "5 of 5 left" in page
    page = standing(subscriber)
    assert page.count(">Open<") == 3
    assert "The whole library is open to you." in page
    assert "/subscribe/" not in page
    assert "Your access to the whole library has ended." in standing(lapsed)
    assert "as a member of staff" in standing(editor)


def test_what_is_open_to_everybody_and_what_is_held_is_named(at_noon: None, registered: Client) -> None:
    now = timezone.now()
    Opening.objects.create(section=make.section("Trade"), starts_at=now, ends_at=now + timedelta(hours=6))
    Opening.objects.create(starts_at=now - timedelta(hours=6), ends_at=now)
    reader = make.user()
    article = make.article(headline="The one story")
    make.grant(reader, scope=f"article:{article.public_id}")
    page = standing(make.logged_in(reader))
    assert "The section Trade is open to everybody until 23 November 2026, 18:00 UTC." in page
    assert "The whole site" not in page
    assert "The one story" in page
    assert "The one story" not in standing(registered)


# --- The gate ---------------------------------------------------------------------------------------------------------


def test_a_line_under_each_gate_says_why_and_leads_to_more(stranger: Client, registered: Client) -> None:
    premium, register = make.article(), make.article(tier=Tier.REGISTERED)
    page = stranger.get(premium.get_absolute_url()).content.decode()
    assert "This article is for subscribers." in page
    assert f'href="/access/?article={premium.slug}"' in page
    page = stranger.get(register.get_absolute_url()).content.decode()
    assert "open to everyone who has given an e-mail address" in page
    assert f'href="/access/?article={register.slug}"' in page
    page = registered.get(register.get_absolute_url()).content.decode()
    assert "/access/" not in page
