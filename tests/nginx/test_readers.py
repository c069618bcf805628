"""Readers who come one after the other through one nginx: nobody gets what was made for somebody else."""

from __future__ import annotations

from contextlib import ExitStack
from uuid import uuid4

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from articles.caching import own_cookies
from paywall.models import MeteredRead
from subscriptions.models import CheckoutAttempt, Lead
from subscriptions.selling.passes import add_pass
from tests import make
from tests.edge import needs_nginx
from tests.nginx.conftest import Served, cookies_of
from tests.servers import HOST, Server, at_once, by_each_worker

pytestmark = [needs_nginx, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_secret")]

GRANTED, WITHHELD = 'data-access="granted"', 'data-access="withheld"'


def subscriber() -> dict[str, str]:
    user = make.user()
    make.grant(user)
    return cookies_of(make.logged_in(user))


def who_paid() -> dict[str, str]:
    """A browser that has paid and not logged in."""
    row = make.subscription(None)
    lead = Lead.objects.create(email="payer@example.org", plan=row.plan)
    attempt = CheckoutAttempt.objects.create(
        lead=lead,
        price=make.plan_price(),
        customer=row.customer,
        subscription=row,
        session_id=f"cs_{uuid4().hex}",
        state="paid",
        paid_at=timezone.now(),
    )
    response = HttpResponse()
    add_pass(RequestFactory().get("/"), response, attempt.uuid)
    return {settings.PASS_COOKIE_NAME: response.cookies[settings.PASS_COOKIE_NAME].value}


PAYERS = {"session": subscriber, "pass": who_paid}


def meets_the_gate(server: Server, path: str, word: str, cookies: dict[str, str]) -> bool:
    """By the mark on the page and by the body's own word, which must say the same."""
    answer = server.get(path, headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
    assert answer.status == 200
    is_withheld = WITHHELD in answer.text
    assert is_withheld is (GRANTED not in answer.text) is (word not in answer.text)
    assert answer.headers["cache-control"].startswith("private" if set(cookies) & set(own_cookies()) else "public")
    return is_withheld


@pytest.mark.attack("C01")
@pytest.mark.parametrize("first", ["payer", "stranger"])
@pytest.mark.parametrize("way", list(PAYERS))
def test_a_payer_and_a_stranger_get_their_own_page_whoever_comes_first(way: str, first: str, served: Served) -> None:
    article = make.article()
    path = article.get_absolute_url()
    payer, stranger = PAYERS[way](), {"_ga": "GA1.2.3"}
    turns = [(payer, False), (stranger, True)] * 3
    for server in served.doors.values():
        for cookies, is_withheld in turns if first == "payer" else turns[1:]:
            assert meets_the_gate(server, path, article.sentinel, cookies) is is_withheld
    assert not any(article.sentinel in answer.text for answer in by_each_worker(served.granian, path))


@pytest.mark.attack("C01")
def test_whoever_brings_a_cookie_of_ours_neither_leaves_a_page_nor_takes_one(served: Served) -> None:
    article = make.article()
    for number, name in enumerate(own_cookies()):
        path = f"{article.get_absolute_url()}?{number}"
        with_cookie = served.edge.get(path, cookies={name: "made-up"})
        assert with_cookie.headers["cache-control"] == "private, no-store"
        assert "x-cache" not in with_cookie.headers
        assert served.edge.get(path).headers["x-cache"] == "MISS"
        assert served.edge.get(path, cookies={name: "made-up"}).headers["cache-control"] == "private, no-store"


@pytest.mark.attack("C02")
def test_two_strangers_are_never_given_the_same_cookie(served: Served) -> None:
    for server in served.doors.values():
        answers = [server.get("/account/login/") for _stranger in range(3)]
        given = {answer.headers["set-cookie"].partition(";")[0] for answer in answers}
        assert len(given) == 3
        assert all("public" not in answer.headers["cache-control"] for answer in answers)


DECEPTIVE = (
    "/account/x.css",
    "/account/;x.css",
    "/account/?x.css",
    "/account/%0ax.css",
    "/account/%2e%2e/static/x.css",
    "/static/../account/",
    "/static/..%2faccount/",
    "/media/../account/",
    "/account/sessions/x.js",
    "{article}x.css",
    "{article}?x.css",
    "{article};x.css",
    "{article}%3fx.css",
    "/static/..{article}",
)


@pytest.mark.attack("C01")
def test_an_address_that_looks_like_a_file_does_not_lay_a_personal_page_into_the_cache(served: Served) -> None:
    article = make.article()
    user = make.user("deceived@example.org")
    make.grant(user)
    cookies = cookies_of(make.logged_in(user))
    assert user.email in served.edge.get("/account/", cookies=cookies).text
    for pattern in DECEPTIVE:
        path = pattern.format(article=article.get_absolute_url())
        served.edge.get(path, cookies=cookies)
        for server in served.doors.values():
            found = server.get(path)
            assert user.email not in found.text, path
            assert article.sentinel not in found.text, path
            assert found.headers.get("x-cache") != "HIT", path


def test_a_look_by_head_spends_no_free_article(served: Served) -> None:
    article, user = make.article(), make.user()
    cookies = cookies_of(make.logged_in(user))
    assert served.edge.get(article.get_absolute_url(), method="HEAD", cookies=cookies).status == 200
    assert not MeteredRead.objects.filter(user=user).exists()
    assert article.sentinel in served.edge.get(article.get_absolute_url(), cookies=cookies).text
    assert MeteredRead.objects.filter(user=user).count() == 1


def test_forms_that_come_slowly_hold_no_thread_of_the_site(served: Served) -> None:
    """More of them than the site has threads."""
    head = f"POST /subscribe/start/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\nemail="
    with ExitStack() as stack:
        for _slow in range(24):
            slow = stack.enter_context(served.edge.connected())
            slow.sendall(head.encode())
        answers = at_once(served.edge, "/account/login/", tries=8)
    assert [answer.status for answer in answers] == [200] * 8
