"""Readers from different networks behind one nginx: what is made for an institution or a crawler is nobody else's."""

from __future__ import annotations

import socket
import ssl
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Self

import pytest
from django.utils import timezone

from paywall.models import AddressRange, Crawler, Institution
from tests import make
from tests.edge import Edge, needs_nginx
from tests.newsroom.waiting import eventually
from tests.nginx.conftest import Served
from tests.servers import HOST, Answer, by_each_worker

pytestmark = [needs_nginx, pytest.mark.django_db(transaction=True)]

CAMPUS, HOME = "127.0.0.2", "127.0.0.3"
BOT = {"User-Agent": "Mozilla/5.0 (compatible; Testbot/2.1)"}


class From(Edge):
    """nginx, asked from another address of this machine."""

    address: str

    @classmethod
    def at(cls, edge: Edge, address: str) -> Self:
        here = cls(**{field.name: getattr(edge, field.name) for field in fields(edge)})
        here.address = address
        return here

    def connected(self, name: str = HOST) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(self.address, 0))
        return self.trust.wrap_socket(plain, server_hostname=name)


def read(edge: Edge, address: str, path: str, **options: Any) -> Answer:
    answer = From.at(edge, address).get(path, **options)
    assert answer.status == 200
    return answer


@pytest.fixture
def campus() -> None:
    made = Institution.objects.create(name="City Library", starts_on=date(2026, 1, 1), ends_on=date(2099, 1, 1))
    AddressRange.objects.create(institution=made, network=f"{CAMPUS}/32")


@pytest.mark.attack("C01")
@pytest.mark.parametrize("first", ["campus", "stranger"])
@pytest.mark.usefixtures("campus")
def test_an_institution_and_a_stranger_get_their_own_page_whoever_comes_first(first: str, served: Served) -> None:
    """Each time at an address of the page that nobody has asked for, so that no kept page is in the way."""
    article = make.article()
    for number in range(4):
        path = f"{article.get_absolute_url()}?{number}"
        turns = [(CAMPUS, True), (HOME, False)]
        for address, is_open in turns if first == "campus" else turns[1:]:
            answer = read(served.edge, address, path)
            assert (article.sentinel in answer.text) is is_open
            assert answer.headers["cache-control"].startswith("private, no-store" if is_open else "public")
            assert answer.headers["x-cache"] == "MISS"


@pytest.mark.attack("C01")
@pytest.mark.usefixtures("campus")
def test_the_way_in_leads_a_browser_past_a_page_that_is_kept(served: Served) -> None:
    article = make.article()
    path = article.get_absolute_url()
    gate = read(served.edge, HOME, path)
    assert "/access/institution/" in gate.text
    way_in = From.at(served.edge, CAMPUS).get(f"/access/institution/?next={path}")
    assert (way_in.status, way_in.headers["location"]) == (303, path)
    name, _equals, value = way_in.headers["set-cookie"].partition(";")[0].partition("=")
    assert name == "institution"
    for address, is_open in ((CAMPUS, True), (HOME, False), (CAMPUS, True)):
        read(served.edge, HOME, path)  # now it is kept
        answer = read(served.edge, address, path, cookies={name: value})
        assert (article.sentinel in answer.text) is is_open
        assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.attack("L16")
@pytest.mark.usefixtures("campus")
def test_an_address_in_a_header_opens_nothing(served: Served) -> None:
    article = make.article()
    Crawler.objects.create(name="Testbot", user_agent="Testbot", is_active=True, address_list=CAMPUS)
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"):
        headers = BOT | {name: f"for={CAMPUS}" if name == "Forwarded" else CAMPUS}
        for cookies in ({}, {"csrftoken": "1"}):  # by the way of strangers, and past the cache
            answer = read(served.edge, HOME, article.get_absolute_url(), headers=headers, cookies=cookies)
            assert article.sentinel not in answer.text


@pytest.mark.attack("C01")
def test_a_crawler_that_is_sent_past_the_cache_leaves_nothing_in_it(served: Served) -> None:
    """Stock nginx sends nobody past it by name, so here a cookie does."""
    article = make.article()
    Crawler.objects.create(name="Testbot", user_agent="Testbot", is_active=True, address_list=CAMPUS)
    path, past = article.get_absolute_url(), {"csrftoken": "1"}
    for _turn in range(2):
        answer = read(served.edge, CAMPUS, path, headers=BOT, cookies=past)
        assert article.sentinel in answer.text
        assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("private, no-store", "noarchive")
        assert article.sentinel not in read(served.edge, HOME, path).text
        assert article.sentinel not in read(served.edge, CAMPUS, path, headers=BOT).text  # its name is not handed on


@pytest.mark.usefixtures("campus")
def test_a_range_that_is_removed_closes_in_every_process_within_a_second(served: Served) -> None:
    article = make.article()
    path = article.get_absolute_url()
    door = replace(served.granian, headers={**served.granian.headers, "X-Forwarded-For": CAMPUS})  # as nginx sets it
    assert all(article.sentinel in answer.text for answer in by_each_worker(door, path))
    AddressRange.objects.all().delete()
    removed_at = timezone.now()
    seen: list[tuple[datetime, bool]] = []

    def is_over() -> bool:
        began = timezone.now()
        seen.append((began, article.sentinel in door.get(path).text))
        return began > removed_at + timedelta(seconds=2.5)

    assert eventually(is_over, within=60.0)
    assert not any(is_open for began, is_open in seen if began > removed_at + timedelta(seconds=1))
    assert not any(article.sentinel in answer.text for answer in by_each_worker(door, path))
