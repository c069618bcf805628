"""Rules for readers: the first that fits decides, at once and on kept pages too. And the order of their list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from articles.models import Article, CachePurge
from articles.page_store import PageStore, store
from paywall.asking import ArticleFacts, Ask, RuleFacts
from paywall.models import Rule
from paywall.rules.order import covers, forestalled
from tests import make
from tests.paywall.rule_forms import ADD, address, do, publisher_client, save

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def publisher(db: None) -> Client:
    return publisher_client()


def reads(client: Client, article: Article) -> bool:
    return vars(article)["sentinel"] in client.get(article.get_absolute_url()).content.decode()


# --- What readers get ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize(
    ("ask", "tier", "who_reads"),
    [
        ("open", "premium", (True, True, True)),
        ("registration", "premium", (False, True, True)),
        ("registration", "free", (False, True, True)),
        ("meter", "free", (False, True, True)),
        ("plan", "free", (False, False, True)),
        ("plan", "registered", (False, False, True)),
    ],
)
def test_a_saved_rule_decides_for_each_class_of_readers(
    publisher: Client,
    stranger: Client,
    registered: Client,
    subscriber: Client,
    ask: str,
    tier: str,
    who_reads: tuple[bool, ...],
) -> None:
    section = make.section("World")
    article = make.article(tier=tier, section=section)
    other = make.article(tier="free")
    assert save(publisher, ADD, ask=ask, section=section.pk).status_code == 302
    assert tuple(reads(client, article) for client in (stranger, registered, subscriber)) == who_reads
    assert reads(stranger, other)


@pytest.mark.django_db
@pytest.mark.usefixtures("at_noon")
def test_the_first_that_fits_decides(publisher: Client, stranger: Client) -> None:
    article = make.article()
    save(publisher, ADD, name="Closed", ask="plan")
    save(publisher, ADD, name="Open", ask="open")
    assert not reads(stranger, article)
    second = Rule.objects.get(name="Open")
    do(publisher, second, "up")
    assert reads(stranger, article)
    do(publisher, second, "switch-off")
    assert not reads(stranger, article)
    do(publisher, second, "switch-on")
    assert reads(stranger, article)
    do(publisher, second, "delete")
    assert not reads(stranger, article)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["topic", "author", "series", "section"])
def test_a_rule_is_about_what_it_names_and_nothing_else(
    publisher: Client, stranger: Client, at_noon: None, kind: str
) -> None:
    row = getattr(make, kind)()
    named: dict[str, Any] = {"topics": [row]} if kind == "topic" else {"authors": [row]}
    article, other = make.article(**(named if kind in {"topic", "author"} else {kind: row})), make.article()
    save(publisher, ADD, ask="open", **{kind: row.pk})
    assert (reads(stranger, article), reads(stranger, other)) == (True, False)


@pytest.mark.django_db
def test_an_archive_opens_and_news_close_to_the_second(publisher: Client, stranger: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        article = make.article(published_at=NOON)
        save(publisher, ADD, name="Archive", ask="open", older=(30, "days"))
        save(publisher, ADD, name="News", ask="open", younger=(6, "hours"))
    for age, is_open in ((6 * 3600 - 1, True), (6 * 3600, False), (30 * 86_400 - 1, False), (30 * 86_400, True)):
        with time_machine.travel(NOON + timedelta(seconds=age), tick=False):
            assert reads(stranger, article) is is_open, age


@pytest.mark.django_db
@pytest.mark.usefixtures("at_noon")
def test_the_page_that_was_kept_is_asked_anew(publisher: Client, stranger: Client) -> None:
    """Whatever is kept shows what everybody may read; the trigger says so to all, in the transaction of the change."""
    article = make.article()
    changes = [
        lambda: save(publisher, ADD, ask="open"),
        lambda: save(publisher, address(Rule.objects.get()), ask="registration"),
        lambda: do(publisher, Rule.objects.get(), "switch-off"),
        lambda: do(publisher, Rule.objects.get(), "delete"),
    ]
    keys = stranger.get(article.get_absolute_url()).headers["Surrogate-Key"].split()
    assert "access" in keys
    for change in changes:
        CachePurge.objects.all().delete()
        change()
        assert "access" in {key for purge in CachePurge.objects.all() for key in purge.keys.split()}


@pytest.mark.django_db
@pytest.mark.usefixtures("at_noon")
def test_a_kept_page_and_the_kept_rules_go_together(publisher: Client, stranger: Client, kept_pages: PageStore) -> None:
    article = make.article()
    assert not reads(stranger, article)
    save(publisher, ADD, ask="open")
    store.purge(["access"])  # as the listener does once it hears the trigger
    assert reads(stranger, article)


# --- The order -------------------------------------------------------------------------------------------------------

hours = st.sampled_from([1, 2, 24]).map(lambda count: timedelta(hours=count))
moments = st.integers(-3, 3).map(lambda count: NOON + timedelta(hours=count))
ids = st.none() | st.integers(1, 2)
rules = st.builds(
    RuleFacts,
    rule_id=st.just(1),
    ask=st.just(Ask.OPEN),
    section_id=ids,
    topic_id=ids,
    series_id=ids,
    author_id=ids,
    tier=st.sampled_from(["", "free", "premium"]),
    older_than=st.none() | hours,
    younger_than=st.none() | hours,
    starts_at=st.none() | moments,
    ends_at=st.none() | moments,
)


def fitting(rule: RuleFacts, published_at: datetime | None) -> ArticleFacts:
    """An article that the rule is about; only the time decides whether it counts."""
    return ArticleFacts(
        article_id=1,
        tier=rule.tier or "registered",
        published_at=published_at,
        section_id=rule.section_id,
        series_id=rule.series_id,
        topic_ids=frozenset({rule.topic_id or 3}),
        author_ids=frozenset({rule.author_id or 3}),
    )


def counts(rule: RuleFacts, article: ArticleFacts, now: datetime) -> bool:
    window = rule.window(article)
    if window is None or not rule.fits(article, article.tier_at(now)):
        return False
    begins, ends = window
    return (begins is None or begins <= now) and (ends is None or now < ends)


FIELDS = (
    "section_id",
    "topic_id",
    "series_id",
    "author_id",
    "tier",
    "older_than",
    "younger_than",
    "starts_at",
    "ends_at",
)
fields = st.sets(st.sampled_from(FIELDS))


@given(narrow=rules, other=rules, swapped=fields, published_at=moments, later=st.integers(0, 6))
def test_a_rule_that_covers_another_counts_whenever_that_counts(
    narrow: RuleFacts, other: RuleFacts, swapped: set[str], published_at: datetime, later: int
) -> None:
    article, now = fitting(narrow, published_at), NOON + timedelta(hours=later)
    wide = replace(narrow, **{name: getattr(other, name) for name in swapped})
    if covers(wide, narrow, NOON):
        assert counts(wide, article, now) or not counts(narrow, article, now)


@given(narrow=rules, left_out=fields)
def test_a_rule_that_looks_at_less_covers_one_that_looks_at_more(narrow: RuleFacts, left_out: set[str]) -> None:
    nothing = RuleFacts(1, Ask.OPEN)
    assert covers(replace(narrow, **{name: getattr(nothing, name) for name in left_out}), narrow, NOON)


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        ({}, {"section_id": 1}, True),
        ({"section_id": 1}, {}, False),
        ({"section_id": 1}, {"section_id": 2}, False),
        ({"tier": "free"}, {"tier": "free", "topic_id": 3}, True),
        ({"older_than": DAY}, {"older_than": 2 * DAY}, True),
        ({"older_than": 2 * DAY}, {"older_than": DAY}, False),
        ({"younger_than": 2 * DAY}, {"younger_than": DAY}, True),
        ({"younger_than": DAY}, {}, False),
        ({"starts_at": NOON}, {}, True),
        ({"starts_at": NOON + DAY}, {}, False),
        ({"starts_at": NOON + DAY}, {"starts_at": NOON + DAY}, True),
        ({"ends_at": NOON + DAY}, {"ends_at": NOON + DAY}, True),
        ({"ends_at": NOON + DAY}, {"ends_at": NOON + 2 * DAY}, False),
    ],
)
def test_one_rule_covers_another(wide: dict[str, Any], narrow: dict[str, Any], is_covered: bool) -> None:
    assert covers(RuleFacts(1, Ask.OPEN, **wide), RuleFacts(2, Ask.OPEN, **narrow), NOON) is is_covered


def test_rules_that_are_not_in_use_neither_cover_nor_are_covered() -> None:
    off, wide, narrow = (
        Rule(pk=1, name="Off", ask="open", is_active=False),
        Rule(pk=2, name="Wide", ask="open"),
        Rule(pk=3, name="Narrow", ask="plan", tier="free"),
    )
    assert forestalled([off, wide, narrow], NOON) == [(narrow, wide)]
    assert forestalled([wide, off], NOON) == []


def test_a_rule_says_itself_in_a_sentence(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    assert Rule(ask="meter").sentence() == "Every article: subscribers, or one of the free articles"
    assert Rule(ask="open", older_than_hours=25, younger_than_hours=24 * 365).sentence() == (
        "Older than 25 hours, younger than 365 days: open to everybody"
    )
    rule = Rule(
        section=make_unsaved("section", "World"),
        topic=make_unsaved("topic", "Ports"),
        author=make_unsaved("author", "Ilse Marchetti"),
        tier="registered",
        starts_at=datetime(2026, 7, 1, 10, tzinfo=UTC),
        ends_at=datetime(2026, 12, 1, tzinfo=UTC),
        ask="plan",
    )
    assert rule.sentence() == (
        "Section World, topic Ports, by Ilse Marchetti, “open to” says registered readers,"
        " from 1 July 2026, 11:00 (Europe/London) on, until 1 December 2026, 00:00 (Europe/London): subscribers alone"
    )


def make_unsaved(kind: str, name: str) -> Any:
    return Rule._meta.get_field(kind).related_model(pk=1, name=name)
