"""Blocks for subscribers reach nobody else, on no surface; open blocks reach everybody. Over HTTP, as every reader."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from articles.bodies import Body
from articles.models import Article
from articles.page_store import PageStore
from paywall.feed_keys import FeedKey
from paywall.models import ArticleTerms
from tests import make
from tests.paywall import surfaces
from tests.paywall.test_leaks import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

OPEN, SUBSCRIBERS, END = '<section class="block-open">', '<section class="block-subscribers">', "</section>"
NOTE = '<sup class="note"><a href="#note-1">1</a></sup>'
WITHHELD = "This part is for subscribers."


@dataclass(frozen=True)
class Words:
    """One in each part of the body."""

    gated: str = "gatedcanary7x"
    public: str = "opencanary7x"
    secret: str = "secretcanary7x"
    note: str = "notecanary7x"


WORDS = Words()


def body(secret: str = f"They kept {WORDS.secret} here.") -> str:
    return (
        f"{SUBSCRIBERS}<p>First of all {WORDS.secret}.</p>{END}"
        + make.OPENING
        + make.paragraphs("The clerks wrote down the lamps", 4)
        + make.paragraphs(f"They hid {WORDS.gated}", 6)
        + f"{OPEN}<h2>What everybody may know</h2><p>It says {WORDS.public}. Nobody minds.</p>{END}"
        + f"{SUBSCRIBERS}<p>{secret}{NOTE}</p><ul><li>{WORDS.secret}</li></ul>{END}"
        + make.paragraphs(f"Again {WORDS.gated}", 2)
        + f'<ol class="notes"><li id="note-1">A note says {WORDS.note}.</li></ol>'
    )


def story(tier: str, **fields: Any) -> Article:
    return make.article(
        body=body(),
        tier=tier,
        standfirst="",
        section=make.section(),
        topics=[make.topic()],
        authors=[make.author()],
        series=make.series(),
        **fields,
    )


def page_of(client: Client, article: Article) -> str:
    response = client.get(article.get_absolute_url())
    assert response.status_code == 200
    return text_of(response)


@pytest.mark.parametrize("who", ["stranger", "registered", "lapsed"])
@pytest.mark.parametrize("case", ["free", "registered", "premium", "free for a time"])
def test_who_does_not_subscribe_gets_no_block_for_subscribers(
    who: str, case: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    article = story("premium" if case == "free for a time" else case)
    if case == "free for a time":
        ArticleTerms.objects.create(article=article, free_until=timezone.now() + timedelta(hours=3))
    page = page_of(client, article)
    assert WORDS.secret not in page
    assert WORDS.note not in page
    assert page.count(WORDS.public) == 1
    is_granted = 'data-access="granted"' in page
    assert (WORDS.gated in page) is is_granted
    assert page.count(WITHHELD) == (2 if is_granted else 0)
    assert is_granted or who != "registered" or case == "premium"


def test_a_free_read_opens_no_block_for_subscribers(registered: Client) -> None:
    page = page_of(registered, story("premium"))
    assert 'data-reason="metered"' in page
    assert WORDS.gated in page
    assert WORDS.secret not in page
    assert page.count(f'href="{reverse("paywall:plans")}"') >= 2


@pytest.mark.parametrize("who", ["subscriber", "editor"])
@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
def test_who_may_read_all_gets_each_block_once(who: str, tier: str, request: pytest.FixtureRequest) -> None:
    page = page_of(request.getfixturevalue(who), story(tier))
    assert page.count(WORDS.secret) == 3
    assert page.count(WORDS.public) == 1
    assert page.count(WORDS.note) == 1
    assert WITHHELD not in page
    assert page.count('role="group" aria-label="For subscribers"') == 2


def test_open_blocks_stand_behind_the_teaser_and_cost_a_stranger_no_look_at_the_body(stranger: Client) -> None:
    article = story("premium")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = page_of(stranger, article)
    assert not [query for query in queries if "articles_body" in query["sql"]]
    order = [page.index(part) for part in ("Nobody on the quay", 'id="open-blocks"', WORDS.public, 'class="gate"')]
    assert order == sorted(order)
    assert "What everybody may know" in page
    assert page.count('<hr class="left-out">') == 1
    assert page.count('<div class="block-open">') == page.count("block-open") == 1


@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
@pytest.mark.parametrize("who", ["stranger", "registered", "lapsed", "subscriber", "editor"])
def test_lists_feeds_sitemaps_and_search_hold_nothing_of_the_blocks(
    who: str, tier: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    story(tier)
    searches = surfaces.searches(["secretcanary7x", "notecanary7x", "lamps", "first"])
    holds_library = who in ("subscriber", "editor")
    for url in [*map(reverse, surfaces.FIXED), *surfaces.list_pages(), *([] if holds_library else searches)]:
        page = text_of(client.get(url))
        assert f"={WORDS.secret}" in url or WORDS.secret not in page, url
        assert f"={WORDS.note}" in url or WORDS.note not in page, url
    found = client.get("/search/?q=secretcanary7x").content.decode()
    assert ("Story number" in found) is holds_library


@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
def test_no_public_field_holds_a_block_for_subscribers(tier: str) -> None:
    article = Article.objects.get(pk=story(tier).pk)
    fields = " ".join(str(getattr(article, field.name, "")) for field in Article._meta.get_fields())
    assert WORDS.secret not in fields
    assert WORDS.note not in fields
    assert WORDS.public in fields


@pytest.mark.parametrize("who", ["stranger", "registered", "subscriber"])
def test_the_data_of_a_free_article_names_the_part_that_is_not(who: str, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue(who)
    page = page_of(client, story("free"))
    data = json.loads(page.split('<script type="application/ld+json">')[1].split("</script>")[0])
    assert data["isAccessibleForFree"] is True
    assert data["hasPart"]["isAccessibleForFree"] is False
    name = data["hasPart"]["cssSelector"].removeprefix(".")
    assert re.search(rf'<section class="{name}[" ]', page)
    assert "hasPart" not in page_of(client, make.article(tier="free"))


def test_the_own_feed_of_a_subscriber_has_the_blocks(subscriber: Client) -> None:
    story("premium")
    token = FeedKey.objects.make_for(User.objects.get(email="subscriber@example.org").pk, timezone.now())
    feed = Client().get(f"/feeds/private/{token}/feed.json").content.decode()
    assert WORDS.secret in feed
    assert WITHHELD not in feed


# --- what an edit tells ---------------------------------------------------------------------------------------------

NEW = "Quite other words, and many more of them than before. " * 40


@pytest.mark.attack("L23")
@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
def test_an_edit_of_a_block_for_subscribers_changes_nothing_for_a_stranger(
    tier: str, stranger: Client, kept_pages: PageStore
) -> None:
    """Neither page nor validators, though the block is now five times as long and has lost its footnote."""
    article = story(tier)
    paths = [article.get_absolute_url(), "/", "/feeds/latest.xml", "/sections/security/", "/search/?q=lamps"]
    before = [stranger.get(path) for path in paths]
    article.save_with_body(body(NEW).replace(f"{NEW}{NOTE}", NEW).replace("A note says", "No note says"))
    assert "Quite other words" in Body.objects.get().html
    kept_pages.clear()
    for path, former in zip(paths, before, strict=True):
        now = stranger.get(path)
        assert now.content == former.content, path
        for name in ("ETag", "Content-Length", "Last-Modified", "Surrogate-Key"):
            assert now.get(name) == former.get(name), (path, name)


def test_an_edit_of_an_open_block_is_told(stranger: Client, kept_pages: PageStore) -> None:
    article = story("premium")
    before = page_of(stranger, article)
    article.save_with_body(body().replace("Nobody minds", "Everybody minds"))
    kept_pages.clear()
    assert "Everybody minds" in page_of(stranger, article)
    assert "Everybody minds" not in before


def test_previews_show_a_stranger_the_open_block_and_a_subscriber_all(editor: Client) -> None:
    article = story("premium", status="draft")
    address = f"/admin/articles/article/{article.pk}/preview"
    as_stranger = editor.get(f"{address}/stranger/").content.decode()
    assert WORDS.public in as_stranger
    assert WORDS.secret not in as_stranger
    assert WORDS.secret in editor.get(f"{address}/subscriber/").content.decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda html: html.replace(SUBSCRIBERS, "", 1),
        lambda html: html.replace(END, "", 1),
        lambda html: html.replace(SUBSCRIBERS, "<p>" + SUBSCRIBERS, 1),
        lambda html: html.replace(SUBSCRIBERS, '<SECTION class="block-subscribers">', 1),
    ],
)
def test_a_body_whose_marks_were_broken_in_the_database_is_withheld_as_a_whole(change: Any, stranger: Client) -> None:
    article = story("free")
    row = Body.objects.get(pk=article.pk)
    Body.objects.update(html=change(row.html))
    page = page_of(stranger, article)
    assert WORDS.secret not in page
    assert WORDS.gated not in page
    assert WITHHELD in page
