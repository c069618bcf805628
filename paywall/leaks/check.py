"""One check of a site: every class of reader asks for every address, and nobody may get what they may not read.

It only asks; what is found is told in a `Report`. It changes nothing at the site but for its own readers, which
`readers_of_a_run` removes.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from accounts import limits
from paywall.leaks import guesses
from paywall.leaks.oracle import differs, nonsense_for, questions_about
from paywall.leaks.readers import STRANGER, Readers, Visitor, readers_of_a_run, user_of
from paywall.leaks.routes import READ, READ_BY_STRANGERS, addresses, check_routes, with_queries
from paywall.leaks.samples import Sample, Samples, take_samples
from paywall.leaks.traces import Piece
from paywall.leaks.visits import Answer, Site

MOST_SEARCHED = 20  # words, by each class of reader: half of what the site allows a stranger in a minute
LINKED = re.compile(r"<(?:link|a)\b[^>]*\bhref=\"([^\"#]+)", re.I)
LISTED = re.compile(r"<loc>([^<]+)</loc>")
LOOSE = ("articles:front", "articles:feed-rss", "articles:feed-atom", "articles:feed-json", "articles:sitemap-news")


class CannotCheck(Exception):
    """The site is not one that can be checked from here; the message says why."""


@dataclass(frozen=True, slots=True)
class Leak:
    address: str
    who: str
    where: str
    sentence: str


@dataclass(slots=True)
class Report:
    """What was looked at and what was found. `failed`: addresses that could not be judged. `notes`: what is missing."""

    articles: int = 0
    sentences: int = 0
    words: int = 0
    addresses: set[str] = field(default_factory=set)
    classes: dict[str, None] = field(default_factory=dict)
    requests: int = 0
    leaks: dict[tuple[str, str, str], Leak] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Check:
    site: Site
    samples: Samples
    report: Report
    stranger: Visitor = field(default_factory=lambda: Visitor(STRANGER))
    own_addresses: set[str] = field(default_factory=set)
    _seen: dict[bytes, dict[Piece, str]] = field(default_factory=dict)

    @property
    def by_id(self) -> dict[int, Sample]:
        return {sample.article.pk: sample for sample in self.samples.rows}

    def look(
        self,
        path: str,
        visitor: Visitor,
        headers: dict[str, str] | None = None,
        *,
        method: str = "GET",
        who: str = "",
    ) -> Answer:
        """Ask, and note what the answer tells that this visitor may not read there."""
        answer = self.site.ask(path, visitor.headers | (headers or {}), method, also=settings.SITE_URL)
        name = (who or visitor.name) + ("" if method == "GET" else f", by {method}")
        self.report.addresses.add(path)
        self.report.classes[who or visitor.name] = None
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and path in self.own_addresses:
            self.report.failed.setdefault(path, f"answered {answer.status} to {name}")
        for piece, where in self.found_in(answer).items():
            if not (self.is_own_page(answer, piece) and visitor.may_read(piece, self.by_id[piece.article_id])):
                leak = Leak(answer.asked, name, where, piece.sentence)
                self.report.leaks.setdefault((leak.address, leak.who, leak.where), leak)
        return answer

    def found_in(self, answer: Answer) -> dict[Piece, str]:
        told = "\n".join(f"{name}: {value}" for name, value in answer.headers if name.lower() not in CHANGING)
        digest = blake2b(f"{told}\n\n{answer.text}".encode()).digest()
        if digest not in self._seen:
            self._seen[digest] = self.samples.traces.in_answer(answer.headers, answer.text)
        return self._seen[digest]

    def is_own_page(self, answer: Answer, piece: Piece) -> bool:
        return answer.path.partition("?")[0] == self.by_id[piece.article_id].path

    # --- is it the right site? --------------------------------------------------------------------------------

    def meet(self, control: Visitor) -> None:
        """The site has to know a reader whom this run has just put into the database, and to show the articles to
        them. Else it stands on another database, or nothing could be found. Raises CannotCheck.
        """
        answer = self.site.ask(reverse("account"), control.headers, also=settings.SITE_URL)
        if answer.status != HTTPStatus.OK or user_of(control).email not in answer.text:
            raise CannotCheck(
                f"{self.site.base} does not know a reader whom this database has ({answer.path} answered "
                f"{answer.status}): it stands on another database or has another SECRET_KEY, or is not this site."
            )
        for sample in self.samples.rows:
            seen = {piece.article_id for piece in self.found_in(self.look(sample.path, control))}
            if sample.article.pk not in seen:
                raise CannotCheck(
                    f"a subscriber does not find a sentence of {sample.path} there, so that nothing could be found by "
                    "it. Was the article changed just now?"
                )

    # --- what is asked ----------------------------------------------------------------------------------------

    def every_address(self, visitors: list[Visitor], ended: list[str]) -> None:
        found = addresses(self.samples.rows, READ) + with_queries(self.samples.rows)
        self.own_addresses |= set(found)
        for visitor in [self.stranger, *visitors]:
            for path in found:
                self.look(path, visitor)
        for path in [*addresses(self.samples.rows, READ_BY_STRANGERS), *ended]:
            self.look(path, self.stranger)
        for visitor in visitors:
            if visitor.feed_token:
                for form in ("rss", "json"):
                    self.look(reverse(f"paywall:private-feed-{form}", args=[visitor.feed_token]), visitor)

    def what_pages_lead_to(self) -> None:
        """What the pages of the articles name in their heads and sitemaps list, as far as it is about them."""
        slugs = [sample.article.slug for sample in self.samples.rows]
        listed = [path for path in sorted(self.report.addresses) if path.startswith("/sitemap")]
        pages = [(sample.path, LINKED) for sample in self.samples.rows] + [(path, LISTED) for path in listed]
        for path, pattern in pages:
            text = self.look(path, self.stranger).text
            linked = (self.site.path_of(link, also=settings.SITE_URL) for link in pattern.findall(text))
            for target in dict.fromkeys(linked):
                if target and target not in self.report.addresses and any(slug in target for slug in slugs):
                    self.look(target, self.stranger)

    def disguised(self) -> None:
        for who, headers in guesses.disguises():
            for path in [*(sample.path for sample in self.samples.rows), *map(reverse, LOOSE)]:
                self.look(path, self.stranger, headers, who=who)

    def spelt_otherwise(self) -> None:
        for sample in self.samples.rows:
            for path in dict.fromkeys([*guesses.spellings(sample.article), *guesses.elsewhere(sample.article)]):
                self.look(path, self.stranger)
            for method in guesses.METHODS:
                self.look(sample.path, self.stranger, {"Content-Length": "0"}, method=method)

    def after_a_subscriber(self, control: Visitor) -> None:
        """A cache that keeps what was made for a subscriber hands it to the next one who asks."""
        for sample in self.samples.rows:
            for ending in ("", *guesses.LIKE_FILES):
                self.site.ask(sample.path + ending, control.headers, also=settings.SITE_URL)
                self.look(sample.path + ending, self.stranger)

    def searched(self, visitors: list[Visitor], chance: random.Random) -> None:
        """A word that stands in closed parts alone must be answered as one that nobody wrote."""
        words = [(sample, word) for sample in self.samples.rows for word in sample.words][:MOST_SEARCHED]
        self.report.words = len(words)
        made_up = {len(word): nonsense_for(word, chance) for _sample, word in words}
        for visitor in [self.stranger, *visitors]:
            if visitor.searches_bodies():
                continue
            for sample, word in words:
                self.ask_search(sample, word, made_up[len(word)], visitor)
            for sample in self.samples.rows[:MOST_SEARCHED]:
                for question in questions_about(sample.sentences, chance):
                    self.search(question, visitor)

    def ask_search(self, sample: Sample, word: str, nonsense: str, visitor: Visitor) -> None:
        told = differs(self.search(word, visitor), word, self.search(nonsense, visitor), nonsense)
        if told:  # a page may change between two looks, but not twice in the same way
            told = differs(self.search(word, visitor), word, self.search(nonsense, visitor), nonsense)
        if told:
            sentence = next((text for text in sample.sentences if word in text.casefold()), word)
            leak = Leak(search_address(word), visitor.name, f"the search knows the word “{word}”: {told}", sentence)
            self.report.leaks.setdefault((leak.address, leak.who, leak.where), leak)

    def search(self, words: str, visitor: Visitor) -> Answer:
        """With a cookie of ours, so that no cache keeps what nobody will ask for again."""
        own = {} if "Cookie" in visitor.headers else {"Cookie": f"{settings.CSRF_COOKIE_NAME}={'x' * 32}"}
        return self.look(search_address(words), visitor, own)


CHANGING = {"date", "x-request-id", "set-cookie"}


def search_address(words: str) -> str:
    return f"{reverse('paywall:search')}?{urlencode({'q': words})}"


def check(base: str, articles: int, seed: int, now: datetime, per_second: float) -> Report:
    """Raises CannotCheck, SiteSilent, and what its parts raise where something is missing."""
    check_routes()
    site = Site(base.rstrip("/"), per_second)
    report = Report()
    chance = random.Random(seed)  # noqa: S311 - a choice that can be repeated
    try:
        answer_of(site)
        samples = take_samples(articles, chance, now)
        one = Check(site, samples, report)
        report.articles, report.sentences = len(samples.rows), samples.sentence_count
        with readers_of_a_run(samples.rows, now) as readers:
            report.notes += readers.notes
            run(one, readers, chance)
    finally:
        report.requests = site.requests
        site.close()
        if site.own_address:
            limits.forget("search", limits.network_around(site.own_address))
    return report


def answer_of(site: Site) -> None:
    """Raises CannotCheck where there is no site, or one that leads elsewhere."""
    answer = site.ask(reverse("robots"), also=settings.SITE_URL)
    if answer.status != HTTPStatus.OK:
        leads = f", which leads to {answer.header('Location')}" if answer.header("Location") else ""
        raise CannotCheck(f"{site.base}{answer.path} answered {answer.status}{leads}: is this the address of the site?")


def run(one: Check, readers: Readers, chance: random.Random) -> None:
    control = readers.visitors[0]
    one.meet(control)
    one.every_address(readers.visitors, readers.ended)
    one.what_pages_lead_to()
    one.after_a_subscriber(control)
    one.disguised()
    one.spelt_otherwise()
    one.searched(readers.visitors, chance)
