"""The mail about a new device: one, to the owner, true, and nothing that anybody else could learn from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import Morsel
from typing import Any

import pytest
import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from accounts import devices
from accounts.models import User
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

EMAIL = "owner@example.org"
SUBJECT = "A new device on your account"
PASSWORD = "a long password indeed"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def owner() -> User:
    """Has logged in before, in another browser than those of the tests."""
    return make.user(EMAIL, last_login=timezone.now() - timedelta(days=3))


def browser(**cookies: str) -> Client:
    client = Client(headers={"User-Agent": FIREFOX})
    for name, value in cookies.items():
        client.cookies[name] = value
    return client


def log_in(client: Client, email: str = EMAIL) -> Morsel[str]:
    """Log in with a code and out again; the cookie that the login's answer brought."""
    doors.ask_at_login(client, email)
    answer = doors.type_code(client, doors.mailed_code(email))
    assert answer.status_code == 302
    assert doors.is_logged_in(client)
    client.post("/account/logout/")
    return answer.cookies[devices.COOKIE_NAME]


def letters(email: str = EMAIL) -> list[mail.EmailMessage]:
    make.run_tasks()
    return [letter for letter in mail.outbox if letter.subject.startswith(SUBJECT) and letter.to == [email]]


def test_the_owner_is_told_which_where_when_and_what_to_do(owner: User, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Lisbon"
    settings.SITE_URL = "https://review.example.org"
    settings.ALLOWED_HOSTS = ["testserver", "evil.example.com"]
    settings.SECURE_SSL_REDIRECT = False
    with time_machine.travel(datetime(2026, 7, 4, 21, 30, tzinfo=UTC), tick=False):
        client = Client(headers={"User-Agent": FIREFOX, "Host": "evil.example.com"}, REMOTE_ADDR="203.0.113.7")
        log_in(client)
    (letter,) = letters()
    text = str(letter.body)
    assert "Device: Firefox on Linux" in text
    assert "Network: 203.0.113.7" in text
    assert "Time: 4 July 2026, 22:30 (Europe/Lisbon)" in text
    assert "\nhttps://review.example.org/account/sessions/\n" in text
    assert "evil" not in text
    assert letter.from_email == settings.DEFAULT_FROM_EMAIL
    html = "".join(alternative.content for alternative in letter.alternatives)
    assert "https://review.example.org/account/sessions/" in html
    assert "evil" not in html


def test_a_browser_that_was_used_before_is_no_news(owner: User) -> None:
    client = browser()
    log_in(client)
    assert len(letters()) == 1
    log_in(client)
    assert len(letters()) == 1
    log_in(browser())
    assert len(letters()) == 2


def test_the_first_login_of_an_account_is_no_news_and_the_second_elsewhere_is() -> None:
    doors.ask_at_gate(client := browser(), "new@example.org")
    doors.type_code(client, doors.mailed_code("new@example.org"))
    assert letters("new@example.org") == []
    log_in(browser(), "new@example.org")
    assert len(letters("new@example.org")) == 1


def test_every_way_in_tells(owner: User) -> None:
    owner.set_password(PASSWORD)
    owner.save()
    client = browser()
    client.post(doors.LOGIN, {"login": EMAIL, "password": PASSWORD})
    assert doors.is_logged_in(client)
    assert client.cookies[devices.COOKIE_NAME].value
    assert len(letters()) == 1
    codes = recovery_codes(owner)
    client = browser()
    doors.ask_at_login(client, EMAIL)
    doors.type_code(client, doors.mailed_code(EMAIL))
    assert devices.COOKIE_NAME not in client.cookies
    assert len(letters()) == 1, "nobody is in before the second step"
    client.post("/account/passkeys/authenticate/", {"code": codes[0]})
    assert doors.is_logged_in(client)
    assert client.cookies[devices.COOKIE_NAME].value
    assert len(letters()) == 2


def recovery_codes(user: User) -> list[str]:
    make.second_factor(user)
    return list(RecoveryCodes.activate(user).get_unused_codes())


def test_two_accounts_in_one_browser_are_both_remembered(owner: User) -> None:
    other = make.user("other@example.org", last_login=timezone.now())
    client = browser()
    for _again in range(2):
        log_in(client)
        log_in(client, other.email)
    assert (len(letters()), len(letters(other.email))) == (1, 1)


def test_the_cookie_of_one_account_makes_a_browser_known_to_no_other(owner: User) -> None:
    other = make.user("other@example.org", last_login=timezone.now())
    theirs = log_in(browser(), other.email).value
    log_in(browser(device=theirs))
    assert len(letters()) == 1


@pytest.mark.parametrize(
    "value",
    ["", "x", "x:y:z", "é", signing.dumps(["a"]), signing.dumps(5, salt="other")],
    ids=["empty", "a word", "three words", "no ASCII", "signed for anything", "signed for something else"],
)
def test_a_cookie_that_is_made_up_makes_nothing_known(value: str, owner: User) -> None:
    log_in(browser(device=value))
    assert len(letters()) == 1


def test_a_cookie_is_good_for_400_days(owner: User) -> None:
    value = log_in(browser()).value
    for days, told in ((399, 1), (401, 2)):
        with time_machine.travel(timezone.now() + timedelta(days=days)):
            log_in(browser(device=value))
            assert len(letters()) == told


def test_with_a_new_password_every_browser_is_new(owner: User) -> None:
    client = browser()
    log_in(client)
    owner.set_password(PASSWORD)
    owner.save()
    log_in(client)
    assert len(letters()) == 2


def test_the_cookie_is_sent_below_the_account_alone_and_set_by_logins_alone(owner: User, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    morsel = log_in(client := Client(headers={"User-Agent": FIREFOX}))
    assert morsel["path"] == "/account/"
    assert morsel["httponly"]
    assert morsel["secure"]
    assert morsel["samesite"] == "Lax"
    assert morsel["max-age"] == 400 * 24 * 3600
    assert EMAIL not in morsel.value
    assert str(owner.pk) not in signing.loads(morsel.value, salt=devices.SALT)
    article = make.article()
    for path in ("/", article.get_absolute_url(), "/account/login/", "/account/sessions/"):
        assert devices.COOKIE_NAME not in client.get(path).cookies


def test_a_browser_remembers_ten_accounts(owner: User) -> None:
    known = [f"{number:032x}" for number in range(devices.COOKIE_ACCOUNTS)]
    value = log_in(browser(device=signing.dumps(known, salt=devices.SALT))).value
    kept = signing.loads(value, salt=devices.SALT)
    assert len(kept) == devices.COOKIE_ACCOUNTS
    assert kept[1:] == known[:-1]


def test_a_browser_cannot_write_into_the_mail(owner: User) -> None:
    log_in(Client(headers={"User-Agent": "Your account is locked, go to http://evil.example.com 123456"}))
    (letter,) = letters()
    assert "Device: An unknown program" in str(letter.body)
    assert "evil" not in str(letter.body)


def test_there_are_five_mails_a_day_at_most(owner: User) -> None:
    start = timezone.now()
    for number in range(7):  # codes have limits of their own
        with time_machine.travel(start + timedelta(hours=number * 2)):
            log_in(browser())
    assert len(letters()) == 5
    with time_machine.travel(start + timedelta(hours=25)):
        log_in(browser())
        assert len(letters()) == 6


def test_who_did_not_get_in_causes_no_mail(owner: User) -> None:
    client = browser()
    doors.ask_at_login(client, EMAIL)
    doors.type_code(client, doors.WRONG)
    client.post(doors.LOGIN, {"login": EMAIL, "password": "not the password"})
    assert letters() == []
    assert devices.COOKIE_NAME not in client.cookies
