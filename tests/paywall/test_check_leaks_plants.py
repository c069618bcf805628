"""manage.py check_leaks names what a live site gives away: address, class of reader, place and sentence."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpRequest

from articles.models import Article
from paywall.leaks import check as checking
from paywall.leaks import readers, routes
from paywall.management.commands import check_leaks
from tests.paywall.checked_site import Plant, adding, run, sentence_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("brief")]

PLANTED = (
    "articles:front",
    "articles:topic",
    "articles:topic-feed*",
    "articles:author",
    "articles:archive",
    "articles:section",
    "articles:series",
    "robots",
)


@dataclass(slots=True)
class Plants:
    """Ways of giving a sentence away, each at an address of its own."""

    sentence: str
    kept: list[bytes] = field(default_factory=list)

    @property
    def half(self) -> str:
        return " ".join(self.sentence.split()[:9])

    @property
    def body(self) -> str:
        return f"<p>{html.escape(self.sentence)}</p>"

    def for_readers_alone(self, request: HttpRequest, response: Any) -> None:
        if "sessionid" in request.COOKIES:
            adding(f"<!-- {self.sentence} -->")(request, response)

    def in_a_header(self, _request: HttpRequest, response: Any) -> None:
        response["X-Excerpt"] = quote(self.sentence)

    def by_the_look_of_a_file(self, _request: HttpRequest, response: Any) -> None:
        """As a cache does that keeps a payer's page under an address that looks like a style sheet's."""
        if b'data-access="granted"' in response.content:
            self.kept.append(response.content)
        elif self.kept:
            response.content = self.kept[0]
            response.headers.pop("Content-Length", None)

    def in_the_search(self, request: HttpRequest, response: Any) -> None:
        words = request.GET.get("q", "")
        if " or " in words:
            adding(f"<p>… <mark>{self.half}</mark> …</p>")(request, response)
        elif "lantern" in words:
            adding("<p>One article.</p>")(request, response)

    def all(self, address: str) -> dict[str, Plant]:
        data = json.dumps({"@type": "NewsArticle", "articleBody": self.sentence})
        return {
            "/topics/ports/feed.xml": adding(html.escape(html.escape(self.body))),
            "/topics/ports/feed.json": adding(json.dumps({"content_html": self.body})),
            "/authors/ilse-marchetti/": adding(f'<meta name="description" content="{html.escape(self.half)}">'),
            "/archive/": self.for_readers_alone,
            "/robots.txt": self.in_a_header,
            "/search/": self.in_the_search,
            f"{address}?x.css": self.by_the_look_of_a_file,
            "/sections/security/": adding(f'<script type="application/ld+json">{data}</script>'),
            "/series/the-long-harbour/": adding(self.body.replace("old keeper", "o&shy;ld keeper").replace(" ", "\n ")),
        }


def test_each_leak_is_named_with_its_address_its_class_its_place_and_its_sentence(
    site_url: str, closed_two: list[Article], planted: dict[str, Plant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_leaks, "MOST_SHOWN", 10_000)
    monkeypatch.setattr(checking, "READ", {name: routes.READ[name] for name in PLANTED})
    address = closed_two[0].get_absolute_url()
    plants = Plants(sentence_of(closed_two[0]))
    planted |= plants.all(address)
    ended = run(site_url)
    assert ended.code == 1, ended.text
    assert {sentence for at, *_place, sentence in ended.leaks if not at.startswith("/search/")} == {plants.sentence}
    found = {(at, who, where) for at, who, where, _sentence in ended.leaks}
    stranger, spent = readers.STRANGER, "a registered reader with nothing left"
    expected = {
        ("/topics/ports/feed.xml", stranger, "body"),
        ("/topics/ports/feed.json", spent, "body"),
        ("/authors/ilse-marchetti/", "a subscriber", "a meta tag"),
        ("/archive/", spent, "a comment"),
        ("/robots.txt", stranger, "header X-Excerpt"),
        (f"{address}?x.css", stranger, "body"),
        ("/sections/security/", "who holds another article alone", "JSON-LD"),
        ("/series/the-long-harbour/", "a reader whose subscription has ended", "body"),
    }
    assert expected - found == set()
    assert ("/archive/", stranger, "a comment") not in found
    searched = {(where, sentence) for at, _who, where, sentence in ended.leaks if at.startswith("/search/")}
    assert ("body", plants.sentence) in searched
    knows = {sentence for where, sentence in searched if where.startswith("the search knows the word “premiumlantern")}
    assert knows == {plants.sentence}
    assert not any(at in ("/topics/ports/", "/") for at, _who, _where in found)


def test_a_teaser_that_was_stored_with_the_whole_body_is_found(
    site_url: str, closed_two: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "READ", {"articles:article": routes.of_articles})
    article = closed_two[0]
    Article.objects.filter(pk=article.pk).update(teaser=f"<p>{sentence_of(article)}</p>")
    ended = run(site_url)
    assert ended.code == 1, ended.text
    assert (article.get_absolute_url(), readers.STRANGER, "body", sentence_of(article)) in ended.leaks
