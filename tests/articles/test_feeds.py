"""Feeds of the site and of every list page: what each format asks for, what they say, when they say it anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django.utils.http import http_date, parse_http_date
from pytest_django import DjangoAssertNumQueries

from articles.feed_entries import Channel, entries_of
from articles.feed_forms import FORMS as FORMATS
from articles.models import Article
from articles.page_store import PageStore
from paywall.models import ArticleTerms
from tests import make
from tests.feed_rules import ATOM, MEDIA, parsed, problems_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

SITE = "http://localhost:8000"
FORMS = {"rss": "xml", "atom": "atom", "json": "json"}
TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
LISTS = ["sections/security", "topics/ports", "authors/ilse-marchetti", "series/the-long-harbour", "archive/2026/11"]
STEMS = ["feeds/latest", *(f"{page}/feed" for page in LISTS)]
HOSTILE = "]]></title><script>alert(1)</script> & \" ' <b>bold</b> \u202e\U0001f6a2"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def feed(client: Client, stem: str, form: str, **headers: str) -> Any:
    return client.get(f"/{stem}.{FORMS[form]}", headers=headers)


def belonging(**fields: Any) -> Article:
    """An article that stands in every list."""
    relations = {"section": make.section(), "topics": [make.topic()], "authors": [make.author()]}
    return make.article(**relations | {"series": make.series()} | fields)


def shown_html(form: str, content: bytes) -> list[str]:
    """What a feed reader shows as HTML."""
    if form == "json":
        return [item["content_html"] for item in json.loads(content)["items"]]
    return [element.text for element in parsed(content).iter("description", f"{ATOM}summary")]


def plain_library() -> None:
    for tier in ("free", "registered", "premium"):
        belonging(tier=tier, photo=make.photo(), language="pt-br" if tier == "free" else "en")
    belonging(updated_at=timezone.now() - timedelta(minutes=1))


def hostile_library() -> None:
    authors = [make.author(), make.author(f"Eve {HOSTILE}")]
    belonging(
        headline=HOSTILE,
        standfirst=HOSTILE,
        authors=authors,
        photo=make.photo(alt=HOSTILE),
        body=f"<p>{HOSTILE} A. B.</p><p>&#0;&#11; <a href='/topics/ports/?a=1&b=\"2\"'>Ports</a> c. D e.</p>" * 9,
    )
    # What no form of ours lets in, and a row written past them may hold all the same.
    Article.objects.update(headline=f"Tide\x0b \x01tables \x9f\ufffe {HOSTILE}", standfirst="Line\x0c \x08two")


def bare_library() -> None:
    belonging(standfirst="", body="<p>One.</p>", authors=[make.author(), make.author("Ó")], photo=None)
    belonging(standfirst="", body="", section=make.section())


def empty_library() -> None:
    """Lists with nothing in them any more."""
    belonging(status="withdrawn")


@pytest.mark.parametrize("fill", [plain_library, hostile_library, bare_library, empty_library])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stem", STEMS)
def test_every_feed_keeps_the_rules_of_its_format(
    stem: str, form: str, fill: Callable[[], None], stranger: Client
) -> None:
    fill()
    response = feed(stranger, stem, form)
    if fill is empty_library and "archive" in stem:
        assert response.status_code == 404  # as its page
        return
    assert response.status_code == 200
    assert response["Content-Type"] == f"{TYPES[form]}; charset=utf-8"
    assert problems_of(form, response.content, f"{SITE}/{stem}.{FORMS[form]}") == []
    assert not any("<script" in html for html in shown_html(form, response.content))


@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_headline_comes_out_as_it_was_written(form: str, stranger: Client) -> None:
    belonging(headline=HOSTILE)
    content = feed(stranger, "feeds/latest", form).content
    if form == "json":
        titles = [json.loads(content)["items"][0]["title"]]
    else:
        titles = [element.text for element in parsed(content).iter("title", f"{ATOM}title")][1:]
    assert titles == [HOSTILE]


@pytest.mark.parametrize("body", [None, "<p>The whole of it.</p>"])
@pytest.mark.parametrize("form", ["rss", "atom"])
def test_a_standfirst_with_signs_of_markup_reaches_feed_readers_as_text(form: str, body: str | None) -> None:
    article = belonging(headline="a < b", standfirst="Where a < b & <b>c</b>", body="")
    entry = replace(entries_of(Article.objects.cards().filter(pk=article.pk), timezone.now())[0], body=body)
    channel = Channel("one", "One", "", "/", (entry,))
    written = FORMATS[form].write(channel, "", NOON).encode()
    html = shown_html(form, written)[-1]  # of RSS, the channel's stands before it
    assert "Where a &lt; b &amp; &lt;b&gt;c&lt;/b&gt;" in html
    assert "<b>" not in html


def test_lists_leave_out_what_is_not_theirs(stranger: Client) -> None:
    inside = belonging()
    outside = make.article(published_at=NOON - timedelta(days=40))
    for stem in STEMS[1:]:
        for form in FORMS:
            text = feed(stranger, stem, form).content.decode()
            assert inside.get_absolute_url() in text
            assert outside.get_absolute_url() not in text, stem


@pytest.mark.parametrize("path", ["archive/2026/13/feed.xml", "archive/1999/01/feed.json", "sections/none/feed.atom"])
def test_where_there_is_no_list_there_is_no_feed(path: str, stranger: Client) -> None:
    belonging()
    assert stranger.get(f"/{path}").status_code == 404


# --- Who may read ----------------------------------------------------------------------------------------------------


def marks(client: Client) -> dict[str, tuple[list[str], str]]:
    """For each format the marks of the one article, and its text."""
    (item,) = json.loads(feed(client, "feeds/latest", "json").content)["items"]
    rss = parsed(feed(client, "feeds/latest", "rss").content).find("channel/item")
    entry = parsed(feed(client, "feeds/latest", "atom").content).find(f"{ATOM}entry")
    about = f"{SITE}/feeds/#who-may-read"
    assert item["_newsroom"]["about"] == about
    return {
        "json": ([item["_newsroom"]["access"]], item["content_html"]),
        "rss": (
            [mark.text for mark in rss.findall("category") if mark.get("domain") == about],
            rss.findtext("description"),
        ),
        "atom": (
            [mark.get("term") for mark in entry.findall(f"{ATOM}category") if mark.get("scheme") == about],
            entry.findtext(f"{ATOM}summary"),
        ),
    }


@pytest.mark.parametrize(
    ("tier", "words"),
    [("free", "Free to read."), ("registered", "For registered readers."), ("premium", "For subscribers.")],
)
def test_each_item_says_who_may_read_the_whole(tier: str, words: str, stranger: Client) -> None:
    article = belonging(tier=tier)
    for form, (found, text) in marks(stranger).items():
        assert found == [tier], form
        assert text.endswith(
            f'<p><em>{words}</em> <a href="{SITE}{article.get_absolute_url()}">Read on at The Meridian Review</a></p>'
        )


def test_an_article_that_is_free_for_a_time_is_marked_so_until_that_very_second(
    stranger: Client, kept_pages: PageStore
) -> None:
    article = belonging()
    end = timezone.now() + timedelta(minutes=5)
    ArticleTerms.objects.create(article=article, free_until=end)
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        for found, text in marks(stranger).values():
            assert found == ["free"]
            assert "Free to read for now." in text
        (item,) = json.loads(feed(stranger, "feeds/latest", "json").content)["items"]
        assert item["_newsroom"]["free_until"] == end.isoformat()
        assert feed(stranger, "feeds/latest", "json").wsgi_request.page_cache == "hit"
        assert "s-maxage=0," in feed(stranger, "feeds/latest", "rss")["Cache-Control"]
    with time_machine.travel(end, tick=False):
        for found, text in marks(stranger).values():
            assert found == ["premium"]
            assert "For subscribers." in text
    assert len(kept_pages._kept)


def test_items_tell_language_writers_tags_and_picture(stranger: Client) -> None:
    authors = [make.author(), make.author("Hana Brightwater")]
    article = belonging(language="pt-br", authors=authors, photo=make.photo(alt="A quay"))
    rss = parsed(feed(stranger, "feeds/latest", "rss").content).find("channel/item")
    dublin = "{http://purl.org/dc/elements/1.1/}"
    assert [name.text for name in rss.findall(f"{dublin}creator")] == [author.name for author in authors]
    assert rss.findtext(f"{dublin}language") == "pt-br"
    assert rss.findtext("guid") == article.public_id.urn
    assert [tag.text for tag in rss.findall("category")][:2] == ["Security", "Ports"]
    picture = rss.find(f"{MEDIA}content")
    assert picture.get("medium") == "image"
    assert picture.findtext(f"{MEDIA}description") == "A quay"
    entry = parsed(feed(stranger, "feeds/latest", "atom").content).find(f"{ATOM}entry")
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt-br"
    assert [name.text for name in entry.iterfind(f"{ATOM}author/{ATOM}name")] == [author.name for author in authors]
    enclosure = entry.find(f"{ATOM}link[@rel='enclosure']")
    (item,) = json.loads(feed(stranger, "feeds/latest", "json").content)["items"]
    assert item["image"] == picture.get("url") == enclosure.get("href")
    assert item["image"].startswith(f"{SITE}/media/")
    assert item["language"] == "pt-br"
    assert item["tags"] == ["Security", "Ports"]
    assert item["id"] == entry.findtext(f"{ATOM}id") == article.public_id.urn


def test_links_in_a_teaser_lead_to_the_site_from_anywhere(stranger: Client) -> None:
    body = '<p>See <a href="/topics/ports/?a=1&amp;b=2">ports</a> and <a href="#note">below</a> and "/no/". Yes.</p>'
    article = belonging(body=body + '<hr class="paywall-cut"><p>The rest.</p>')
    (item,) = json.loads(feed(stranger, "feeds/latest", "json").content)["items"]
    assert f'href="{SITE}/topics/ports/?a=1&amp;b=2"' in item["content_html"]
    assert f'href="{SITE}{article.get_absolute_url()}#note"' in item["content_html"]
    assert "/no/" in item["content_html"]
    assert f"{SITE}/no/" not in item["content_html"]


# --- Asking again ----------------------------------------------------------------------------------------------------


def validators(response: Any) -> tuple[str, str]:
    return response["ETag"], response["Last-Modified"]


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stem", STEMS)
def test_a_feed_that_has_not_changed_is_answered_with_304(
    stem: str, form: str, is_kept: bool, stranger: Client, request: pytest.FixtureRequest
) -> None:
    if is_kept:
        request.getfixturevalue("kept_pages")
    belonging()
    etag, moment = validators(feed(stranger, stem, form))
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": moment}):
        again = feed(stranger, stem, form, **headers)
        assert again.status_code == 304
        assert again.content == b""
        assert again.wsgi_request.page_cache == ("hit" if is_kept else "miss")
    before = http_date(parse_http_date(moment) - 1)
    assert feed(stranger, stem, form, **{"If-Modified-Since": before}).status_code == 200
    head = stranger.head(f"/{stem}.{FORMS[form]}")
    assert validators(head) == (etag, moment)
    assert head.content == b""


def rewrite_the_gated_part(article: Article) -> None:
    number = int(article.sentinel.removeprefix(make.SENTINEL).removesuffix("x"))
    article.save_with_body(make.long_body(number).replace("They hid", "Somebody hid"))


@pytest.mark.attack("L23")
@pytest.mark.parametrize("stem", STEMS)
def test_an_edit_of_the_gated_part_changes_neither_etag_nor_date_nor_text(stem: str, stranger: Client) -> None:
    article = belonging()
    before = {form: feed(stranger, stem, form) for form in FORMS}
    with time_machine.travel(NOON + timedelta(hours=1)):
        rewrite_the_gated_part(article)
        for form, answer in before.items():
            after = feed(stranger, stem, form)
            assert after.content == answer.content
            assert validators(after) == validators(answer)


def changed_headline(article: Article) -> None:
    article.headline = "Put right"
    article.save()


def withdrawn(article: Article) -> None:
    article.status = "withdrawn"
    article.save()


def closed(article: Article) -> None:
    ArticleTerms.objects.filter(article=article).update(free_until=timezone.now())


def renamed_author(article: Article) -> None:
    author = article.byline_authors[0]
    author.name = "Ilse M."
    author.save()


@pytest.mark.parametrize("change", [changed_headline, withdrawn, closed, renamed_author])
@pytest.mark.parametrize("form", FORMS)
def test_whoever_asks_by_date_alone_hears_of_every_change(
    form: str, change: Callable[[Article], None], stranger: Client
) -> None:
    """Also of one that has no date of its own, within the same second, and where something is taken out."""
    belonging()
    article = belonging()
    ArticleTerms.objects.create(article=article, free_until=timezone.now() + timedelta(hours=1))
    with time_machine.travel(timezone.now(), tick=False):
        moments = []
        for change_now in (None, change):
            if change_now is not None:
                change_now(article)
            moments.append(feed(stranger, "feeds/latest", form)["Last-Modified"])
        answer = feed(stranger, "feeds/latest", form, **{"If-Modified-Since": moments[0]})
    assert parse_http_date(moments[1]) > parse_http_date(moments[0])
    assert answer.status_code == 200


def test_the_formats_of_one_list_agree_on_since_when_and_say_it_inside(stranger: Client) -> None:
    belonging()
    moments = {feed(stranger, "sections/security/feed", form)["Last-Modified"] for form in FORMS}
    (moment,) = moments
    rss = parsed(feed(stranger, "sections/security/feed", "rss").content)
    atom = parsed(feed(stranger, "sections/security/feed", "atom").content)
    told = datetime.strptime(rss.findtext("channel/lastBuildDate"), "%a, %d %b %Y %H:%M:%S %z")
    assert told.timestamp() == parse_http_date(moment)
    assert datetime.fromisoformat(atom.findtext(f"{ATOM}updated")) == told
    assert rss.findtext("channel/ttl") == "30"


# What a web process keeps, the tests do not.
ENTRIES = 4  # articles, bylines, authors, topics
ACCESS = 5  # rules, openings, terms of articles, the meter and its allowance
STATE = 1  # since when the feed is as it is
# Whether an institution asks, and when the clock changes the page next: scheduled articles, three times of terms,
# contracts. The rules and openings, which move that as well, are at hand.
EVERY_PAGE = 6


@pytest.mark.parametrize("stem", STEMS)
def test_a_feed_costs_the_same_queries_however_long_it_is(
    stem: str, stranger: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    of_the_row = {"sections": 2, "topics": 2, "authors": 2, "series": 1}.get(stem.partition("/")[0], 0)
    belonging(photo=make.photo())
    feed(stranger, stem, "rss")
    for _length in ("short", "long"):
        with django_assert_num_queries(ENTRIES + ACCESS + STATE + EVERY_PAGE + of_the_row):
            feed(stranger, stem, "rss")
        for number in range(5):
            belonging(authors=[make.author(), make.author(f"Author {number}")], photo=make.photo())
        feed(stranger, stem, "rss")


# --- Where they are --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", LISTS)
def test_the_head_of_a_list_page_names_its_three_feeds(page: str, stranger: Client) -> None:
    belonging()
    text = stranger.get(f"/{page}/").content.decode()
    for form, suffix in FORMS.items():
        assert f'<link rel="alternate" type="{TYPES[form]}" href="/{page}/feed.{suffix}"' in text


def test_the_page_for_people_names_the_feeds_of_the_site_and_of_each_section(stranger: Client) -> None:
    make.article(section=make.section("Climate", is_in_navigation=False))
    empty_library()
    text = stranger.get("/feeds/").content.decode()
    for stem in ("feeds/latest", "sections/security/feed", "sections/climate/feed"):
        for suffix in FORMS.values():
            assert f'href="/{stem}.{suffix}"' in text
    assert 'id="who-may-read"' in text
    assert 'href="/account/"' in text
