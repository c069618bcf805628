"""Many requests at once, on real connections: limits hold, a code is used once, an address makes one account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import connections
from django.test import Client, RequestFactory

from accounts import forms, limits
from accounts.models import RateWindow, User
from tests.accounts import doors

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 20


def at_once[T](do: Callable[[], T]) -> list[T]:
    """What AT_ONCE threads return that all start together."""
    barrier = Barrier(AT_ONCE)

    def wait_and_do() -> T:
        barrier.wait()
        try:
            return do()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(wait_and_do) for _ in range(AT_ONCE)]]


def same_browser(client: Client) -> Client:
    copy = Client(raise_request_exception=False)
    copy.cookies["sessionid"] = client.cookies["sessionid"].value
    return copy


@pytest.mark.attack("A05")
def test_of_twenty_codes_at_once_at_most_five_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    doors.ask_at_login(client, "reader@example.org")
    compared: list[str] = []
    compare = forms.ConfirmLoginCodeForm.clean_code
    five = Barrier(5)  # no try has failed before five are being compared: nothing but the limit stops the others

    def noting(form: forms.ConfirmLoginCodeForm) -> str:
        compared.append(form.cleaned_data["code"])
        five.wait(timeout=20)
        return str(compare(form))

    monkeypatch.setattr(forms.ConfirmLoginCodeForm, "clean_code", noting)
    statuses = Counter(at_once(lambda: doors.type_code(same_browser(client), doors.WRONG).status_code))
    assert len(compared) == 5
    assert set(statuses) <= {400, 429}  # whoever comes after three have failed is told that the code has ended


@pytest.mark.attack("A04")
def test_of_twenty_right_codes_at_once_one_logs_in() -> None:
    client = Client()
    doors.ask_at_login(client, "reader@example.org")
    code = doors.mailed_code("reader@example.org")

    def type_it() -> tuple[int, bool]:
        browser = same_browser(client)
        return doors.type_code(browser, code).status_code, doors.is_logged_in(browser)

    answers = Counter(at_once(type_it))
    assert answers[302, True] == 1
    assert {status for status, _is_in in answers} <= {302, 400, 429}
    assert sum(is_in for _status, is_in in answers.elements()) == 1


def test_an_address_asked_for_twenty_times_at_once_makes_one_account_and_five_mails() -> None:
    statuses = Counter(at_once(lambda: doors.ask_at_login(Client(), "reader@example.org").status_code))
    assert statuses == {302: 5, 429: AT_ONCE - 5}
    assert User.objects.count() == 1
    assert EmailAddress.objects.count() == 1
    assert doors.queued_mails() == 5


def test_a_limit_counts_requests_that_come_at_once() -> None:
    def consume() -> bool:
        request = RequestFactory().post("/account/login/")
        try:
            limits.consume(request, "login_code_mail", "reader@example.org")
        except limits.LimitReached:
            return False
        return True

    assert sum(at_once(consume)) == 5


def test_uses_are_counted_and_taken_back_at_once_without_blocking_each_other(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"both": "1000/h/ip,1000/h/key"}

    def consume_and_take_back() -> None:
        for number in range(8):
            limits.consume(RequestFactory().post("/account/login/"), "both", f"reader{number}@example.org").rollback()

    at_once(consume_and_take_back)
    assert [window.uses for window in RateWindow.objects.all()] == [[]] * 9


@pytest.mark.parametrize("_turn", [1, 2])
def test_what_one_test_commits_to_the_cache_is_gone_in_the_next(_turn: int) -> None:
    assert cache.add("left", "by the first turn")
