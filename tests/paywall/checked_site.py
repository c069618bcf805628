"""A small site for manage.py check_leaks: articles that are closed, a run of the command, and answers that are tampered
with. The fixtures are known to the tests of this folder by its conftest.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from newsroom.headers import HeadersMiddleware
from paywall.access import ReaderFacts, decide
from paywall.asking import ArticleFacts
from paywall.leaks import check as checking
from paywall.leaks import guesses
from tests import make

type Plant = Callable[[HttpRequest, Any], None]


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    text: str

    @property
    def leaks(self) -> list[tuple[str, str, str, str]]:
        """Address, class, place and sentence of each leak that was printed."""
        pattern = r"LEAK at (.*)\n  for   (.*)\n  in    (.*)\n  reads (.*)"
        return [(match[1], match[2], match[3], match[4]) for match in re.finditer(pattern, self.text)]


def run(base_url: str, articles: int = 2, seed: int = 3, **options: Any) -> Ended:
    out = StringIO()
    try:
        call_command("check_leaks", base_url=base_url, articles=articles, seed=seed, rate=1000.0, stdout=out, **options)
    except CommandError as error:
        return Ended(error.returncode, f"{out.getvalue()}{error}")
    return Ended(0, out.getvalue())


@pytest.fixture
def site_url(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the live server, which sends head and body of an answer apart: with Nagle's algorithm the second waits 40 ms
    for the client to confirm the first, on each of some hundred requests.
    """
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    return live_server.url


def filed() -> dict[str, Any]:
    """Fields of an article that stands in lists of every kind."""
    return {
        "section": make.section(),
        "topics": [make.topic()],
        "authors": [make.author()],
        "series": make.series(),
        "published_at": timezone.now() - timedelta(hours=2),
    }


@pytest.fixture
def closed_two(transactional_db: None) -> list[Article]:
    """Two that are closed, and enough others on which a registered reader can spend the free ones."""
    fields = filed()
    for _number in range(6):
        make.article(tier="free", **fields)
    return [
        make.article(body=closed_body("premium"), **fields),
        make.article(body=closed_body("registered"), tier="registered", **fields),
    ]


def closed_body(word: str) -> str:
    """With a sentence whose quotes, dashes, tags and entities are written in many ways elsewhere."""
    number = next(make.numbers)
    secret = (
        f"<p>The {word}lantern{number} called “Old Tom” hung beside the gate &amp; the <em>old</em> keeper’s daughter "
        "counted it twice — nobody else did.</p>"
    )
    return make.OPENING + make.paragraphs("The clerks wrote down the lamps", 12) + secret


def sentence_of(article: Article) -> str:
    """The one that `closed_body` hid."""
    access = decide(ArticleFacts(article.pk, article.tier), ReaderFacts(is_staff=True), timezone.now())
    found = re.search(r"<p>(The \w+lantern.*?)</p>", article.body_for(access))
    assert found is not None
    return html.unescape(re.sub("<[^>]+>", "", found[1]))


def rows() -> dict[str, int]:
    """The number of rows of each table, those of the cache and of tables without a model among them."""
    with connection.cursor() as cursor:
        # Whoever asks for a feed first makes its row there.
        tables = set(connection.introspection.table_names(cursor)) - {"articles_feedstate"}
        counts = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without most of what is guessed, so that a run is about what was planted."""
    few = list(guesses.disguises())[:1]
    monkeypatch.setattr(guesses, "disguises", lambda: iter(few))
    monkeypatch.setattr(guesses, "spellings", lambda _article: iter(()))
    monkeypatch.setattr(guesses, "elsewhere", lambda _article: iter(()))
    monkeypatch.setattr(guesses, "METHODS", ("HEAD",))
    monkeypatch.setattr(checking, "READ_BY_STRANGERS", {})
    monkeypatch.setattr(guesses, "LIKE_FILES", ("?x.css",))


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Plant]:
    """What is done to the answers of the live server, by the beginning of the path."""
    plants: dict[str, Plant] = {}
    answered = HeadersMiddleware.__call__

    def answer(self: HeadersMiddleware, request: HttpRequest) -> Any:
        response = answered(self, request)
        for path_begins, plant in plants.items():
            if request.get_full_path().startswith(path_begins) and not getattr(response, "streaming", False):
                plant(request, response)
        return response

    monkeypatch.setattr(HeadersMiddleware, "__call__", answer)
    return plants


def adding(text: str) -> Plant:
    def plant(_request: HttpRequest, response: Any) -> None:
        response.content += text.encode()
        response.headers.pop("Content-Length", None)

    return plant
