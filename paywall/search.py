"""The search page: what its address asks for, which vector its reader may ask, and what it shows of each article.

Bodies are searched for those alone to whom every premium article is open, but for the articles that need a plan of
which they have none, and shown where `decide` grants the article.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import Model
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from articles.lists import is_public
from articles.models import Article, Author, Section, Topic
from articles.moved import moved_to
from articles.search import BadCursor, Cursor, Filters, Found, Order, Question, Search, find, read_words, tidy
from articles.snippets import Text, highlight, plain_text
from articles.surrogate_keys import card_keys
from paywall.access import ReaderFacts, library_plans, opens_every_premium
from paywall.bodies import open_bodies
from paywall.readers import Reader
from paywall.terms import terms_now

ROWS: Mapping[str, type[Section | Topic | Author]] = {"section": Section, "topic": Topic, "author": Author}
FACETS = (*ROWS, "year")
YEARS = range(1002, 9999)  # in which articles may be published, whatever the time zone


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says, each part in the form in which our links say it; empty where it says nothing."""

    words: str = ""
    filters: tuple[tuple[str, Section | Topic | Author | int], ...] = ()  # by name, in the order of FACETS
    order: Order = Order.RELEVANCE
    after: Cursor | None = None

    @classmethod
    def of(cls, query: QueryDict) -> Asked:
        """Raises Http404 for what no link of ours says: a section, topic or author that is none, a place in a list that
        is none.
        """
        filters = tuple((name, value) for name in FACETS if (value := read_filter(name, query.get(name, ""))))
        after = query.get("after", "")
        try:
            order = Order(query.get("sort") or Order.RELEVANCE)
            return cls(tidy(query.get("q", "")), filters, order, Cursor.read(after) if after else None)
        except (ValueError, BadCursor):
            raise Http404 from None

    def keys(self) -> Filters:
        return Filters(**{name: value if isinstance(value, int) else value.pk for name, value in self.filters})

    def with_filter(self, name: str, value: Section | Topic | Author | int) -> Asked:
        return replace(self, filters=(*self.without(name).filters, (name, value)), after=None)

    def without(self, name: str) -> Asked:
        return replace(self, filters=tuple(pair for pair in self.filters if pair[0] != name), after=None)

    @property
    def url(self) -> str:
        values = {"q": self.words} | {name: getattr(value, "slug", value) for name, value in self.filters}
        if self.order is not Order.RELEVANCE:
            values["sort"] = self.order.value
        if self.after is not None:
            values["after"] = str(self.after)
        return f"{reverse('paywall:search')}?{urlencode(values)}"


def read_filter(name: str, text: str) -> Section | Topic | Author | int | None:
    if not text:
        return None
    if name != "year":
        return list_named(ROWS[name], text)
    if not (text.isascii() and text.isdigit() and len(text) == 4 and int(text) in YEARS):
        raise Http404
    return int(text)


def list_named(model: type[Section | Topic | Author], slug: str) -> Section | Topic | Author:
    """The list with this slug, or the one that had it once. Raises Http404 as its page does."""
    found = model._default_manager.filter(slug=slug).first()
    if found is not None and not is_public(found, timezone.now()):
        raise Http404
    found = found or cast("Section | Topic | Author | None", moved_to(model, slug))
    if found is None:
        raise Http404
    return found


# --- what is shown ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    label: str
    options: list[Link]


@dataclass(frozen=True, slots=True)
class Result:
    """An article with its words marked; `text` is its standfirst, or a piece of its teaser or body that has a hit."""

    article: Article
    headline: SafeString
    text: SafeString


@dataclass(frozen=True, slots=True)
class Answer:
    asked: Asked
    found: Found
    results: list[Result]
    facets: list[Facet]
    surrogate_keys: list[str]

    @property
    def has_one_word(self) -> bool:
        """Beside those that the article must not have."""
        return sum(not word.startswith("-") for word in self.asked.words.split()) == 1

    @property
    def chosen(self) -> list[Link]:
        """The filters that hold, each with the address without it."""
        return [Link(str(value), self.asked.without(name).url) for name, value in self.asked.filters]

    @property
    def orders(self) -> list[tuple[Link, bool]]:
        labels = {Order.RELEVANCE: _("Most relevant"), Order.DATE: _("Newest")}
        asked = replace(self.asked, after=None)
        return [
            (Link(label, replace(asked, order=order).url), order is self.asked.order) for order, label in labels.items()
        ]

    @property
    def first_url(self) -> str:
        return replace(self.asked, after=None).url if self.asked.after else ""

    @property
    def next_url(self) -> str:
        return replace(self.asked, after=self.found.next).url if self.found.next else ""


def answer(asked: Asked, reader: Reader, now: datetime) -> Answer | None:
    """None where the words hold nothing that can be looked for. Raises SearchTooLong."""
    question = read_words(asked.words, now)
    if question is None:
        return None
    with_bodies = opens_every_premium(reader.standing_facts, now)
    closed = closed_by_plan(reader.standing_facts, now) if with_bodies else ()
    found = find(Search(question, asked.keys(), asked.order, asked.after, with_bodies, closed), now)
    bodies = open_bodies(found.articles, reader, now) if with_bodies else {}
    names = {name: model.objects.in_bulk([key for key, _ in found.facets[name]]) for name, model in ROWS.items()}
    keys = [f"{name}-{key}" for name, rows in names.items() for key in rows]
    keys += [f"{name}-{value.pk}" for name, value in asked.filters if not isinstance(value, int)]
    return Answer(
        asked,
        found,
        list(results(question, found.articles, bodies)),
        list(facets(asked, found, names)),
        [*card_keys(found.articles), *keys],
    )


def closed_by_plan(reader: ReaderFacts, now: datetime) -> tuple[int, ...]:
    """The articles that need a plan by which this reader of the library does not hold it, also while they are open to
    everybody: what is searched would else change by the minute.
    """
    plans = library_plans(reader, now)
    if reader.is_staff or None in plans:
        return ()
    return tuple(pk for pk, terms in terms_now().items() if terms.plan_ids and not terms.plan_ids & plans)


def results(question: Question, articles: Sequence[Article], bodies: Mapping[int, str]) -> Iterator[Result]:
    """Each article with the best that can be shown: a standfirst with a hit, else a piece with one, else the
    standfirst, or the beginning where there is none.
    """
    texts = []
    for article in articles:
        piece = plain_text(bodies.get(article.pk, article.teaser))
        texts += [
            Text(article.language, article.headline),
            Text(article.language, article.standfirst),
            Text(article.language, piece, is_long=True),
        ]
    snippets = highlight(question, texts)
    for number, article in enumerate(articles):
        headline, standfirst, piece_of_it = snippets[3 * number : 3 * number + 3]
        wants_piece = piece_of_it.has_hit and not standfirst.has_hit
        text = piece_of_it if wants_piece or not article.standfirst else standfirst
        yield Result(article, headline.html, text.html)


def facets(asked: Asked, found: Found, names: Mapping[str, Mapping[int, Model]]) -> Iterator[Facet]:
    """What can still be chosen: nothing twice, and nothing that all results have."""
    labels = {"section": _("Section"), "topic": _("Topic"), "author": _("Author"), "year": _("Year")}
    chosen = dict(asked.filters)
    for name in FACETS:
        if name in chosen and name in ("section", "year"):
            continue
        options = []
        for key, number in found.facets[name]:
            row: Any = names[name].get(key) if name in names else key
            if row is not None and row != chosen.get(name) and (found.is_capped or number < found.total):
                options.append(Link(str(row), asked.with_filter(name, row).url, number))
        if options:
            yield Facet(name, labels[name], options)
