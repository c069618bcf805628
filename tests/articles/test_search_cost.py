"""What a search costs the database: buffers are counted, never time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from articles.search import MOST_CANDIDATES, Cursor, Filters, Order, Search, read_words

pytestmark = pytest.mark.django_db

FEW, MANY, EVERY = 1_000, 20_000, 50  # of FEW every fiftieth has the rare word, and none of those that come later
# In `filling` words that differ from row to row, so that the indexes grow as those of real texts do.
ARTICLES = """
    INSERT INTO articles_article (public_id, headline, slug, standfirst, teaser, teaser_word_count, word_count,
                                  language, tier, status, published_at, created_at, modified_at, source_digest)
    SELECT gen_random_uuid(), 'The common story ' || n, 'cost-' || n, 'Word' || n || ' and word' || n %% 997,
           CASE WHEN n <= %(few)s AND n %% %(every)s = 0 THEN 'A rarity' ELSE 'Nothing' END || filling, 0, 0, 'en',
           'premium', 'published', %(now)s - n * interval '1 hour', %(now)s, %(now)s, ''
      FROM generate_series(%(first)s, %(last)s) AS n,
           LATERAL (SELECT string_agg(' filler' || n * k %% 4001, '') AS filling FROM generate_series(1, 30) AS k)
"""
BODIES = """
    INSERT INTO articles_body (article_id, html, continue_at, language)
    SELECT id, '<p>Common ' || teaser || CASE WHEN teaser LIKE 'A rarity%%' THEN ' treasure' ELSE '' END, 0, 'en'
      FROM articles_article WHERE NOT EXISTS (SELECT 1 FROM articles_body WHERE article_id = articles_article.id)
"""


def fill(first: int, last: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")  # of a search before, in the one transaction of a test
        cursor.execute(ARTICLES, {"few": FEW, "every": EVERY, "first": first, "last": last, "now": timezone.now()})
        cursor.execute(BODIES)
        for name in ("article_search", "body_search"):  # what a vacuum does a little later
            cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [name])
        cursor.execute("ANALYZE articles_article, articles_body")


def explain(words: str, **parts: Any) -> dict[str, Any]:
    now = timezone.now()
    question = read_words(words, now)
    assert question is not None
    statement, parameters = Search(question, **parts).statement(now)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        (plan,) = cursor.fetchone()
    found: dict[str, Any] = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return found


def buffers(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_a_rare_word_costs_a_large_library_little_more_than_a_small_one_and_a_common_one_is_capped(
    at_noon: None,
) -> None:
    vectors = [{}, {"with_bodies": True}, {"order": Order.DATE}, {"filters": Filters(year=timezone.now().year)}]
    fill(1, FEW)
    few = [buffers(explain("rarity", **parts)) for parts in vectors]
    fill(FEW + 1, MANY)
    plans = [explain("rarity", **parts) for parts in vectors]
    many = [buffers(plan) for plan in plans]
    assert all(large <= 1.5 * small for small, large in zip(few, many, strict=True)), (few, many)
    assert all("article_search" in json.dumps(plan) for plan in plans)
    assert "body_search" in json.dumps(plans[1])
    assert "body_search" in json.dumps(explain("treasure", with_bodies=True))
    for parts in vectors[:2]:
        common = explain("common", **parts)
        assert rows_of(common, "ranked") == MOST_CANDIDATES
        assert buffers(common) < 20 * MOST_CANDIDATES
        assert buffers(explain("common", after=Cursor(0.0, 0, 1), **parts)) <= 1.1 * buffers(common)


def rows_of(plan: dict[str, Any], name: str) -> int:
    """Those that the part of the statement with this name answered."""
    pending = [plan]
    while pending:
        node = pending.pop()
        if node.get("Subplan Name") == f"CTE {name}":
            return int(node["Actual Rows"])
        pending += node.get("Plans", [])
    raise AssertionError(f"no {name}")
