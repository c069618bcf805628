"""No sentence of a gated body on any surface, for any class of reader that may not read it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.models import Article
from paywall.meters.periods import period_of
from paywall.models import MeteredRead
from tests import make
from tests.paywall import surfaces

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

SHORT_BODIES = [
    "<p>One sentence holds {word} and nothing else.</p>",
    "<p>{word}</p>",
    "<p>Two words {word}. Then one more.</p>",
    "<h2>{word}</h2><p>{word} again, twice {word}.</p>",
    '<hr class="paywall-cut"><p>Nothing is open here, says {word}. Nothing at all.</p>',
    '<p>This much is open.</p><hr class="paywall-cut"><p>The rest holds {word}. It is not.</p>',
    '<p>All of it above the cut, {word} too. Never the whole.</p><hr class="paywall-cut">',
    "<ul><li>{word} stands in the longer one of two items</li><li>{word} too</li></ul>",
    "<table><tr><td>{word}</td></tr></table>",
    "<blockquote><p>Quoted {word}</p></blockquote>",
]


@dataclass
class Library:
    premium: list[Article] = field(default_factory=list)
    hidden: list[Article] = field(default_factory=list)
    words: dict[int, str] = field(default_factory=dict)

    def add(self, article: Article, word: str, *, is_hidden: bool = False) -> None:
        (self.hidden if is_hidden else self.premium).append(article)
        self.words[article.pk] = word


@pytest.fixture
def library() -> Library:
    """Long, short and very old articles; drafts, scheduled and withdrawn ones. The output says how to repeat it."""
    seed = int(os.environ.get("LIBRARY_SEED", random.randrange(1_000_000)))
    print(f"again with LIBRARY_SEED={seed}")
    library = Library()
    add_long_articles(library, random.Random(seed))
    add_short_articles(library)
    add_hidden_articles(library)
    return library


def relations() -> dict[str, Any]:
    return {"section": make.section(), "topics": [make.topic()], "authors": [make.author()], "series": make.series()}


def add_long_articles(library: Library, chance: random.Random) -> None:
    for part in range(1, 7):
        age = timedelta(days=chance.choice([0, 1, 30, 400, 5600]), minutes=chance.randrange(1, 600))
        standfirst = chance.choice(["", "A line."])
        article = make.article(
            published_at=timezone.now() - age, standfirst=standfirst, series_part=part, **relations()
        )
        library.add(article, article.sentinel)


def add_short_articles(library: Library) -> None:
    for number, body in enumerate(SHORT_BODIES):
        word = f"shortcanary{number}x"
        library.add(make.article(body=body.format(word=word), standfirst="", **relations()), word)


def add_hidden_articles(library: Library) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    states = [{"status": "draft"}, {"status": "published", "published_at": soon}, {"status": "withdrawn"}]
    for number, state in enumerate(states):
        word = f"hiddencanary{number}x"
        own_topic = {"topics": [make.topic(), make.topic(f"{word}-topic")]}
        article = make.article(
            headline=f"{word} headline", slug=f"{word}-slug", tier="free", **(relations() | own_topic), **state
        )
        library.add(article, article.sentinel, is_hidden=True)


def with_nothing_left(client: Client) -> Client:
    """The reader's allowance is used up on articles that are not of the library."""
    for slot in range(1, settings.MONTHLY_ALLOWANCE + 1):
        other = make.article(status="withdrawn")
        MeteredRead.objects.create(
            user_id=client.session["_auth_user_id"], article=other, period=period_of(timezone.now()), slot=slot
        )
    return client


@pytest.fixture
def registered_with_nothing_left(registered: Client) -> Client:
    return with_nothing_left(registered)


@pytest.fixture
def lapsed_with_nothing_left(lapsed: Client) -> Client:
    return with_nothing_left(lapsed)


def text_of(response: Any) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return headers + response.content.decode("utf-8", "replace")


def assert_absent(words: Iterable[str], response: Any, url: str) -> None:
    """None of the words is in the answer; one that was itself asked for is echoed, and has a test of its own."""
    text = text_of(response)
    for word in words:
        assert f"={word}" in url or word not in text, (url, word)


def every_list(library: Library) -> list[str]:
    words = list(library.words.values())
    return [*lists_without_search(), *surfaces.searches([*words, "story", "harbour", "headline"])]


def lists_without_search() -> list[str]:
    return [*map(reverse, surfaces.FIXED), *surfaces.list_pages()]


@pytest.mark.parametrize("who", ["stranger", "registered_with_nothing_left", "lapsed_with_nothing_left"])
def test_whoever_may_not_read_never_gets_a_gated_word(
    who: str, library: Library, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    for url in [*every_list(library), *(article.get_absolute_url() for article in library.premium)]:
        assert_absent(library.words.values(), client.get(url), url)
    for article in library.premium:
        page = client.get(article.get_absolute_url()).content.decode()
        assert 'data-access="withheld"' in page
        assert 'class="gate' in page


def test_who_may_read_gets_every_word_of_the_same_articles(subscriber: Client, library: Library) -> None:
    for article in library.premium:
        page = subscriber.get(article.get_absolute_url()).content.decode()
        assert library.words[article.pk] in page
        assert 'data-access="granted"' in page
        assert 'class="gate' not in page


@pytest.mark.parametrize("who", ["stranger", "subscriber", "editor"])
def test_lists_feeds_and_sitemaps_hold_no_body_for_anybody(
    who: str, library: Library, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    for url in lists_without_search():  # which subscribers may ask: tests/paywall/test_search_vectors.py
        assert_absent(library.words.values(), client.get(url), url)


def test_disguises_and_variants_open_nothing(stranger: Client, library: Library) -> None:
    article = library.premium[0]
    word = library.words[article.pk]
    for headers in surfaces.DISGUISES:
        text = text_of(Client().get(article.get_absolute_url(), headers=headers))
        assert word not in text, headers
    for url in surfaces.addresses(article, word):
        response = stranger.get(url)
        assert response.status_code in (200, 301, 302, 400, 404, 405, 406), (url, response.status_code)
        assert_absent([word], response, url)


@pytest.mark.parametrize("method", ["head", "options", "post", "put", "patch", "delete"])
def test_other_methods_open_nothing(method: str, stranger: Client, library: Library) -> None:
    article = library.premium[0]
    response = getattr(stranger, method)(article.get_absolute_url())
    assert response.status_code == (200 if method == "head" else 405)
    assert library.words[article.pk] not in text_of(response)


@pytest.mark.parametrize("who", ["stranger", "subscriber"])
def test_what_is_not_out_is_nowhere(who: str, library: Library, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue(who)
    answers = [client.get(article.get_absolute_url()) for article in library.hidden]
    assert [answer.status_code for answer in answers] == [404, 404, 410]
    for article, answer in zip(library.hidden, answers, strict=True):
        assert_absent([library.words[article.pk], article.headline], answer, "its own address")
    lists = [url for url in every_list(library) if "hiddencanary" not in url]
    for url in lists:
        assert "hiddencanary" not in text_of(client.get(url)), url


def test_a_search_for_a_gated_word_answers_as_for_a_word_that_nobody_wrote(
    stranger: Client, registered: Client, library: Library
) -> None:
    word = next(iter(library.words.values()))
    nonsense = "q" * len(word)
    for client in (stranger, registered):
        gated, nothing = (
            client.get("/search/", {"q": query}).content.decode().replace(query, "") for query in (word, nonsense)
        )
        assert gated == nothing


def test_editing_the_gated_part_changes_nothing_that_a_stranger_sees(stranger: Client) -> None:
    article = make.article()
    before = stranger.get(article.get_absolute_url())
    number = int(article.sentinel.removeprefix(make.SENTINEL).removesuffix("x"))
    article.save_with_body(make.long_body(number).replace("They hid", "Somebody hid"))
    after = stranger.get(article.get_absolute_url())
    assert before.content == after.content
    assert before["ETag"] == after["ETag"]
    for url in map(reverse, surfaces.FEEDS):
        assert "Somebody" not in stranger.get(url).content.decode()


def test_the_page_of_an_expired_grant_closes_at_that_second(library: Library) -> None:
    user = make.user()
    grant = make.grant(user, ends_at=timezone.now() + timedelta(hours=1))
    client = make.logged_in(user)
    article = library.premium[0]
    assert library.words[article.pk] in client.get(article.get_absolute_url()).content.decode()
    grant.ends_at = timezone.now()
    grant.save()
    MeteredRead.objects.all().delete()
    page = client.get(article.get_absolute_url(), headers={"Sec-Fetch-Dest": "empty"}).content.decode()
    assert library.words[article.pk] not in page


@pytest.fixture
def broken_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the rule engine fell over")

    monkeypatch.setattr("paywall.middleware.decide", broken)


@pytest.mark.usefixtures("broken_decision")
def test_an_error_in_the_decision_withholds(
    stranger: Client, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    article = library.premium[0]
    response = stranger.get(article.get_absolute_url())
    assert response.status_code == 200
    assert library.words[article.pk] not in response.content.decode()
    assert 'data-reason="undecided"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "could not be decided" in caplog.text
