"""The count of what a change of the rules changes: it says what the decision says, and the numbers are right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Composable

from articles.models import Article, Tier
from paywall.asking import Ask, OpeningFacts, Policy, RuleFacts, asking_of
from paywall.models import ArticleTerms
from paywall.rules.effects import ask_expression, changes_between
from paywall.terms import recorded_facts
from subscriptions.models import Plan
from tests import make

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = RuleFacts(1, Ask.PLAN)

pytestmark = pytest.mark.django_db

# Few values, close together, so that a bound is met exactly as often as it is missed by the smallest step.
hours = st.sampled_from([1, 2, 24])
STEP = timedelta(microseconds=1)
steps = st.sampled_from([timedelta(0), timedelta(0), STEP, -STEP])
moments = st.builds(lambda hours, step: NOON + timedelta(hours=hours) + step, st.integers(-2, 2), steps)
asks = st.sampled_from([Ask.OPEN, Ask.REGISTRATION, Ask.METER, Ask.PLAN])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly not, so that rules fit."""
    return st.none() | st.none() | strategy


places = st.integers(0, 1)  # of two sections, topics, series and authors
articles = st.fixed_dictionaries(
    {
        "tier": st.sampled_from(Tier.values),
        "published_at": moments,
        "section": maybe(places),
        "series": maybe(places),
        "topics": st.sets(places),
        "authors": st.sets(places),
    }
)
terms = st.fixed_dictionaries(
    {
        "free_until": maybe(moments),
        "free_hours": maybe(hours),
        "premium_from": maybe(moments),
        "has_plans": st.sampled_from([False, False, True]),
    }
)
rules = st.fixed_dictionaries(
    {
        "ask": asks,
        "section": maybe(places),
        "series": maybe(places),
        "topic": maybe(places),
        "author": maybe(places),
        "tier": st.sampled_from(["", *Tier.values]),
        "older_than": maybe(hours.map(lambda count: timedelta(hours=count))),
        "younger_than": maybe(hours.map(lambda count: timedelta(hours=count))),
        "starts_at": maybe(moments),
        "ends_at": maybe(moments),
    }
)
openings = st.tuples(moments, moments, maybe(places))


class World:
    """Two of each that a rule can name."""

    def __init__(self) -> None:
        self.sections = [make.section("World"), make.section("Sport")]
        self.series = [make.series("The Harbour"), make.series("The River")]
        self.topics = [make.topic("Ports"), make.topic("Ships")]
        self.authors = [make.author("Ilse Marchetti"), make.author("Jon Vidal")]

    def article(self, said: dict[str, Any], terms: dict[str, Any] | None) -> Article:
        article = make.article(
            body="<p>Short.</p>",
            tier=said["tier"],
            published_at=said["published_at"],
            section=None if said["section"] is None else self.sections[said["section"]],
            series=None if said["series"] is None else self.series[said["series"]],
            topics=[self.topics[place] for place in said["topics"]],
            authors=[self.authors[place] for place in said["authors"]],
        )
        if terms is not None:
            fields = {name: terms[name] for name in ("free_until", "free_hours", "premium_from")}
            row = ArticleTerms.objects.create(article=article, **fields)
            row.plans.set(Plan.objects.all()[:2] if terms["has_plans"] else [])
        return article

    def rule(self, number: int, said: dict[str, Any]) -> RuleFacts:
        def pk(rows: list[Any], place: int | None) -> int | None:
            return None if place is None else rows[place].pk

        return RuleFacts(
            number,
            said["ask"],
            section_id=pk(self.sections, said["section"]),
            series_id=pk(self.series, said["series"]),
            topic_id=pk(self.topics, said["topic"]),
            author_id=pk(self.authors, said["author"]),
            **{name: said[name] for name in ("tier", "older_than", "younger_than", "starts_at", "ends_at")},
        )

    def opening(self, number: int, said: tuple[datetime, datetime, int | None]) -> OpeningFacts:
        starts_at, ends_at, place = said
        return OpeningFacts(number, starts_at, ends_at, None if place is None else self.sections[place].pk)


@pytest.fixture
def world() -> World:
    return World()


def asked_by_database(expression: Composable) -> dict[int, str]:
    statement = SQL(
        "SELECT article.id, {} FROM articles_article AS article"
        " LEFT JOIN paywall_articleterms AS terms ON terms.article_id = article.id"
    ).format(expression)
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return dict(cursor.fetchall())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(st.tuples(articles, maybe(terms)), min_size=1, max_size=4),
    listed=st.lists(rules, max_size=4),
    opened=st.lists(openings, max_size=2),
    now=moments,
)
def test_the_database_says_what_the_decision_says(
    world: World, drawn: list[Any], listed: list[Any], opened: list[Any], now: datetime
) -> None:
    policy = Policy(
        tuple(world.rule(number, said) for number, said in enumerate(listed)),
        tuple(world.opening(number, said) for number, said in enumerate(opened)),
    )
    with transaction.atomic():
        made = [world.article(said, terms) for said, terms in drawn]
        expected = {article.pk: asking_of(recorded_facts(article, policy), policy, now).ask for article in made}
        found = asked_by_database(ask_expression(policy, now))
        transaction.set_rollback(True)
    assert found == {pk: ask.value for pk, ask in expected.items()}


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("terms", "rule", "opening"),
    [
        ({}, {"older_than": HOUR}, None),
        ({}, {"younger_than": HOUR}, None),
        ({}, {"starts_at": NOON + HOUR}, None),
        ({}, {"ends_at": NOON + HOUR}, None),
        ({}, {"starts_at": NOON + HOUR, "younger_than": HOUR}, None),
        ({}, {"ends_at": NOON + HOUR, "older_than": HOUR}, None),
        ({"free_until": NOON + HOUR}, None, None),
        ({"free_hours": 1}, None, None),
        ({"premium_from": NOON + HOUR}, None, None),
        ({"premium_from": NOON + HOUR}, {"tier": "premium"}, None),
        ({}, {}, (NOON + HOUR, NOON + 2 * HOUR)),
        ({}, {}, (NOON, NOON + HOUR)),
    ],
)
def test_both_change_their_mind_at_the_same_microsecond(
    world: World, terms: dict[str, Any], rule: dict[str, Any] | None, opening: tuple[datetime, datetime] | None
) -> None:
    article = make.article(body="<p>Short.</p>", tier="registered", published_at=NOON)
    ArticleTerms.objects.create(article=article, **terms)
    policy = Policy(
        () if rule is None else (RuleFacts(1, Ask.PLAN, **rule),),
        () if opening is None else (OpeningFacts(1, *opening),),
    )
    facts = recorded_facts(article, policy)
    said = []
    for now in (NOON + HOUR - STEP, NOON + HOUR, NOON + HOUR + STEP):
        ask = asking_of(facts, policy, now).ask.value
        assert asked_by_database(ask_expression(policy, now)) == {article.pk: ask}
        said.append(ask)
    is_never = rule is not None and len(rule) == 2 and "tier" not in rule
    assert (len(set(said)) == 1) is is_never


def test_an_article_that_never_came_out_has_no_age(world: World) -> None:
    article = make.article(status="draft", tier="free")
    Article.objects.update(published_at=None)
    article.refresh_from_db()
    for bound in ("older_than", "younger_than"):
        policy = Policy((RuleFacts(1, Ask.PLAN, **{bound: DAY}),))
        assert asked_by_database(ask_expression(policy, NOON)) == {article.pk: "open"}
        assert asking_of(recorded_facts(article, policy), policy, NOON).ask is Ask.OPEN


# --- The count -------------------------------------------------------------------------------------------------------


def counted(before: list[RuleFacts], after: list[RuleFacts], now: datetime = NOON) -> dict[tuple[str, str], int]:
    changes = changes_between(before, after, [], now)
    return {(change.before.value, change.after.value): change.number for change in changes}


def published(number: int, **fields: Any) -> list[Article]:
    fields.setdefault("published_at", NOON - DAY)
    return [make.article(body="<p>Short.</p>", **fields) for _ in range(number)]


def test_each_kind_of_change_is_counted_by_itself(world: World) -> None:
    published(3, tier="premium")
    published(2, tier="free")
    published(1, tier="registered")
    assert counted([], [RULE]) == {("meter", "plan"): 3, ("open", "plan"): 2, ("registration", "plan"): 1}
    assert counted([RULE], []) == {("plan", "meter"): 3, ("plan", "open"): 2, ("plan", "registration"): 1}
    assert counted([RULE], [RULE]) == {}


def test_only_what_is_out_counts(world: World) -> None:
    published(1)
    published(1, published_at=NOON)
    published(1, published_at=NOON + timedelta(seconds=1))
    published(1, status="draft")
    published(1, status="withdrawn")
    assert counted([], [RULE]) == {("meter", "plan"): 2}
    assert counted([], [RULE], NOON + DAY) == {("meter", "plan"): 3}


def test_an_article_counts_once_however_many_topics_authors_and_plans_it_has(world: World) -> None:
    published(1, topics=world.topics, authors=world.authors)
    with_plans = published(1, topics=world.topics)[0]
    ArticleTerms.objects.create(article=with_plans).plans.set(Plan.objects.all())
    topic = RuleFacts(1, Ask.OPEN, topic_id=world.topics[0].pk)
    author = RuleFacts(2, Ask.OPEN, author_id=world.authors[1].pk)
    assert counted([], [topic, author]) == {("meter", "open"): 1}
    assert counted([], [author]) == {("meter", "open"): 1}


def test_ten_examples_are_shared_out_and_the_newest_stand_first(world: World) -> None:
    for age in range(12):
        published(1, headline=f"Paid {age}", published_at=NOON - age * DAY)
        published(1, headline=f"Free {age}", published_at=NOON - age * DAY, tier="free")
    one, other = changes_between([], [RULE], [], NOON)
    for kind, change in (("Paid", one), ("Free", other)):
        assert [example.headline for example in change.examples] == [f"{kind} {age}" for age in range(5)]
        assert change.number == 12
    premium_alone = RuleFacts(1, Ask.PLAN, tier="premium")
    (only,) = changes_between([], [premium_alone], [], NOON)
    assert len(only.examples) == 10


def test_other_articles_of_the_same_number_are_told_apart(world: World) -> None:
    first, second = published(2)
    marks = set()
    for article in (first, second):
        Article.objects.update(status="withdrawn")
        Article.objects.filter(pk=article.pk).update(status="published")
        (change,) = changes_between([], [RULE], [], NOON)
        marks.add((change.number, change.mark))
    assert len(marks) == 2


def test_it_is_one_statement_whatever_the_rules_are(world: World, django_assert_num_queries: Any) -> None:
    published(3, topics=world.topics)
    lists = [RuleFacts(number, Ask.OPEN, topic_id=world.topics[number % 2].pk) for number in range(50)]
    opening = OpeningFacts(1, NOON - DAY, NOON + DAY, world.sections[0].pk)
    with django_assert_num_queries(1):
        changes = changes_between(lists, [*lists[::-1], RULE], [opening], NOON)
    assert changes == ()
