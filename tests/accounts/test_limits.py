"""How often a code may be asked for and tried, by whom, and that a stranger's tries take nothing from the owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import limits
from accounts.models import RateWindow
from subscriptions.models import Lead
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db


def consume(action: str, key: str = "", address: str = "192.0.2.1") -> limits.Use:
    return limits.consume(RequestFactory(REMOTE_ADDR=address).post("/account/login/"), action, key)


def is_allowed(action: str, key: str = "", address: str = "192.0.2.1") -> bool:
    try:
        consume(action, key, address)
    except limits.LimitReached:
        return False
    return True


@pytest.mark.parametrize("email", ["known@example.org", "unknown@example.org"])
def test_an_address_gets_five_codes_an_hour_known_or_not(email: str) -> None:
    make.user("known@example.org")
    statuses = [doors.ask_at_gate(Client(), email).status_code for _ in range(7)]
    assert statuses == [302] * 5 + [429] * 2
    assert doors.queued_mails() == 5
    assert Lead.objects.count() == 5


def test_the_doors_share_one_count_for_the_address() -> None:
    make.user("known@example.org")
    for ask in (doors.ask_at_gate, doors.ask_at_login, doors.ask_at_gate, doors.ask_at_login):
        ask(Client(), "Known@Example.org")
    assert Client().post("/account/password/reset/", {"email": "known@example.org"}).status_code == 302
    assert doors.ask_at_login(Client(), "known@example.org").status_code == 429
    assert Client().post("/account/password/reset/", {"email": "known@example.org"}).status_code == 429


def test_the_refusal_says_in_words_and_in_a_header_when_to_come_back() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            doors.ask_at_gate(Client(), "reader@example.org")
        clock.shift(timedelta(minutes=50))
        response = doors.ask_at_gate(Client(), "reader@example.org")
        assert response.status_code == 429
        assert response["Retry-After"] == "600"
        assert "no-store" in response["Cache-Control"]
        assert "wait 10 minutes" in response.content.decode()
        clock.shift(timedelta(minutes=10))
        assert doors.ask_at_gate(Client(), "reader@example.org").status_code == 302


def test_a_limit_of_allauths_own_is_answered_in_the_same_way(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login": "1/m/ip"}
    doors.ask_at_login(Client(), "reader@example.org")
    response = doors.ask_at_login(Client(), "reader@example.org")
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "wait 1 minute," in response.content.decode()


def test_one_network_gets_no_more_than_its_share_for_all_addresses_together(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_code_mail_network": "3/h/key"}
    statuses = [doors.ask_at_gate(Client(), f"reader{number}@example.org").status_code for number in range(4)]
    assert statuses == [302, 302, 302, 429]
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert doors.ask_at_gate(elsewhere, "reader9@example.org").status_code == 302


@pytest.mark.attack("A06")
def test_a_header_of_the_senders_own_making_is_no_other_network(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_code_mail_network": "3/h/key"}
    statuses = []
    for number in range(5):
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
        statuses.append(doors.ask_at_login(Client(headers=forged), f"reader{number}@example.org").status_code)
    assert statuses == [302, 302, 302, 429, 429]


def test_what_a_network_is_refused_does_not_use_up_the_address(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {
        "login_code_mail_network": "1/h/key",
        "login_code_mail_address": "5/h/key",
    }
    for _ in range(9):
        doors.ask_at_login(Client(), "owner@example.org")
    assert doors.ask_at_login(Client(REMOTE_ADDR="198.51.100.7"), "owner@example.org").status_code == 302


OWNERS_NETWORK = "198.51.100.7"
ELSEWHERE = [f"203.0.113.{number}" for number in range(1, 9)]


def ask_for_a_reset(client: Client, email: str) -> HttpResponse:
    return client.post("/account/password/reset/", {"email": email})


@pytest.mark.attack("A07")
@pytest.mark.parametrize("ask", [doors.ask_at_gate, doors.ask_at_login, ask_for_a_reset])
def test_a_stranger_elsewhere_does_not_use_up_the_owners_codes(ask: Callable[[Client, str], HttpResponse]) -> None:
    make.user("owner@example.org")
    statuses = [ask(Client(REMOTE_ADDR=ELSEWHERE[0]), "owner@example.org").status_code for _ in range(12)]
    assert statuses == [302] * 5 + [429] * 7
    assert ask(Client(REMOTE_ADDR=OWNERS_NETWORK), "owner@example.org").status_code == 302


@pytest.mark.attack("A07")
def test_a_stranger_elsewhere_does_not_hinder_a_change_to_that_address(registered: Client) -> None:
    form = {"email": "new@example.org", "action_add": "1"}
    attacker = make.logged_in(make.user())
    statuses = [attacker.post("/account/email/", form, REMOTE_ADDR=ELSEWHERE[0]).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]
    sent = doors.queued_mails()
    assert registered.post("/account/email/", form, REMOTE_ADDR=OWNERS_NETWORK).status_code == 302
    assert doors.queued_mails() == sent + 1


@pytest.mark.attack("A07")
def test_a_stranger_elsewhere_does_not_stop_a_code_from_being_sent_again() -> None:
    owner = Client(REMOTE_ADDR=OWNERS_NETWORK)
    doors.ask_at_login(owner, "owner@example.org")
    for _ in range(6):
        doors.ask_at_login(Client(REMOTE_ADDR=ELSEWHERE[0]), "owner@example.org")
    assert owner.post(doors.CONFIRM, {"action": "resend"}).status_code == 302


def test_all_networks_together_send_twenty_codes_an_hour_and_an_earlier_one_stays_good() -> None:
    owner = Client(REMOTE_ADDR=OWNERS_NETWORK)
    doors.ask_at_login(owner, "owner@example.org")
    code = doors.mailed_code("owner@example.org")
    statuses = [
        doors.ask_at_login(Client(REMOTE_ADDR=address), "owner@example.org").status_code
        for address in ELSEWHERE
        for _ in range(4)
    ]
    assert statuses == [302] * 19 + [429] * 13
    assert doors.type_code(owner, code).status_code == 302


def test_an_ipv6_network_counts_as_one() -> None:
    assert [is_allowed("gate", address=f"2001:db8:0:1::{number:x}") for number in range(21)].count(True) == 20
    assert is_allowed("gate", address="2001:db8:0:2::1")


@pytest.mark.attack("A07")
def test_a_stranger_who_asks_and_tries_in_vain_does_not_lock_the_owner_out(stranger: Client) -> None:
    doors.ask_at_login(stranger, "owner@example.org")
    code = doors.mailed_code("owner@example.org")
    for _ in range(4):
        attacker = Client()
        doors.ask_at_login(attacker, "owner@example.org")
        for _try in range(6):
            doors.type_code(attacker, doors.WRONG)
    assert doors.ask_at_login(Client(), "owner@example.org").status_code == 429
    assert doors.ask_at_login(stranger, "owner@example.org").status_code == 429
    assert doors.type_code(stranger, code).status_code == 302


def test_another_code_in_the_same_browser_is_limited_and_the_last_one_stays_good(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    statuses = [stranger.post(doors.CONFIRM, {"action": "resend"}).status_code for _ in range(5)]
    assert statuses.count(302) == 2  # later ones are wrong codes, since the page offers no more
    assert doors.queued_mails() == 3


def test_tries_are_limited_within_one_browser(settings: Any, stranger: Client) -> None:
    settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 100
    doors.ask_at_login(stranger, "reader@example.org")
    assert [doors.type_code(stranger, doors.WRONG).status_code for _ in range(7)] == [400] * 5 + [429] * 2


@pytest.mark.attack("A07")
@pytest.mark.attack("S01")
def test_wrong_passwords_elsewhere_do_not_lock_the_owner_out() -> None:
    make.user("owner@example.org", password="a long password indeed")
    form = {"login": "owner@example.org", "password": "a wrong guess"}
    attacker = Client(REMOTE_ADDR="203.0.113.5")
    answers = [attacker.post(doors.LOGIN, form).content.decode() for _ in range(6)]
    assert ["Too many tries" in answer for answer in answers] == [False] * 5 + [True]
    right = {"login": "owner@example.org", "password": "a long password indeed"}
    assert "Too many tries" in attacker.post(doors.LOGIN, right).content.decode()
    assert Client(REMOTE_ADDR="198.51.100.7").post(doors.LOGIN, right).status_code == 302


def test_right_passwords_do_not_count() -> None:
    make.user("owner@example.org", password="a long password indeed")
    right = {"login": "owner@example.org", "password": "a long password indeed"}
    assert [Client().post(doors.LOGIN, right).status_code for _ in range(8)] == [302] * 8


def test_a_limit_never_allows_more_in_any_stretch_of_its_length() -> None:
    start = timezone.now()
    allowed = []
    for minutes in range(0, 180, 3):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            if is_allowed("login_code_mail", "reader@example.org"):
                allowed.append(minutes)
    assert len(allowed) == 15
    assert all(later - earlier >= 60 for earlier, later in zip(allowed, allowed[5:], strict=False))


def test_a_refused_use_counts_nothing_and_says_how_long_to_wait(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"both": "2/h/ip,1/m/key"}
    with time_machine.travel(timezone.now(), tick=False):
        consume("both", "one")
        with pytest.raises(limits.LimitReached) as reached:
            consume("both", "one")
        assert reached.value.wait == 60
        consume("both", "two")
        with pytest.raises(limits.LimitReached) as reached:
            consume("both", "three")
        assert reached.value.wait == 3600


def test_a_use_can_be_taken_back() -> None:
    for _ in range(9):
        consume("login_code_mail", "reader@example.org").rollback()
    assert is_allowed("login_code_mail", "reader@example.org")


def test_an_action_without_a_limit_is_a_mistake(settings: Any) -> None:
    with pytest.raises(ImproperlyConfigured):
        consume("not_in_the_settings")
    settings.ACCOUNT_RATE_LIMITS = {"odd": "many/h/key", "keyed": "1/h/key"}
    with pytest.raises(ImproperlyConfigured):
        consume("odd", "x")
    with pytest.raises(ImproperlyConfigured):
        consume("keyed")


def test_no_address_is_stored_with_the_counts() -> None:
    consume("login_code_mail", "reader@example.org")
    assert all(len(window.key) == 64 and "@" not in window.key for window in RateWindow.objects.all())
