"""Wherever it is said who may read an article, what the decision goes by is said: rules, openings and terms, not the
tier alone; and never longer than it holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from articles.marks import Audience, Marks
from articles.models import Article
from articles.page_store import PageStore
from newsletters import daily, follows
from paywall.models import ArticleTerms, Opening, Rule
from tests import make

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=6)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def article(clock: time_machine.Traveller) -> Article:
    filed = {"section": make.section(), "topics": [make.topic()], "authors": [make.author()]}
    return make.article(tier="registered", series=make.series(), published_at=NOON - timedelta(hours=1), **filed)


def by_rule(ask: str, **fields: Any) -> Callable[[Article], None]:
    return lambda _article: Rule.objects.create(name="A rule", ask=ask, **fields) and None


def by_topic(article: Article) -> None:
    Rule.objects.create(name="A rule", ask="plan", topic=article.topics.get())


def by_author(article: Article) -> None:
    Rule.objects.create(name="A rule", ask="open", author=article.byline_authors[0])


def by_opening(article: Article) -> None:
    Opening.objects.create(section=article.section, starts_at=NOON, ends_at=EVENING)


def by_terms(**fields: Any) -> Callable[[Article], None]:
    return lambda article: ArticleTerms.objects.create(article=article, **fields) and None


def by_plan(article: Article) -> None:
    ArticleTerms.objects.create(article=article).plans.add(make.plans()["annual"])


FREE = ("Free", "free", "Free to read.", "Free to read", True, "free")
FREE_UNTIL = (
    "Free until 18:00",
    "free",
    "Free to read for now.",
    "Free to read until 23 November 2026, 18:00 UTC.",
    True,
    "free",
)
REGISTERED = ("Registered readers", "registered", "For registered readers.", "For registered readers", False, "metered")
SUBSCRIBERS = ("Subscribers", "premium", "For subscribers.", "For subscribers", False, "locked")
METERED = (*SUBSCRIBERS[:5], "metered")
PLAN = ("Subscribers of {}", "premium", "For subscribers of {}.", "For subscribers of {}", False, "locked")
# How it comes to be so, and the mark of a list, of a feed in one word and in a sentence, of the page itself, for search
# engines and for networks.
CASES: dict[str, tuple[Callable[[Article], None], tuple[Any, ...]]] = {
    "its tier": (lambda _article: None, REGISTERED),
    "a rule opens": (by_rule("open"), FREE),
    "a rule opens it until a moment": (by_rule("open", ends_at=EVENING), FREE_UNTIL),
    "a rule opens young ones": (by_rule("open", younger_than_hours=7), FREE_UNTIL),
    "a rule by author": (by_author, FREE),
    "a rule puts it behind the meter": (by_rule("meter"), METERED),
    "a rule puts it behind a plan": (by_rule("plan"), SUBSCRIBERS),
    "a rule by topic": (by_topic, SUBSCRIBERS),
    "an opening": (by_opening, FREE_UNTIL),
    "free until": (by_terms(free_until=EVENING), FREE_UNTIL),
    "free at first": (by_terms(free_hours=7), FREE_UNTIL),
    "premium from": (by_terms(premium_from=NOON), METERED),
    "a plan": (by_plan, PLAN),
}
LISTS = [
    "/",
    "/sections/security/",
    "/topics/ports/",
    "/authors/ilse-marchetti/",
    "/series/the-long-harbour/",
    "/archive/2026/11/",
    "/search/?q=story",
]


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def marks_on(page: str) -> list[str]:
    """The marks of lists, without their dots."""
    listed = page.split("<main", 1)[1]
    found = re.findall(r'<p class="meta">\s*(<span class="(?:meta__item )?mark .*?)\n', listed)
    return [plain(each) for each in found]


@pytest.mark.attack("L15")
@pytest.mark.parametrize("case", CASES)
def test_every_surface_says_what_the_decision_goes_by(case: str, stranger: Client, article: Article) -> None:
    settle, told = CASES[case]
    settle(article)
    name = make.plans()["annual"].name
    in_list, word, sentence, on_page, is_free, tier = (
        each.format(name) if isinstance(each, str) else each for each in told
    )
    for path in LISTS:
        found = marks_on(stranger.get(path).content.decode())
        assert set(found) == {in_list}, path
    feed = stranger.get("/feeds/latest.json").json()["items"][0]
    assert feed["_newsroom"]["access"] == word
    assert f"<em>{sentence}</em>" in feed["content_html"]
    assert ("free_until" in feed["_newsroom"]) is (told is FREE_UNTIL)
    page = stranger.get(article.get_absolute_url()).content.decode()
    assert (article.sentinel in page) is is_free
    byline = page.split('class="byline__access"')[1].split("</p>")[0]
    assert on_page in plain(byline)
    data = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)[0])
    assert data["isAccessibleForFree"] is is_free
    assert ("hasPart" in data) is not is_free
    assert re.findall(r'"article:content_tier" content="(\w+)"', page) == [tier]


@pytest.mark.parametrize("case", ["its tier", "a rule opens", "a rule by topic", "an opening", "a plan"])
def test_the_daily_mail_says_the_same(case: str, clock: time_machine.Traveller) -> None:
    follows.follow(make.user(), make.topic())
    filed = {"section": make.section(), "topics": [make.topic()], "authors": [make.author()]}
    article = make.article(tier="registered", published_at=EVENING, **filed)
    settle, told = CASES[case]
    settle(article)
    Opening.objects.update(ends_at=NOON + timedelta(days=2))
    clock.move_to(datetime(2026, 11, 24, 6, 20, tzinfo=UTC))
    daily.queue_letters_of_today()
    make.run_tasks()
    text = str(mail.outbox[-1].body)
    words = {
        "free": "free to read",
        "registered": "for registered readers",
        "premium": "for subscribers",
    }[told[1]]
    name = make.plans()["annual"].name
    assert f"· {words} of {name}\n" in text if case == "a plan" else f"· {words}\n" in text


# --- Till when -------------------------------------------------------------------------------------------------------


@pytest.mark.attack("L27")
@pytest.mark.parametrize(
    "case", ["a rule opens it until a moment", "a rule opens young ones", "an opening", "free until", "free at first"]
)
def test_a_kept_page_goes_on_saying_so_until_that_second_and_no_longer(
    case: str, stranger: Client, kept_pages: PageStore, clock: time_machine.Traveller, article: Article
) -> None:
    settle, _told = CASES[case]
    settle(article)
    for now, in_list, word in (
        (NOON, "Free until 18:00", "free"),
        (EVENING - SECOND, "Free until 18:00", "free"),
        (EVENING, "Registered readers", "registered"),
    ):
        clock.move_to(now)
        for path in LISTS:
            assert set(marks_on(stranger.get(path).content.decode())) == {in_list}, (now, path)
        assert stranger.get("/feeds/latest.json").json()["items"][0]["_newsroom"]["access"] == word
        page = stranger.get(article.get_absolute_url()).content.decode()
        assert (article.sentinel in page) is (word == "free"), now


@pytest.mark.attack("L27")
def test_an_article_that_grows_old_enough_closes_on_every_kept_page(
    stranger: Client, kept_pages: PageStore, clock: time_machine.Traveller, article: Article
) -> None:
    Article.objects.update(tier="free")
    Rule.objects.create(name="The archive is for subscribers", ask="plan", older_than_hours=7)
    assert article.sentinel in stranger.get(article.get_absolute_url()).content.decode()
    clock.move_to(EVENING - SECOND)
    assert article.sentinel in stranger.get(article.get_absolute_url()).content.decode()
    clock.move_to(EVENING)
    assert article.sentinel not in stranger.get(article.get_absolute_url()).content.decode()
    assert {*marks_on(stranger.get("/sections/security/").content.decode())} == {"Subscribers"}


def test_the_related_articles_of_a_kept_page_say_so_too(
    stranger: Client, kept_pages: PageStore, clock: time_machine.Traveller, article: Article
) -> None:
    other = make.article(section=article.section, topics=list(article.topics.all()), published_at=NOON - SECOND)
    assert marks_on(stranger.get(other.get_absolute_url()).content.decode()) == ["Registered readers"]
    by_opening(article)
    kept_pages.purge(["access"])
    assert marks_on(stranger.get(other.get_absolute_url()).content.decode()) == ["Free until 18:00"]
    clock.move_to(EVENING)
    assert marks_on(stranger.get(other.get_absolute_url()).content.decode()) == ["Registered readers"]


def test_the_day_is_named_where_the_end_is_not_today(stranger: Client, article: Article) -> None:
    ArticleTerms.objects.create(article=article, free_until=NOON + timedelta(days=2))
    assert set(marks_on(stranger.get("/sections/security/").content.decode())) == {"Free until 25 November"}


# --- What it costs ---------------------------------------------------------------------------------------------------


def queries_of(client: Client, path: str) -> list[str]:
    """Of its second request: with the first a login is noted."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in queries]


def looked_up_topics(queries: list[str]) -> int:
    return sum('FROM "articles_topic" INNER JOIN "articles_article_topics"' in sql for sql in queries)


@pytest.mark.parametrize("path", [path for path in LISTS if path != "/"])
def test_a_rule_about_topics_costs_one_query_for_each_list_and_none_without_one(
    path: str, registered: Client, article: Article
) -> None:
    for number in range(4):
        belonging = {
            "section": article.section,
            "topics": list(article.topics.all()),
            "authors": article.byline_authors,
        }
        make.article(**belonging, series=article.series, published_at=NOON - timedelta(minutes=number + 1))
    without = queries_of(registered, path)
    Rule.objects.create(name="A rule", ask="open", section=make.section("Trade"))
    assert len(queries_of(registered, path)) == len(without)
    Rule.objects.create(name="Another", ask="open", topic=make.topic("Else"))
    with_topics = queries_of(registered, path)
    assert looked_up_topics(with_topics) - looked_up_topics(without) <= 2  # those that lead the list, and the rest
    assert len(with_topics) - len(without) <= 2
    Rule.objects.create(name="A third", ask="open", author=make.author("Somebody Else"))
    assert len(queries_of(registered, path)) == len(with_topics)


def test_the_front_page_looks_up_the_topics_of_all_its_articles_at_once(registered: Client, article: Article) -> None:
    for number in range(9):
        make.article(section=make.section(f"Section {number % 3}"), published_at=NOON - timedelta(minutes=number + 1))
    without = queries_of(registered, "/")
    Rule.objects.create(name="A rule", ask="open", topic=make.topic("Else"))
    assert len(queries_of(registered, "/")) == len(without) + 1


def test_rules_and_terms_are_looked_up_once_for_a_page(article: Article) -> None:
    others = [make.article() for _each in range(3)]
    marks = Marks(NOON)
    with CaptureQueriesContext(connection) as queries:
        assert marks.of(article).audience is Audience.REGISTERED
        assert {marks.of(other).audience for other in others} == {Audience.SUBSCRIBERS}
        assert marks.of(article) is marks.of(article)
    assert len(queries) == 5, "the rules, the openings, the terms, the meter, its allowance"
