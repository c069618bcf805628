"""Which address a request counts under, with none, one and two proxies of ours before the site."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core import mail
from django.test import Client, RequestFactory

from accounts import limits
from accounts.proxies import UnknownSender, _tell_operator, client_ip
from subscriptions.models import Lead
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

PEER = "192.0.2.1"
READER = "198.51.100.7"
FORGED = "203.0.113.9"


@pytest.fixture(autouse=True)
def first_in_this_process() -> None:
    _tell_operator.cache_clear()


def address(headers: dict[str, str], peer: str = PEER) -> str:
    return client_ip(RequestFactory(REMOTE_ADDR=peer).get("/", headers=headers))


@pytest.mark.attack("A06")
@pytest.mark.parametrize(
    ("proxies", "forwarded", "counts_as"),
    [
        (0, None, PEER),
        (0, FORGED, PEER),
        (0, f"{FORGED}, {READER}", PEER),
        (1, None, PEER),
        (1, READER, READER),
        (1, f"{FORGED}, {READER}", READER),
        (1, f"{FORGED},{FORGED},  {READER}", READER),
        (1, f"{READER}:4711", READER),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (2, f"{READER}, {PEER}", READER),
        (2, f"{FORGED}, {READER}, {PEER}", READER),
    ],
)
def test_only_what_our_proxies_have_appended_counts(
    proxies: int, forwarded: str | None, counts_as: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    others = {"X-Real-IP": FORGED, "Forwarded": f"for={FORGED}", "CF-Connecting-IP": FORGED, "X-Client-IP": FORGED}
    assert address(headers) == counts_as
    assert address(headers | others) == counts_as


@pytest.mark.attack("A06")
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_a_limit_does_not_move_with_what_a_sender_writes(proxies: int, settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"gate": "3/h/ip"}
    appended = {0: "", 1: f", {READER}", 2: f", {READER}, {PEER}"}[proxies]
    statuses = []
    for number in range(6):
        own = f"203.0.113.{number}"
        headers = {"X-Forwarded-For": own + appended, "X-Real-IP": own, "Forwarded": f"for={own}"}
        statuses.append(doors.ask_at_login(Client(headers=headers), f"reader{number}@example.org").status_code)
    assert statuses == [302, 302, 302, 429, 429, 429]


@pytest.mark.attack("A06")
def test_two_readers_behind_one_proxy_are_two(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"gate": "1/h/ip"}
    for number, own in enumerate((READER, FORGED)):
        client = Client(headers={"X-Forwarded-For": own})
        assert doors.ask_at_login(client, f"reader{number}@example.org").status_code == 302
        assert doors.ask_at_login(client, f"reader{number}@example.org").status_code == 429


@pytest.mark.parametrize("forwarded", ["unknown", "", ",", "198.51.100.7, evil", "1.2.3", "a" * 5000])
def test_what_is_no_address_is_refused_where_one_is_needed(forwarded: str, settings: Any, stranger: Client) -> None:
    settings.TRUSTED_PROXIES = 1
    headers = {"X-Forwarded-For": forwarded}
    if forwarded:
        with pytest.raises(UnknownSender):
            address(headers)
    else:
        assert address(headers) == PEER


def test_too_few_addresses_are_a_refusal_in_words_and_one_line_for_the_operator(
    settings: Any, stranger: Client, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TRUSTED_PROXIES = 2
    make.article(slug="story")
    stranger.raise_request_exception = False
    short = {"X-Forwarded-For": READER}
    with caplog.at_level(logging.ERROR, "accounts.proxies"):
        for _ in range(3):
            response = doors.ask_at_login(Client(headers=short), "reader@example.org")
            assert response.status_code == 400
            assert "could not read that request" in response.content.decode()
    lines = [record.getMessage() for record in caplog.records if record.name == "accounts.proxies"]
    assert len(lines) == 1
    assert "TRUSTED_PROXIES is 2" in lines[0]
    assert READER not in lines[0]
    assert stranger.get("/articles/story/", headers=short).status_code == 200  # which needs no address
    assert not Lead.objects.exists()


def test_a_logged_in_reader_is_told_too_instead_of_an_error(settings: Any, registered: Client) -> None:
    settings.TRUSTED_PROXIES = 2
    assert registered.get("/account/", headers={"X-Forwarded-For": READER}).status_code in (200, 400)


ELSEWHERE = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Host": "evil.example",
    "Forwarded": "host=evil.example;proto=https",
    "X-Original-Host": "evil.example",
    "X-Forwarded-Port": "4444",
    "X-Forwarded-Prefix": "/evil",
}


@pytest.mark.attack("A06")
@pytest.mark.parametrize("proxies", [0, 1])
def test_no_header_names_another_host_in_a_page_or_a_mail(proxies: int, settings: Any, stranger: Client) -> None:
    settings.TRUSTED_PROXIES = proxies
    settings.SITE_URL = "https://news.example.org"
    article = make.article(slug="story", section=make.section())
    for path in ("/", "/articles/story/", "/feeds/latest.xml", "/feeds/latest.json", "/sitemap.xml", "/robots.txt"):
        poisoned = stranger.get(path, headers=ELSEWHERE)
        assert poisoned.status_code == 200
        assert b"evil" not in poisoned.content
        assert "evil" not in str(poisoned.headers)
        assert stranger.get(path).content == poisoned.content
    assert article.get_absolute_url() in stranger.get("/").content.decode()
    doors.ask_at_login(Client(headers=ELSEWHERE), "reader@example.org")
    make.run_tasks()
    assert "evil" not in str(mail.outbox[-1].message())


def test_another_host_is_refused(stranger: Client) -> None:
    for host in ("evil.example", "localhost.evil.example", "localhost@evil.example", "[::1"):
        response = stranger.get("/", headers={"Host": host})
        assert response.status_code == 400
        assert "evil" not in response.content.decode()


def test_without_a_proxy_nobody_says_that_a_request_came_by_https(settings: Any, stranger: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on", "Front-End-Https": "on"}
    assert stranger.get("/healthz", headers=said).status_code == 200
    assert stranger.get("/", headers=said).status_code == 301
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # as the settings do with a proxy
    assert stranger.get("/", headers=said).status_code == 200
    assert stranger.get("/", headers={"X-Forwarded-Ssl": "on"}).status_code == 301


def test_the_network_of_an_ipv6_reader_is_what_the_proxy_reports(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "2001:db8:0:1::7"})
    assert limits.network_of(request) == "2001:db8:0:1::/64"
