"""Crawlers that read in full: how they prove who they are, and that nobody else gets their pages."""

from __future__ import annotations

import ipaddress
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from articles.page_store import PageStore, store
from paywall.models import Crawler
from paywall.ways_in import crawlers
from paywall.ways_in.crawlers import CONFIRMED_FOR, REFUSED_FOR, Names, SystemResolver, confirmed_host, lies_below
from tests import make
from tests.articles.test_purging import keys_of

GOOGLE, ELSEWHERE = "66.249.66.1", "9.9.9.9"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


class FakeResolver:
    def __init__(self, hosts: dict[str, str], addresses: dict[str, list[str]]) -> None:
        self.hosts, self.addresses = hosts, addresses
        self.asked: list[str] = []

    def host_of(self, address: str) -> str:
        self.asked.append(address)
        if address not in self.hosts:
            raise OSError
        return self.hosts[address]

    def addresses_of(self, host: str) -> list[str]:
        if host not in self.addresses:
            raise OSError
        return self.addresses[host]


HOST = "crawl-66-249-66-1.googlebot.com"


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> FakeResolver:
    """Knows Google's machine, one whose owner gave it Google's name, and one that is named after its owner."""
    made = FakeResolver(
        {GOOGLE: HOST, "9.9.9.8": HOST, "9.9.9.7": "crawl.googlebot.com.evil.example"},
        {HOST: [GOOGLE], "crawl.googlebot.com.evil.example": ["9.9.9.7"]},
    )
    monkeypatch.setattr(crawlers, "names", Names(made, patience=30.0))
    return made


def crawler(**fields: Any) -> Crawler:
    fields = {"name": "Googlebot", "user_agent": "Googlebot", "is_active": True, **fields}
    return Crawler.objects.create(**fields)


def by_list(**fields: Any) -> Crawler:
    return crawler(address_list="66.249.64.0/19\n2001:4860:4801::/48", **fields)


def by_name(**fields: Any) -> Crawler:
    return crawler(host_suffixes="googlebot.com\ngoogle.com", **fields)


WAYS = {"list": by_list, "name": by_name}


def ask(article: Any, address: str, user_agent: str = BOT, **headers: str) -> Any:
    return Client().get(article.get_absolute_url(), REMOTE_ADDR=address, headers={"User-Agent": user_agent, **headers})


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.usefixtures("resolver")
def test_a_crawler_that_proves_itself_gets_the_body_and_nothing_is_kept_of_it(way: str) -> None:
    WAYS[way]()
    article = make.article()
    response = ask(article, GOOGLE)
    assert article.sentinel in response.content.decode()
    assert 'data-reason="crawler"' in response.content.decode()
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noarchive"


@pytest.mark.attack("L16")
@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("agent", [BOT, "facebookexternalhit/1.1", "GPTBot/1.2", "Twitterbot/1.0", "Mozilla/5.0", ""])
@pytest.mark.parametrize("address", [ELSEWHERE, "9.9.9.8", "9.9.9.7"])
@pytest.mark.usefixtures("resolver")
def test_a_name_in_the_user_agent_never_suffices(way: str, agent: str, address: str) -> None:
    WAYS[way]()
    article = make.article()
    spoofed = {"X-Forwarded-For": GOOGLE, "X-Real-IP": GOOGLE, "Forwarded": f"for={GOOGLE}"}
    assert article.sentinel not in ask(article, address, agent, **spoofed).content.decode()


@pytest.mark.attack("L16")
@pytest.mark.parametrize("way", list(WAYS))
def test_an_address_of_a_crawler_without_its_name_is_a_stranger_and_costs_no_look_up(
    way: str, resolver: FakeResolver
) -> None:
    WAYS[way]()
    article = make.article()
    response = ask(article, GOOGLE, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    assert article.sentinel not in response.content.decode()
    assert resolver.asked == []


@pytest.mark.attack("L16")
@pytest.mark.parametrize("way", list(WAYS))
def test_crawlers_are_off_until_one_is_switched_on(way: str, resolver: FakeResolver) -> None:
    article = make.article()
    assert article.sentinel not in ask(article, GOOGLE).content.decode()
    row = WAYS[way](is_active=False)
    assert article.sentinel not in ask(article, GOOGLE).content.decode()
    assert resolver.asked == []
    row.is_active = True
    row.save()
    assert article.sentinel in ask(article, GOOGLE).content.decode()


@pytest.mark.attack("C01")
@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("first", ["crawler", "stranger"])
@pytest.mark.usefixtures("resolver")
def test_no_stranger_gets_the_page_of_a_crawler(way: str, first: str, kept_pages: PageStore) -> None:
    WAYS[way]()
    article = make.article()
    turns = [(GOOGLE, True), (ELSEWHERE, False)] * 3
    for address, is_open in turns if first == "crawler" else turns[1:]:
        response = ask(article, address)
        assert (article.sentinel in response.content.decode()) is is_open
        assert response["Cache-Control"].startswith("private, no-store" if is_open else "public")
        assert ("X-Robots-Tag" in response) is is_open


@pytest.mark.usefixtures("resolver")
def test_switching_it_off_closes_with_the_next_purge(kept_pages: PageStore) -> None:
    row, article = by_name(), make.article()
    assert article.sentinel in ask(article, GOOGLE).content.decode()
    assert keys_of(lambda: Crawler.objects.filter(pk=row.pk).update(is_active=False)) == {"crawlers"}
    store.purge(["crawlers"])
    assert article.sentinel not in ask(article, GOOGLE).content.decode()


def test_one_that_cannot_be_verified_cannot_be_switched_on() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        crawler()


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "below"),
    [
        ("crawl.googlebot.com", True),
        ("googlebot.com", True),
        ("notgooglebot.com", False),
        ("googlebot.com.evil.example", False),
        ("com", False),
        ("", False),
    ],
)
def test_a_host_lies_below_a_domain_by_whole_labels(host: str, below: bool) -> None:
    assert lies_below(host, ("googlebot.com",)) is below


def test_a_name_is_kept_until_it_is_old(resolver: FakeResolver) -> None:
    names, google, other = Names(resolver, 30.0), ipaddress.ip_address(GOOGLE), ipaddress.ip_address(ELSEWHERE)
    second = timedelta(seconds=1)
    for address, host, lasts in ((google, HOST, CONFIRMED_FOR), (other, "", REFUSED_FOR)):
        resolver.asked.clear()
        for moment in (NOON, NOON + lasts - second):
            assert names.host_of(address, moment) == host
        assert len(resolver.asked) == 1
        assert names.host_of(address, NOON + lasts) == host
        assert len(resolver.asked) == 2


def test_a_resolver_that_stalls_makes_a_stranger_of_the_crawler_and_holds_no_more_than_two_threads() -> None:
    go_on = threading.Event()

    class Stalling(FakeResolver):
        def host_of(self, address: str) -> str:
            host = super().host_of(address)
            go_on.wait(60)
            return host

    resolver = Stalling({GOOGLE: HOST}, {HOST: [GOOGLE]})
    names = Names(resolver, patience=0.0)
    addresses = [ipaddress.ip_address(GOOGLE), *(ipaddress.ip_address(f"9.9.9.{number}") for number in range(5))]
    try:
        assert [names.host_of(address, NOON) for address in addresses] == [""] * 6
        assert len(resolver.asked) <= crawlers.AT_ONCE
    finally:
        go_on.set()
    patient = Names(FakeResolver({GOOGLE: HOST}, {HOST: [GOOGLE]}), patience=30.0)
    assert patient.host_of(addresses[0], NOON) == HOST


def test_the_resolver_of_the_machine_is_asked_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    def host_by_address(address: str) -> tuple[str, list[str], list[str]]:
        return (f"{HOST.upper()}.", [], [address])

    def addresses(host: str, port: None, **_options: Any) -> list[Any]:
        assert (host, port) == (HOST, None)
        return [(2, 1, 6, "", (GOOGLE, 0)), (10, 1, 6, "", ("2001:4860:4801::1%eth0", 0, 0, 0))]

    monkeypatch.setattr(socket, "gethostbyaddr", host_by_address)
    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    for address, host in ((GOOGLE, HOST), ("2001:4860:4801::1", HOST), (ELSEWHERE, "")):
        assert confirmed_host(SystemResolver(), ipaddress.ip_address(address)) == host


@pytest.mark.parametrize("failing", ["gethostbyaddr", "getaddrinfo"])
def test_an_address_without_a_name_is_nobodys(failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: Any, **_options: Any) -> Any:
        raise socket.herror if failing == "gethostbyaddr" else socket.gaierror

    monkeypatch.setattr(socket, "gethostbyaddr", lambda address: (HOST, [], [address]))
    monkeypatch.setattr(socket, failing, fail)
    assert confirmed_host(SystemResolver(), ipaddress.ip_address(GOOGLE)) == ""
