"""The pass of the browser that paid: signed, for two days, for the last twenty attempts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core import signing
from django.http import HttpResponse
from django.test import RequestFactory

from subscriptions.selling.passes import add_pass, attempts_of

COOKIE = django_settings.PASS_COOKIE_NAME

MANY = [uuid4() for _ in range(20)]


def browser(cookie: str = "") -> Any:
    request = RequestFactory().get("/")
    request.COOKIES = {COOKIE: cookie} if cookie else {}
    return request


def after(*attempts: UUID, cookie: str = "") -> str:
    """The cookie of a browser that has begun these attempts one after the other."""
    for attempt in attempts:
        response = HttpResponse()
        add_pass(browser(cookie), response, attempt)
        cookie = response.cookies[COOKIE].value
    return cookie


def test_a_pass_names_the_attempts_of_its_browser() -> None:
    assert attempts_of(browser(after(*MANY[:3]))) == tuple(MANY[:3])
    assert attempts_of(browser()) == ()


def test_only_the_last_twenty_attempts_are_named_and_each_once() -> None:
    newest = uuid4()
    assert attempts_of(browser(after(*MANY, newest))) == (*MANY[1:], newest)
    assert attempts_of(browser(after(*MANY, MANY[0]))) == (*MANY[1:], MANY[0])


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(settings: Any) -> None:
    for is_https in (True, False):
        settings.SESSION_COOKIE_SECURE = is_https
        response = HttpResponse()
        add_pass(browser(), response, MANY[0])
        cookie = response.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert cookie["max-age"] == 48 * 60 * 60
        assert bool(cookie["secure"]) is is_https


def test_a_pass_lasts_until_a_day_after_the_last_moment_to_pay(at_noon: None) -> None:
    cookie = after(MANY[0])
    start = datetime.now().astimezone()
    with time_machine.travel(start + timedelta(hours=47, minutes=59), tick=False):
        assert attempts_of(browser(cookie)) == (MANY[0],)
    with time_machine.travel(start + timedelta(hours=48, seconds=2), tick=False):
        assert attempts_of(browser(cookie)) == ()


def forged() -> dict[str, str]:
    good = after(MANY[0])
    value, signature = good.split(":", 1)
    return {
        "unsigned": MANY[0].hex,
        "another attempt under an old signature": f"{MANY[1].hex}:{signature}",
        "an attempt more": f"{value}.{MANY[1].hex}:{signature}",
        "cut": good[:-1],
        "signed for another cookie": signing.TimestampSigner(salt="other").sign(MANY[0].hex),
        "signed with another key": signing.TimestampSigner(key="x" * 50, salt=COOKIE + "subscriptions.pass").sign(
            MANY[0].hex
        ),
        "nonsense": "\x00:::",
        "signed nonsense": signing.get_cookie_signer(salt=COOKIE + "subscriptions.pass").sign("no.uuid"),
    }


@pytest.mark.parametrize("kind", list(forged()))
def test_a_pass_that_this_site_did_not_give_names_nothing(kind: str) -> None:
    cookie = forged()[kind]
    assert attempts_of(browser(cookie)) == ()
    assert attempts_of(browser(after(MANY[2], cookie=cookie))) == (MANY[2],)
