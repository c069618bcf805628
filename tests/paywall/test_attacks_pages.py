"""What is tried at the page of a closed article: reading what is hidden, other forms, spellings and clothes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from tests import make
from tests.paywall import surfaces
from tests.paywall.closed import Closed, closed_article, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

LD = re.compile(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', re.DOTALL)
GONE = (400, 403, 404, 405, 406, 410)


@pytest.fixture
def closed() -> Closed:
    return closed_article()


@pytest.mark.attack("L01")
def test_the_source_of_a_closed_page_holds_no_word_of_what_is_closed(closed: Closed) -> None:
    """Also where no script runs: nothing is sent, so nothing can be uncovered."""
    closed.assert_read_by_the_subscriber_alone()
    page = closed.refused["stranger"].get(closed.path).content.decode()
    assert 'data-access="withheld"' in page
    assert "The ferry left before dawn" in page


@pytest.mark.attack("L02")
def test_structured_data_says_that_it_is_closed_and_holds_no_body(closed: Closed) -> None:
    for who, client in closed.everybody():
        page = client.get(closed.path).content.decode()
        blocks = [json.loads(block) for block in LD.findall(page)]
        assert blocks, who
        assert closed.word not in json.dumps(blocks), who
        assert "articleBody" not in json.dumps(blocks), who
    article = next(part for part in parts_of(blocks) if "isAccessibleForFree" in part and "hasPart" in part)
    assert article["isAccessibleForFree"] is False
    selector = (article["hasPart"][0] if isinstance(article["hasPart"], list) else article["hasPart"])["cssSelector"]
    whole = closed.subscriber.get(closed.path).content.decode()
    assert re.search(rf'class="[^"]*\b{selector.removeprefix(".")}\b', whole)
    closed.assert_read_by_the_subscriber_alone()


def parts_of(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [part for each in value for part in parts_of(each)]
    if isinstance(value, dict):
        return [value, *(part for each in value.values() for part in parts_of(each))]
    return []


@pytest.mark.attack("L03")
@pytest.mark.parametrize("open_words", [0, 8, 800])
def test_descriptions_and_cards_stop_where_the_teaser_stops(open_words: int) -> None:
    """Wherever the editor's cut stands, and with nothing written above it to make a description of."""
    start = f"<p>{'lamp ' * open_words}.</p>" if open_words else ""
    body = f'{start}<hr class="paywall-cut"><p>Behind it stands cutcanaryx, says the keeper.</p>'
    closed = closed_article(body=body, standfirst="")
    vars(closed.article)["sentinel"] = "cutcanaryx"
    closed.assert_read_by_the_subscriber_alone()
    head = closed.refused["stranger"].get(closed.path).content.decode().partition("</head>")[0]
    assert "<meta" in head
    for path in (
        "/",
        "/archive/",
        "/sections/security/",
        "/topics/ports/",
        "/authors/ilse-marchetti/",
        "/feeds/latest.xml",
    ):
        closed.assert_nowhere_at(path)


FORMS = ["amp/", "print/", "reader/", "embed/", "body/", ".json", ".md", ".txt", ".amp", "index.json", "index.md"]
QUERIES = ["output=amp", "amp=1", "print=1", "embed=1", "format=json", "view=reader", "full=1", "outputType=amp"]


@pytest.mark.attack("L06")
def test_a_query_asks_for_no_other_form_of_the_page(closed: Closed) -> None:
    for query in QUERIES:
        closed.assert_read_by_the_subscriber_alone(f"{closed.path}?{query}")


@pytest.mark.attack("L06")
@pytest.mark.attack("L07")
def test_there_is_no_other_form_of_an_article(closed: Closed) -> None:
    for form in FORMS:
        for path in (closed.path + form, closed.path.rstrip("/") + form):
            answer = closed.assert_nowhere_at(path)
            assert answer.status_code in GONE, path


@pytest.mark.attack("L07")
def test_what_a_client_accepts_opens_nothing(closed: Closed) -> None:
    for accept in [
        "application/json",
        "text/markdown",
        "text/plain",
        "application/activity+json",
        "application/ld+json",
    ]:
        closed.assert_read_by_the_subscriber_alone(Accept=accept)
        assert (
            closed.refused["stranger"]
            .get(closed.path, headers={"Accept": accept})["Content-Type"]
            .startswith("text/html")
        )


@pytest.mark.attack("L08")
def test_there_is_no_copy_for_machines(closed: Closed) -> None:
    for path in ["/llms.txt", "/llms-full.txt", "/.well-known/llms.txt", "/ai.txt", "/index.md"]:
        assert closed.assert_nowhere_at(path).status_code == 404


APIS = [
    "/api/",
    "/api/articles/",
    "/api/v1/articles/?fields=body",
    "/api/articles/{id}/?include=body",
    "/graphql",
    "/graphql/",
    "/wp-json/wp/v2/posts?slug={slug}",
    "/ghost/api/content/posts/?include=html",
    "/rest/articles/{id}",
]


@pytest.mark.attack("L09")
def test_there_is_no_interface_that_could_be_asked_for_a_body(closed: Closed) -> None:
    for pattern in APIS:
        path = pattern.format(id=closed.article.pk, slug=closed.article.slug)
        assert closed.assert_nowhere_at(path).status_code == 404


FILTERS = [
    "body__startswith=They",
    "body__html__contains={word}",
    "fields=body",
    "include=body",
    "search_vector={word}",
]


@pytest.mark.attack("L09")
@pytest.mark.attack("L10")
def test_lists_know_no_parameters_that_filter_or_sort_by_what_is_closed(closed: Closed) -> None:
    """An unknown parameter changes nothing, whether what it says of the body is true or not."""
    for path in ["/", "/archive/", "/sections/security/", "/topics/ports/", "/search/?q=story"]:
        stranger = closed.refused["stranger"]
        joint = "&" if "?" in path else "?"
        usual = stranger.get(path).content
        for pattern in [*FILTERS, "order_by=body", "ordering=-body__html", "slug:[='"]:
            for word in (closed.word, "nothingatall"):
                answer = stranger.get(path + joint + pattern.format(word=word))
                assert answer.status_code == 200, pattern
                is_as_usual = answer.content == usual
                assert is_as_usual, (path, pattern)
        closed.assert_read_by_the_subscriber_alone()


HOSTILE = ["'", '"', "1 OR 1=1", "'; SELECT pg_sleep(9)--", "\\", "%27", "[]", "-1", "1e9", "\x00", "💥", "a" * 3000]


# Fewer than a stranger may search in a minute.
READ_BY = {
    "/search/": ("q", "sort", "section", "topic", "author", "year", "after"),
    "/sections/security/": ("after", "before", "page"),
    "/sitemap-sections.xml": ("p",),
}


@pytest.mark.attack("L10")
def test_hostile_parameters_of_lists_are_words_or_refused(closed: Closed) -> None:
    stranger = closed.refused["stranger"]
    for path, parameters in READ_BY.items():
        for parameter in parameters:
            for value in HOSTILE:
                answer = stranger.get(path, {"q": "story", parameter: value})
                assert answer.status_code in (200, 301, 302, 400, 404), (path, parameter, value)
                assert closed.word not in text_of(answer)
    closed.assert_read_by_the_subscriber_alone()


@pytest.mark.attack("L11")
def test_nothing_can_be_embedded(closed: Closed) -> None:
    for pattern in ["/oembed?url={url}", "/oembed/?url={url}&format=json", "/embed/{slug}/", "/api/oembed?url={url}"]:
        draft = make.article(status="draft")
        for article in (closed.article, draft):
            path = pattern.format(url=f"http://testserver{article.get_absolute_url()}", slug=article.slug)
            assert closed.assert_nowhere_at(path).status_code == 404
            assert draft.headline not in text_of(Client().get(path))
        page = closed.refused["stranger"].get(closed.path)
        assert "oembed" not in page.content.decode()
        assert page["X-Frame-Options"] == "DENY"


@pytest.mark.attack("L12")
def test_nothing_is_pushed_to_other_networks(closed: Closed) -> None:
    for path in [
        "/.well-known/webfinger?resource=acct:news@testserver",
        "/.well-known/nodeinfo",
        "/actor",
        "/inbox",
        "/outbox",
        "/ap/outbox",
        "/websub",
        "/apple-news/",
    ]:
        assert closed.assert_nowhere_at(path).status_code == 404
        assert closed.assert_nowhere_at(path, Accept="application/activity+json").status_code == 404
        assert "hub" not in closed.refused["stranger"].get("/feeds/latest.xml").headers.get("Link", "")


CRAWLERS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1",
    "Twitterbot/1.0",
    "GPTBot/1.2",
    "ClaudeBot/1.0",
    "ia_archiver",
]


@pytest.mark.attack("L16")
def test_the_name_of_a_crawler_opens_nothing(closed: Closed) -> None:
    for agent in CRAWLERS:
        for network in ("66.249.66.1", "66.249.66.1, 127.0.0.1", "127.0.0.1"):
            told = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"), network)
            closed.assert_read_by_the_subscriber_alone(**{"User-Agent": agent} | told)


@pytest.mark.attack("L17")
def test_where_a_reader_comes_from_opens_nothing(closed: Closed) -> None:
    for referer in [
        "https://www.google.com/",
        "https://t.co/x",
        "https://www.facebook.com/",
        "https://news.google.com/x",
        "/",
    ]:
        closed.assert_read_by_the_subscriber_alone(Referer=referer)
        assert closed.refused["stranger"].get(closed.path, headers={"Referer": referer}).content == (
            closed.refused["stranger"].get(closed.path).content
        )


@pytest.mark.attack("L18")
def test_cookies_and_headers_that_are_made_up_open_nothing(closed: Closed) -> None:
    for number in range(len(surfaces.DISGUISES)):
        headers = surfaces.DISGUISES[number]
        page = text_of(Client().get(closed.path, headers=headers))
        assert closed.word not in page
        assert closed.word in text_of(closed.subscriber.get(closed.path))


@pytest.mark.attack("L18")
def test_an_underscore_in_a_header_is_no_header_of_ours(closed: Closed) -> None:
    forged = {"HTTP_REMOTE_USER": "subscriber@example.org", "REMOTE_USER": "subscriber@example.org"}
    assert closed.word not in text_of(Client().get(closed.path, **forged))
    closed.assert_read_by_the_subscriber_alone()


@pytest.mark.attack("L19")
def test_other_spellings_of_the_address_lead_to_it_or_nowhere(closed: Closed) -> None:
    """Never to a page that is less closed: what answers 200 at another spelling shows a stranger the gate."""
    stranger = closed.refused["stranger"]
    for path in surfaces.addresses(closed.article, closed.word):
        answer = stranger.get(path)
        assert answer.status_code in (200, 301, 302, *GONE), (path, answer.status_code)
        page = text_of(answer)
        assert closed.word not in page or closed.word in path, path
        assert 'data-access="granted"' not in page, path
    assert stranger.get(closed.path.rstrip("/"))["Location"] == closed.path
    assert stranger.get(closed.path.upper()).status_code == 404
    closed.assert_read_by_the_subscriber_alone()


@pytest.mark.attack("L21")
def test_other_methods_reach_no_page_without_a_gate(closed: Closed) -> None:
    for method in ["options", "post", "put", "patch", "delete", "trace"]:
        for who, client in closed.everybody():
            answer = getattr(client, method)(closed.path)
            assert answer.status_code == 405, who
            assert {"GET", "HEAD"} == set(answer["Allow"].split(", "))
            assert closed.word not in text_of(answer)
        closed.assert_read_by_the_subscriber_alone()


@pytest.mark.attack("L21")
def test_head_says_what_get_says_and_sends_nothing(closed: Closed) -> None:
    for who, client in closed.everybody():
        head, get = client.head(closed.path), client.get(closed.path)
        assert head.status_code == get.status_code == 200
        assert head.content == b""
        differs = {name for name, value in get.items() if head.headers.get(name) != value}
        assert differs <= {"X-Request-ID", "X-Accel-Expires", "ETag"}, who
    closed.assert_read_by_the_subscriber_alone()


@pytest.mark.attack("L34")
def test_there_is_nothing_beside_an_article_that_quotes_it(closed: Closed) -> None:
    for pattern in ["/comments/", "/articles/{slug}/comments/", "/articles/{slug}/notes/", "/reactions/{id}"]:
        path = pattern.format(slug=closed.article.slug, id=closed.article.pk)
        assert closed.assert_nowhere_at(path).status_code == 404


@pytest.mark.attack("C03")
def test_no_address_that_looks_like_another_hands_on_a_subscribers_page(closed: Closed, kept_pages: Any) -> None:
    """Beside C01: what caches go by, a suffix or a query, is not what the page is made by."""
    for ending in ["x.css", ";x.css", "?x.css", "%2fx.css", "%3fx.css", "?utm_source=x", "?a=1&a=2"]:
        assert closed.word in text_of(closed.subscriber.get(closed.path))
        for client in (closed.subscriber, closed.refused["stranger"]):
            answer = client.get(closed.path + ending)
            if client is closed.subscriber and answer.status_code == 200:
                assert answer["Cache-Control"] == "private, no-store"
            else:
                assert closed.word not in text_of(answer)
                assert answer.status_code in (200, 404)
        closed.assert_read_by_the_subscriber_alone()


@pytest.mark.attack("C03")
def test_two_queries_that_read_alike_never_share_a_page(closed: Closed, kept_pages: Any) -> None:
    stranger = closed.refused["stranger"]
    for first, second in (
        ("q=story&sort=date", "sort=date&q=story"),
        ("q=a%20b", "q=a+b"),
        ("q=story", "q=story&q=other"),
    ):
        one, other = (stranger.get(f"/search/?{query}").content for query in (first, second))
        assert stranger.get(f"/search/?{first}").content == one
        assert stranger.get(f"/search/?{second}").content == other
    assert b"other" in stranger.get("/search/?q=story&q=other").content
    closed.assert_read_by_the_subscriber_alone()
