"""What a change of the rules changes for the articles that are out, counted by the database in one statement.

The expression says the same as `paywall.asking.asking_of`, which alone decides for readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db import connection
from django.urls import reverse
from psycopg.sql import SQL, Composable, Literal

from articles.models import Status
from paywall.asking import ASKS_BY_TIER, Ask, OpeningFacts, Policy, RuleFacts

MOST_EXAMPLES = 10

# Whatever the rules are, it is open by its terms, or asks for one of its plans.
IS_FREE = SQL("terms.free_until > {now} OR article.published_at + terms.free_hours * interval '1 hour' > {now}")
HAS_PLANS = SQL("EXISTS (SELECT FROM paywall_articleterms_plans AS needed WHERE needed.articleterms_id = article.id)")
TIER = SQL("CASE WHEN terms.premium_from <= {now} THEN 'premium' ELSE article.tier END")
HAS_TOPIC = SQL(
    "EXISTS (SELECT FROM articles_article_topics AS topical"
    " WHERE topical.article_id = article.id AND topical.topic_id = {topic})"
)
HAS_AUTHOR = SQL(
    "EXISTS (SELECT FROM articles_byline AS byline"
    " WHERE byline.article_id = article.id AND byline.author_id = {author})"
)

CHANGES = SQL("""
    WITH asked AS MATERIALIZED (
        SELECT article.id, article.published_at, {before} AS before, {after} AS after
          FROM articles_article AS article
          LEFT JOIN paywall_articleterms AS terms ON terms.article_id = article.id
         WHERE article.status = {published} AND article.published_at <= {now}
    ), changed AS MATERIALIZED (
        SELECT * FROM asked WHERE before <> after
    ), kinds AS (
        SELECT before, after, count(*) AS number, sum(id)::text AS mark FROM changed GROUP BY before, after
    )
    SELECT kinds.before, kinds.after, kinds.number, kinds.mark, example.headline, example.slug
      FROM kinds
     CROSS JOIN LATERAL (
        SELECT id
          FROM changed
         WHERE changed.before = kinds.before AND changed.after = kinds.after
         ORDER BY published_at DESC, id DESC
         LIMIT {examples}
     ) AS newest
      JOIN articles_article AS example ON example.id = newest.id
     ORDER BY kinds.number DESC, kinds.before, kinds.after, example.published_at DESC, example.id DESC
""")


@dataclass(frozen=True, slots=True)
class Example:
    headline: str
    address: str


@dataclass(frozen=True, slots=True)
class Change:
    """Articles that ask for one thing before and for another after. `mark` differs where other articles do."""

    before: Ask
    after: Ask
    number: int
    mark: str
    examples: tuple[Example, ...]


def changes_between(
    before: Sequence[RuleFacts], after: Sequence[RuleFacts], openings: Sequence[OpeningFacts], now: datetime
) -> tuple[Change, ...]:
    """Of the articles that are out at `now` (UTC), how many ask for something else by the second list of rules than by
    the first, with the newest of each kind: ten in all, shared out. The largest kind comes first.
    """
    statement = CHANGES.format(
        before=ask_expression(Policy(tuple(before), tuple(openings)), now),
        after=ask_expression(Policy(tuple(after), tuple(openings)), now),
        published=Literal(Status.PUBLISHED.value),
        now=Literal(now),
        examples=Literal(MOST_EXAMPLES),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
    kinds = [(kind, list(found)) for kind, found in groupby(rows, key=lambda row: row[:4])]
    most = MOST_EXAMPLES // len(kinds) if kinds else 0
    return tuple(
        Change(Ask(before), Ask(after), number, mark, tuple(example(*row[4:]) for row in found[: max(1, most)]))
        for (before, after, number, mark), found in kinds
    )


def example(headline: str, slug: str) -> Example:
    return Example(headline, reverse("articles:article", args=[slug]))


def ask_expression(policy: Policy, now: datetime) -> Composable:
    """What is asked at `now` (UTC) by this policy, as text, for rows `article` with their `terms`, if they have any."""
    moment = Literal(now)
    tier = TIER.format(now=moment)
    whens = [
        *(
            (opening_condition(opening), Ask.OPEN)
            for opening in policy.openings
            if is_under_way(opening.starts_at, opening.ends_at, now)
        ),
        (IS_FREE.format(now=moment), Ask.OPEN),
        (HAS_PLANS, Ask.PLAN),
        *(
            (rule_condition(rule, tier, now), rule.ask)
            for rule in policy.rules
            if is_under_way(rule.starts_at, rule.ends_at, now)
        ),
        *((SQL("{} = {}").format(tier, Literal(name)), ask) for name, ask in ASKS_BY_TIER.items()),
    ]
    branches = SQL(" ").join(SQL("WHEN {} THEN {}").format(condition, Literal(ask.value)) for condition, ask in whens)
    return SQL("CASE {} ELSE {} END").format(branches, Literal(Ask.UNKNOWN.value))


def opening_condition(opening: OpeningFacts) -> Composable:
    """For an opening that is under way."""
    if opening.section_id is None:
        return SQL("true")
    return SQL("article.section_id = {}").format(Literal(opening.section_id))


def is_under_way(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> bool:
    return (starts_at is None or starts_at <= now) and (ends_at is None or now < ends_at)


def rule_condition(rule: RuleFacts, tier: Composable, now: datetime) -> Composable:
    """For a rule whose own time is under way."""
    return SQL(" AND ").join(rule_conditions(rule, tier, now) or [SQL("true")])


def rule_conditions(rule: RuleFacts, tier: Composable, now: datetime) -> list[Composable]:
    """The cheap ones first. An article that never came out has no age, and so none of these hold for it."""
    found: list[Composable] = []
    if rule.section_id is not None:
        found.append(SQL("article.section_id = {}").format(Literal(rule.section_id)))
    if rule.series_id is not None:
        found.append(SQL("article.series_id = {}").format(Literal(rule.series_id)))
    if rule.tier:
        found.append(SQL("{} = {}").format(tier, Literal(rule.tier)))
    if rule.older_than is not None:
        found.append(SQL("article.published_at <= {}").format(Literal(now - rule.older_than)))
    if rule.younger_than is not None:
        found.append(SQL("article.published_at > {}").format(Literal(now - rule.younger_than)))
    if rule.topic_id is not None:
        found.append(HAS_TOPIC.format(topic=Literal(rule.topic_id)))
    if rule.author_id is not None:
        found.append(HAS_AUTHOR.format(author=Literal(rule.author_id)))
    return found
