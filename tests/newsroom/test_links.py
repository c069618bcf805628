"""A full crawl of the demonstration, as a stranger and as a subscriber: every internal link, picture, sheet, script,
feed and sitemap is there, at its final address, and so is the place on the page that a link names.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote, urldefrag, urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from newsroom import demo
from tests import make

HOST = "http://testserver"
MOST_PAGES = 2500  # a site whose pages link to ever new ones would never end
ADDRESSES = ("href", "src", "action", "poster", "data")
IN_XML = re.compile(r"<(?:loc|link|id|guid|atom:link|image:loc)\b[^>]*>(https?://[^<]+)<|\bhref=\"(https?://[^\"]+)\"")
# Entered by a form alone, or left: following them as a link would change who is reading.
NOT_FOLLOWED = re.compile(r"^/(admin/|account/logout/)")


class Links(HTMLParser):
    """What a page links to or shows, and the places on it that a link can name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.places: set[str] = {"", "top"}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places.add(given.get("id", ""))
        is_sent = tag == "form" and given.get("method", "get").lower() == "post"
        for name, value in given.items():
            if name in ADDRESSES and not is_sent:
                self.addresses.append(value)
            if name == "srcset":
                self.addresses += [part.split()[0] for part in value.split(",") if part.strip()]


@dataclass
class Crawl:
    """Follows whatever is linked from the pages that it is given, each address once."""

    client: Client
    broken: list[str] = field(default_factory=list)
    places: dict[str, set[str]] = field(default_factory=dict)
    named: list[tuple[str, str, str]] = field(default_factory=list)  # from where, the page, the place on it

    def run(self, *starts: str) -> int:
        """Returns how many addresses were asked for; at the end `broken` says what is wrong, and where it is linked."""
        known = set(starts)
        waiting = deque((start, "the beginning") for start in starts)
        while waiting:
            address, origin = waiting.popleft()
            for found in self.links_of(address, origin):
                page, place = urldefrag(found)
                if place:
                    self.named.append((address, page, place))
                if page not in known and not NOT_FOLLOWED.match(page):
                    known.add(page)
                    waiting.append((page, address))
            assert len(known) < MOST_PAGES, f"more than {MOST_PAGES} addresses, the last one {address} from {origin}"
        for origin, page, place in self.named:
            if page in self.places and place not in self.places[page]:
                self.broken.append(f"{page} has no #{place}, linked from {origin}")
        return len(known)

    def links_of(self, address: str, origin: str) -> Iterator[str]:
        response = self.client.get(address)
        if response.status_code != 200 and not leads_on(address, response):
            told = response.headers.get("Location", "")
            self.broken.append(f"{address} answers {response.status_code} {told}, linked from {origin}")
            return
        if response.status_code != 200:
            return
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming:
            b"".join(response.streaming_content)  # a file, which links to nothing; read whole it is closed
        elif kind == "text/html":
            links = Links(response.text)
            self.places[address] = links.places
            yield from filter(None, (internal(each, address) for each in links.addresses))
        elif kind.endswith("xml"):
            for match in IN_XML.finditer(response.text):
                if found := internal(match[1] or match[2], address):
                    yield found


def leads_on(address: str, response: HttpResponse) -> bool:
    """Whether it may answer with a redirect: to log in first, and from before a list's first page to that one, which
    the page after it cannot know without a query more.
    """
    path, _, query = address.partition("?")
    wanted = [f"/account/login/?next={path}"]
    if query:
        wanted.append(f"/account/login/?next={quote(address, safe='/')}")
    if query.startswith("after="):
        wanted.append(path)
    return response.status_code == 302 and response.headers.get("Location") in wanted


def internal(address: str, page: str) -> str | None:
    """The path with query and fragment where the address is one of ours, written in full or not."""
    full = urljoin(HOST + page, address.replace("&amp;", "&")).replace(settings.SITE_URL, HOST, 1)
    parts = urlsplit(full)
    if f"{parts.scheme}://{parts.netloc}" != HOST:
        return None
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{parts.path}{query}{fragment}"


@pytest.mark.django_db
def test_no_link_of_the_demonstration_is_broken() -> None:
    call_command("load_demo", verbosity=0)
    reader = make.logged_in(User.objects.get(email=demo.SUBSCRIBER))
    for client in (Client(), reader):
        crawl = Crawl(client)
        asked = crawl.run("/", "/robots.txt", "/sitemap.xml")
        assert crawl.broken == [], "\n".join(crawl.broken)
        assert asked > 150
        assert {"main", "corrections"} <= {place for _, _, place in crawl.named}


@pytest.mark.django_db
def test_the_crawl_finds_what_is_broken() -> None:
    links = '<a href="/nowhere/">no page</a> and <a href="/archive/#no">no place</a>'
    make.article(slug="lost", tier="free", body=f"<p>To {links}.</p>")
    crawl = Crawl(Client())
    crawl.run("/articles/lost/")
    assert any(told.startswith("/nowhere/ answers 404") and "/articles/lost/" in told for told in crawl.broken)
    assert any("/archive/ has no #no" in told for told in crawl.broken)
