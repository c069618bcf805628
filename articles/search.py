"""The search: which articles match, which of them come first, how they divide. It looks at headline, standfirst and
teaser, and at bodies only where it is told to: for whom that may be, the paywall decides.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import psycopg
from django.db import InternalError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from articles.bodies import Body
from articles.models import Article
from articles.search_languages import configurations

LONGEST_QUERY = 200  # characters; what is beyond is not searched
PAGE_SIZE = 20
MOST_CANDIDATES = 1000  # the newest of all matches; only these are ranked, counted and divided
MOST_OPTIONS = 10  # of a facet, the years apart
HALF_LIFE = timedelta(days=5 * 365.25)
PATIENCE = timedelta(seconds=3)  # that the database may take for one search

_CURSOR = re.compile(r"(-?[0-9]{1,4}\.[0-9]{1,17}) (-?[0-9]{1,18}) ([0-9]{1,18})")


class SearchTooLong(Exception):
    """The database did not finish within `PATIENCE`."""


class BadCursor(Exception):
    """Not a place in a list of results to which a link of ours leads."""


class Order(StrEnum):
    RELEVANCE = "relevance"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Filters:
    """What every match has to have: primary keys, and a year in the publication's time zone."""

    section: int | None = None
    topic: int | None = None
    author: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place after one result: its score, its moment in microseconds since 1970, its primary key."""

    score: float
    micros: int
    pk: int

    def __str__(self) -> str:
        text = f"{self.score!r} {self.micros} {self.pk}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """The cursor that was written so. Raises BadCursor."""
        try:
            raw = base64.urlsafe_b64decode(text[:100] + "=" * (-len(text) % 4)).decode("ascii")
        except (binascii.Error, ValueError):
            raise BadCursor from None
        match = _CURSOR.fullmatch(raw)
        cursor = cls(float(match[1]), int(match[2]), int(match[3])) if match else None
        if cursor is None or str(cursor) != text:
            raise BadCursor
        return cursor


@contextmanager
def patient() -> Iterator[CursorWrapper]:
    """A cursor whose statements may each take as long as a search may. Raises SearchTooLong."""
    limits = "SELECT set_config('statement_timeout', %s, true), set_config('jit', 'off', true)"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(limits, [str(int(PATIENCE.total_seconds() * 1000))])
            yield cursor
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise SearchTooLong from error
        raise


# --- what is asked ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """The words as one configuration reads them, for the articles of its languages; `query` is a tsquery as text."""

    configuration: str
    languages: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Question:
    """Words that can be looked for, with quotation marks, `or` and minus as in web searches."""

    readings: tuple[Reading, ...]

    @property
    def excludes(self) -> bool:
        """Whether it may hold words that must not be there."""
        return any("!" in reading.query for reading in self.readings)

    def reading_for(self, language: str) -> Reading | None:
        return next((reading for reading in self.readings if language in reading.languages), None)


def tidy(words: str) -> str:
    """What a reader typed, in one line, composed as texts are, no longer than is searched."""
    return " ".join(unicodedata.normalize("NFC", words[:LONGEST_QUERY].replace("\x00", " ")).split())[:LONGEST_QUERY]


def read_words(words: str, now: datetime) -> Question | None:
    """The words as each language of the library reads them: "die" is nothing in German and something in English.

    None where no language finds a word that could be looked up: only fillers such as "the", or only words with a minus.
    Raises SearchTooLong.
    """
    held = configurations(now)
    statement = """
        SELECT name, query::text
          FROM unnest(%s::text[]) AS name, websearch_to_tsquery(name::regconfig, %s) AS query
         WHERE querytree(query) NOT IN ('', 'T')
    """
    try:
        with patient() as cursor:
            cursor.execute(statement, [list(held), words])
            readings = [Reading(name, tuple(held[name]), query) for name, query in cursor.fetchall()]
    except InternalError:  # "tsquery stack too small": PostgreSQL reads no more than 32 signs in a row
        return None
    return Question(tuple(readings)) if readings else None


# --- the statement ----------------------------------------------------------------------------------------------------

_OUT = "a.status = 'published' AND a.published_at <= %(now)s"
_NEWEST = "ORDER BY published_at DESC, id DESC LIMIT"
_WITH_BODY = f"JOIN {Body._meta.db_table} AS b ON b.article_id = a.id"
_WEIGHTS = "'{0.1, 0.2, 0.4, 1.0}'"  # of body, teaser, standfirst, headline
_FILTERS = {
    "section": "a.section_id = %(section)s",
    "topic": "a.id IN (SELECT article_id FROM articles_article_topics WHERE topic_id = %(topic)s)",
    "author": "a.id IN (SELECT article_id FROM articles_byline WHERE author_id = %(author)s)",
    "year": "a.published_at >= %(year_begins)s AND a.published_at < %(year_ends)s",
}
# What is taken of each candidate. Its row has a place (ctid), which holds for one statement and needs no index.
# OFFSET 0 keeps it a look into an index for each of the few candidates: the planner would rather read a whole table.
_ROW = "LATERAL (SELECT * FROM articles_article WHERE ctid = candidate.place OFFSET 0)"
_ROW_OF_BODY = "LATERAL (SELECT * FROM articles_body WHERE article_id = candidate.id OFFSET 0)"
_TOPICS = "LATERAL (SELECT topic_id AS value FROM articles_article_topics WHERE article_id = ranked.id OFFSET 0)"
_AUTHORS = "LATERAL (SELECT author_id AS value FROM articles_byline WHERE article_id = ranked.id OFFSET 0)"
_FACETS = {
    "section": "SELECT section_id AS value FROM ranked WHERE section_id IS NOT NULL",
    "topic": f"SELECT value FROM ranked, {_TOPICS} AS t",  # noqa: S608 - constants alone
    "author": f"SELECT value FROM ranked, {_AUTHORS} AS l",  # noqa: S608
    "year": "SELECT extract(year FROM published_at AT TIME ZONE %(zone)s)::int AS value FROM ranked",
}


@dataclass(frozen=True, slots=True)
class Search:
    """One page of the answer to a question. Bodies are looked at where `with_bodies`, and only there; those of the
    articles `without_bodies_of` (primary keys) are treated as if they were empty.

    Best first means by log2(rank) + moment / HALF_LIFE: an article has to be twice as relevant to stand before one that
    is five years younger, and of equal ones the younger comes first. The rank is ts_rank_cd over headline (1),
    standfirst (0.4) and teaser (0.2) for each place where the words stand; all that the body has to say counts for less
    than one hit in the headline: rank / (rank + 1), of 0.1 for each place. The present is not in it, so that the order
    of two articles never changes by itself, and a page says the same as long as its articles do.
    """

    question: Question
    filters: Filters = Filters()
    order: Order = Order.RELEVANCE
    after: Cursor | None = None
    with_bodies: bool = False
    without_bodies_of: tuple[int, ...] = ()

    def statement(self, now: datetime) -> tuple[str, dict[str, Any]]:
        """One row: how many matches (one more than MOST_CANDIDATES means "more"), the page, the facets.

        Of each table the newest matches alone are taken, through its index of words or, for words that stand
        everywhere, through the index by date; the newest of both are the newest of all.
        """
        hits = [self._hits("a")] + ([self._hits("b")] if self.with_bodies else [])
        body = f", {_ROW_OF_BODY} AS b" if self.with_bodies else ""
        facets = ", ".join(f"({_facet(name, source)}) AS {name}" for name, source in _FACETS.items())
        text = f"""
            WITH newest AS MATERIALIZED (
                SELECT id, published_at, place FROM ({" UNION ".join(hits)}) AS hit {_NEWEST} %(one_more)s
            ), ranked AS MATERIALIZED (
                SELECT a.id, a.section_id, a.published_at, {self._score()} AS score,
                       (extract(epoch FROM a.published_at) * 1000000)::bigint AS micros
                  FROM (SELECT id, place FROM newest {_NEWEST} %(most)s) AS candidate, {_ROW} AS a{body}
            )
            SELECT (SELECT count(*) FROM newest) AS found, ({self._page()}) AS page, {facets}
        """  # noqa: S608 - constants alone; all values are parameters
        return text, self._parameters(now)

    def _hits(self, table: str) -> str:
        """The newest articles whose row in this table (a: article, b: body) matches.

        A word with a minus may stand neither in the body nor in what is open, so with bodies both are looked at.
        """
        conditions = [_OUT, _matches(self.question, table)]
        conditions += [_FILTERS[name] for name, value in asdict(self.filters).items() if value is not None]
        if needs_both := self.with_bodies and self.question.excludes:
            conditions.append(f"(a.search_vector || {self._body_vector()}) @@ {self._query()}")
        if table == "b" and self.without_bodies_of:
            conditions.append("b.article_id <> ALL(%(closed)s)")
        join = _WITH_BODY if table == "b" or needs_both else ""
        where = " AND ".join(conditions)
        return f"""(
            SELECT a.id, a.published_at, a.ctid AS place FROM articles_article AS a {join} WHERE {where}
             ORDER BY a.published_at DESC, a.id DESC LIMIT %(one_more)s
        )"""  # noqa: S608

    def _query(self) -> str:
        """The reading for the row `a`."""
        cases = [
            f"WHEN a.language = ANY(%(languages{number})s) THEN %(query{number})s::tsquery"
            for number in range(len(self.question.readings))
        ]
        return f"(CASE {' '.join(cases)} END)"

    def _body_vector(self) -> str:
        closed = "WHEN b.article_id = ANY(%(closed)s) THEN ''::tsvector"
        return f"(CASE {closed} ELSE b.search_vector END)" if self.without_bodies_of else "b.search_vector"

    def _score(self) -> str:
        if self.order is Order.DATE:
            return "0::float8"
        rank = f"ts_rank_cd({_WEIGHTS}, a.search_vector, {self._query()})"
        if self.with_bodies:
            rank += f" + ts_rank_cd({_WEIGHTS}, {self._body_vector()}, {self._query()}, 32)"
        moment = "extract(epoch FROM a.published_at)::float8 / %(half_life)s"
        return f"round((ln(greatest({rank}, 1e-6)::float8) / ln(2::float8) + {moment})::numeric, 9)::float8"

    def _page(self) -> str:
        condition = "WHERE (score, micros, id) < (%(score)s, %(micros)s, %(pk)s)" if self.after else ""
        by_place = "ORDER BY score DESC, micros DESC, id DESC"
        return f"""
            SELECT coalesce(jsonb_agg(jsonb_build_array(id, score, micros) {by_place}), '[]')
              FROM (SELECT id, score, micros FROM ranked {condition} {by_place} LIMIT %(page)s) AS place
        """  # noqa: S608

    def _parameters(self, now: datetime) -> dict[str, Any]:
        zone = timezone.get_current_timezone()
        values: dict[str, Any] = {
            "now": now,
            "zone": str(zone),
            "half_life": HALF_LIFE.total_seconds(),
            "most": MOST_CANDIDATES,
            "one_more": MOST_CANDIDATES + 1,
            "options": MOST_OPTIONS,
            "page": PAGE_SIZE + 1,
            "closed": list(self.without_bodies_of),
            **asdict(self.filters),
        }
        for number, reading in enumerate(self.question.readings):
            values |= {f"languages{number}": list(reading.languages), f"query{number}": reading.query}
        if (year := self.filters.year) is not None:
            begins, ends = (datetime(number, 1, 1, tzinfo=zone) for number in (year, year + 1))
            values |= {"year_begins": begins, "year_ends": ends}
        if self.after is not None:
            values |= asdict(self.after)
        return values


def _matches(question: Question, table: str) -> str:
    """Each row is asked in its own language: a word with a minus has another stem in another one."""
    return "({})".format(
        " OR ".join(
            f"{table}.language = ANY(%(languages{number})s) AND {table}.search_vector @@ %(query{number})s::tsquery"
            for number in range(len(question.readings))
        )
    )


def _facet(name: str, source: str) -> str:
    by, limit = ("value DESC", "") if name == "year" else ("number DESC, value", "LIMIT %(options)s")
    return f"""
        SELECT coalesce(jsonb_agg(jsonb_build_array(value, number) ORDER BY {by}), '[]')
          FROM (SELECT value, count(*) AS number FROM ({source}) AS each GROUP BY value ORDER BY {by} {limit}) AS option
    """  # noqa: S608


# --- what is found ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results. `total` counts the candidates: all matches, or where `is_capped` the newest of more.

    `facets` holds pairs by name: a primary key of a section, topic or author, or a year, and its number of candidates.
    """

    articles: list[Article]
    total: int
    is_capped: bool
    facets: Mapping[str, list[list[int]]]
    next: Cursor | None


def find(search: Search, now: datetime) -> Found:
    """Raises SearchTooLong."""
    with patient() as cursor:
        cursor.execute(*search.statement(now))
        total, places, *facets = cursor.fetchone()
    page = [Cursor(float(score), micros, pk) for pk, score, micros in json.loads(places)]
    shown = page[:PAGE_SIZE]
    articles = Article.objects.with_card().in_bulk([place.pk for place in shown])
    return Found(
        [articles[place.pk] for place in shown if place.pk in articles],
        min(total, MOST_CANDIDATES),
        total > MOST_CANDIDATES,
        {name: json.loads(rows) for name, rows in zip(_FACETS, facets, strict=True)},
        shown[-1] if len(page) > PAGE_SIZE else None,
    )
