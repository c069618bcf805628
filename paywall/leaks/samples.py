"""What a check looks for: sentences and words of bodies that are closed now, which nobody can read anywhere else.

Bodies are read as staff read them. Nothing here says who else may read them.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.apps import apps
from django.db import models

from articles.models import Article
from articles.search import MOST_CANDIDATES, Search, patient, read_words
from paywall.access import ReaderFacts, decide
from paywall.asking import ArticleFacts, Ask, Asking
from paywall.leaks.traces import Piece, Traces, sentences_of, strange_words, words_of
from paywall.terms import asking_now

LOOKED_AT = 40  # articles, for each that is wanted: where most are open, closed ones are rare
MOST_SENTENCES = 300  # of one article
WORDS_ASKED = 2  # of one article, in the search
BATCH = 2000
WHOEVER_MAY_READ_ALL = ReaderFacts(is_staff=True)
CONTINUE = '<span id="continue"'
FOR_SUBSCRIBERS = re.compile(r'<section class="block-subscribers".*?</section>', re.DOTALL)

# Everything else that is written and that anybody may read. A text that is not named here is only one false alarm more.
PUBLIC_FIELDS = {
    "articles.Article": ("headline", "standfirst"),
    "articles.Author": ("name", "role", "biography"),
    "articles.Correction": ("text",),
    "articles.Page": ("title", "standfirst", "html"),
    "articles.Photo": ("alt", "caption", "credit"),
    "articles.Section": ("name", "description"),
    "articles.Series": ("title", "description"),
    "articles.Topic": ("name", "description"),
    "paywall.Opening": ("banner",),
    "subscriptions.Plan": ("name", "description", "button", "small_print"),
}


class NothingToCheck(Exception):
    """There is no closed article with a sentence of its own; the message says what there is."""


@dataclass(slots=True)
class Sample:
    """One article that is closed now, with what may be seen of it by its subscribers alone."""

    article: Article
    asking: Asking
    sentences: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.article.get_absolute_url()


@dataclass(slots=True)
class Samples:
    rows: list[Sample]
    traces: Traces

    @property
    def sentence_count(self) -> int:
        return len(self.traces.all_pieces())


def take_samples(count: int, chance: random.Random, now: datetime) -> Samples:
    """At random `count` articles that are closed at `now` (UTC), of each kind of asking some. Raises NothingToCheck."""
    closed = closed_articles(count, chance, now)
    if not closed:
        raise NothingToCheck("no article that is out is closed to anybody: there is nothing that could leak")
    traces = Traces()
    texts: dict[int, list[tuple[str, bool]]] = {}
    for sample in closed:
        texts[sample.article.pk] = list(closed_sentences(sample, now))
        for sentence, is_for_subscribers_alone in texts[sample.article.pk]:
            traces.add(Piece(sample.article.pk, sentence, is_for_subscribers_alone))
    traces.forget_what_two_share()
    own = OwnWords(texts)
    for public in [*(above_the_gate(sample, now) for sample in closed), *public_texts(closed)]:
        traces.forget_what_is_in(public)
        own.forget(public)
    left = traces.all_pieces()
    for sample in closed:
        sample.sentences = [text for text, _alone in texts[sample.article.pk] if is_left(text, sample, left)]
        sample.words = own.of(sample, now)
    rows = [sample for sample in closed if sample.sentences]
    if not rows:
        raise NothingToCheck(
            f"none of {len(closed)} closed articles has a sentence of its own that is long enough to be known again"
        )
    return Samples(rows, traces)


def is_left(sentence: str, sample: Sample, left: set[Piece]) -> bool:
    return any(Piece(sample.article.pk, sentence, alone) in left for alone in (False, True))


def closed_articles(count: int, chance: random.Random, now: datetime) -> list[Sample]:
    """In turns of each kind of asking, so that a rare kind is not lost among many of another. An open one counts where
    it holds a block for subscribers.
    """
    ids = list(Article.objects.published(now).order_by("pk").values_list("pk", flat=True))
    chance.shuffle(ids)
    by_kind: defaultdict[tuple[Ask, bool, bool], list[Sample]] = defaultdict(list)
    for article in Article.objects.filter(pk__in=ids[: max(200, count * LOOKED_AT)]).order_by("pk"):
        asking = asking_now(article, now)
        if asking.ask not in (Ask.OPEN, Ask.UNKNOWN) or article.has_subscribers_blocks:
            by_kind[asking.ask, bool(asking.plan_ids), article.has_subscribers_blocks].append(Sample(article, asking))
    for rows in by_kind.values():
        chance.shuffle(rows)
    taken: list[Sample] = []
    while len(taken) < count and any(by_kind.values()):
        taken += [rows.pop() for _kind, rows in sorted(by_kind.items()) if rows]
    return taken[:count]


def body_of(article: Article, now: datetime) -> tuple[str, str]:
    """What stands before the place where the teaser stops, and what behind it."""
    access = decide(ArticleFacts(article.pk, article.tier), WHOEVER_MAY_READ_ALL, now)
    above, _anchor, below = article.body_for(access).partition(CONTINUE)
    return above, below.partition("</span>")[2]


def above_the_gate(sample: Sample, now: datetime) -> str:
    """What a stranger sees of it: by the body itself and not by the teaser that is stored, which could be wrong."""
    above, _below = body_of(sample.article, now)
    return FOR_SUBSCRIBERS.sub(" ", above) + sample.article.open_blocks


def closed_sentences(sample: Sample, now: datetime) -> Iterator[tuple[str, bool]]:
    """What the body says, and whether it is for subscribers alone. What stands above the gate is among the public
    texts, and so is not looked for.
    """
    above, below = body_of(sample.article, now)
    is_open = sample.asking.ask is Ask.OPEN
    found = [*marked_sentences(above), *marked_sentences(below)]
    costs = [(text, alone) for text, alone in found if alone or not is_open]
    yield from costs[:MOST_SENTENCES]


def marked_sentences(html: str) -> Iterator[tuple[str, bool]]:
    """The sentences, and whether they stand in a block for subscribers."""
    end = 0
    for block in FOR_SUBSCRIBERS.finditer(html):
        yield from ((sentence, False) for sentence in sentences_of(html[end : block.start()]))
        yield from ((sentence, True) for sentence in sentences_of(block[0]))
        end = block.end()
    yield from ((sentence, False) for sentence in sentences_of(html[end:]))


def public_texts(closed: list[Sample]) -> Iterator[str]:
    """All that anybody may read, also of what is not out yet; without the teasers of the articles themselves."""
    others = Article.objects.exclude(pk__in=[sample.article.pk for sample in closed]).order_by("pk")
    for teaser, open_blocks in others.values_list("teaser", "open_blocks").iterator(BATCH):
        yield teaser
        yield open_blocks
    for label, fields in PUBLIC_FIELDS.items():
        model: type[models.Model] = apps.get_model(label)
        for values in model._base_manager.order_by("pk").values_list(*fields).iterator(BATCH):
            yield from (value for value in values if value)


class OwnWords:
    """The words of closed parts that stand in no public text: a search that knows one of them has looked in bodies."""

    def __init__(self, texts: dict[int, list[tuple[str, bool]]]) -> None:
        self.by_article = {
            pk: set(strange_words(" ".join(sentence for sentence, _alone in sentences)))
            for pk, sentences in texts.items()
        }

    def forget(self, public: str) -> None:
        words = set(words_of(public))
        for own in self.by_article.values():
            own -= words

    def of(self, sample: Sample, now: datetime) -> list[str]:
        """A few that a search of bodies finds and a search of what is open does not, in any form of the word."""
        found: list[str] = []
        for word in sorted(self.by_article[sample.article.pk], key=lambda word: (-len(word), word))[:20]:
            if len(found) < WORDS_ASKED and hits(word, now, with_bodies=True) and not hits(word, now):
                found.append(word)
        return found


def hits(word: str, now: datetime, *, with_bodies: bool = False) -> int:
    """How many articles the search finds by the word, up to MOST_CANDIDATES and one."""
    question = read_words(word, now)
    if question is None:
        return 0
    statement, values = Search(question, with_bodies=with_bodies).statement(now)
    with patient() as cursor:
        cursor.execute(statement, values)
        return min(int(cursor.fetchone()[0]), MOST_CANDIDATES + 1)
