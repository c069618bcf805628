"""What is tried against the doors of accounts, where no other file holds all of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from accounts import limits
from accounts.models import User
from tests import make, servers
from tests.accounts import doors

pytestmark = pytest.mark.django_db

PASSWORD = "a long password indeed"
ADMIN_LOGIN = "/admin/login/"
type Door = Callable[[str], HttpResponse]


def at_reset(email: str) -> HttpResponse:
    return Client().post("/account/password/reset/", {"email": email})


def at_change_of_address(email: str) -> HttpResponse:
    client = make.logged_in(User.objects.get(email="asker@example.org"))
    return client.post("/account/email/", {"email": email, "action_add": "1"})


DOORS: dict[str, Door] = {
    "gate": lambda email: doors.ask_at_gate(Client(), email),
    "login page": lambda email: doors.ask_at_login(Client(), email),
    "code page": lambda email: Client().post("/account/login/code/", {"login": email}),
    "new password": at_reset,
    "change of address": at_change_of_address,
}


def statements(queries: CaptureQueriesContext) -> list[str]:
    """The statements without their values, and without how many values a list has."""
    texts = (re.sub(r"s\d+_x\d+|_django_curs_\w+", "name", query["sql"]) for query in queries.captured_queries)
    return [re.sub(r"'(?:[^']|'')*'(?:::\w+(?:\[\])?)?|\b\d+\b|\btrue\b|\bfalse\b", "?", text) for text in texts]


@pytest.mark.attack("A01")
@pytest.mark.attack("A02")
@pytest.mark.parametrize("door", DOORS)
def test_the_same_statements_run_and_one_mail_is_queued_whoever_has_the_address(door: str) -> None:
    make.user("asker@example.org")
    make.user("known@example.org", password=PASSWORD)
    make.user("silent@example.org", is_active=False)
    seen = {}
    for kind in ("warm-up", "known", "unknown", "silent"):
        tasks = DBTaskResult.objects.count()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = DOORS[door](f"{kind}@example.org")
        assert DBTaskResult.objects.count() == tasks + 1, kind
        seen[kind] = (statements(queries), response.status_code, response["Location"])
    assert seen["known"] == seen["unknown"]
    assert seen["known"] == seen["silent"]


@pytest.mark.attack("A03")
def test_whatever_a_scanner_opens_the_code_works_afterwards(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    letter = str(mail.outbox[-1].body)
    assert code not in " ".join(re.findall(r"https?://\S+", letter))
    for address in [doors.CONFIRM, *re.findall(r"https?://[^/\s]+(/\S*)", letter)]:
        for _ in range(5):
            for client in (stranger, Client(headers={"User-Agent": "SafeLinks"})):
                client.get(address)
                client.head(address)
                client.get(f"{address}?code={code}")
    assert not doors.is_logged_in(stranger)
    assert doors.type_code(stranger, code).status_code == 302
    assert doors.is_logged_in(stranger)


@pytest.mark.attack("A05")
def test_a_thousand_guesses_over_changing_headers_are_three(stranger: Client) -> None:
    make.user("owner@example.org")
    doors.ask_at_login(stranger, "owner@example.org")
    code = doors.mailed_code("owner@example.org")
    guesses = [f"{number:06d}" for number in range(1000) if f"{number:06d}" != code]
    for number, guess in enumerate(guesses):
        own = f"203.0.113.{number % 250}"
        headers = {"X-Forwarded-For": own, "X-Real-IP": own, "Forwarded": f"for={own}"}
        assert stranger.post(doors.CONFIRM, {"code": guess}, headers=headers).status_code in (400, 429)
    assert doors.type_code(stranger, code).status_code in (400, 429)
    assert not doors.is_logged_in(stranger)


@pytest.mark.attack("A08")
@pytest.mark.parametrize("way", ["code", "password"])
def test_a_session_that_was_planted_is_not_the_one_that_is_logged_in(way: str) -> None:
    make.user("owner@example.org", password=PASSWORD)
    attacker = Client()
    doors.ask_at_login(attacker, "attacker@example.org")
    planted = attacker.cookies["sessionid"].value
    for key in (planted, "chosen0chosen0chosen0chosen0chos"):
        owner = Client()
        owner.cookies["sessionid"] = key
        if way == "code":
            doors.ask_at_login(owner, "owner@example.org")
            doors.type_code(owner, doors.mailed_code("owner@example.org"))
        else:
            owner.post(doors.LOGIN, {"login": "owner@example.org", "password": PASSWORD})
        assert doors.is_logged_in(owner)
        assert owner.cookies["sessionid"].value != key
        assert not Session.objects.filter(session_key=key).exists()
        assert not doors.is_logged_in(attacker)


def banned(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def with_another_address(user: User) -> None:
    client = make.logged_in(user)
    client.post("/account/email/", {"email": "new@example.org", "action_add": "1"})
    client.post("/account/confirm-email/", {"code": doors.mailed_code("new@example.org")})


@pytest.mark.attack("A09")
@pytest.mark.parametrize("change", [banned, with_another_address])
def test_a_code_that_was_sent_before_opens_nothing_after(change: Callable[[User], None], stranger: Client) -> None:
    user = make.user("owner@example.org", password=PASSWORD)
    doors.ask_at_login(stranger, user.email)
    code = doors.mailed_code(user.email)
    reset = Client()
    reset.post("/account/password/reset/", {"email": user.email})
    reset_code = doors.mailed_code(user.email)
    change(user)
    doors.type_code(stranger, code)
    assert not doors.is_logged_in(stranger)
    reset.post("/account/password/reset/confirm/", {"code": reset_code})
    reset.post("/account/password/reset/complete/", {"password1": "another long one", "password2": "another long one"})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.attack("A12")
@pytest.mark.parametrize("typed", ["Owner@Example.ORG", " owner@example.org ", "OWNER@EXAMPLE.ORG."])
def test_a_code_goes_to_the_stored_address_and_to_no_spelling_of_it(typed: str, stranger: Client) -> None:
    make.user("owner@example.org")
    doors.ask_at_login(stranger, typed)
    make.run_tasks()
    assert {tuple(letter.to) for letter in mail.outbox} <= {("owner@example.org",)}
    assert User.objects.count() == 1


@pytest.mark.attack("S01")
@pytest.mark.parametrize("door", [doors.LOGIN, ADMIN_LOGIN])
def test_of_two_hundred_passwords_tried_at_a_door_ten_are_compared(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    staff = make.editor("staff@example.org")
    staff.set_password(PASSWORD)
    staff.save()
    compared = []
    check = User.check_password
    monkeypatch.setattr(User, "check_password", lambda user, raw: compared.append(raw) or check(user, raw))
    attacker = Client(REMOTE_ADDR="203.0.113.5")
    for number in range(200):
        form = {"login": staff.email, "username": staff.email, "password": f"wrong guess {number}"}
        own = f"198.51.100.{number % 250}"
        response = attacker.post(door, form, headers={"X-Forwarded-For": own})
        assert response.status_code in (302, 400, 429) if door == doors.LOGIN else response.status_code == 302
        assert door == doors.LOGIN or response["Location"].startswith(doors.LOGIN)
        assert "_auth_user_id" not in attacker.session
    # The admin's door compares nothing itself: it leads to the site's.
    assert 0 < len(compared) <= 10 if door == doors.LOGIN else compared == []
    owner = Client(REMOTE_ADDR="192.0.2.44")
    owner.post(doors.LOGIN, {"login": staff.email, "password": PASSWORD})
    assert "_auth_user_id" in owner.session
    assert owner.get("/admin/").status_code == 302  # a password alone opens no admin


@pytest.mark.attack("S01")
def test_the_admins_own_door_is_the_sites(stranger: Client) -> None:
    assert stranger.get(ADMIN_LOGIN)["Location"].startswith(doors.LOGIN)
    assert stranger.get("/admin/", follow=True).redirect_chain[-1][0].startswith(doors.LOGIN)
    assert stranger.get("/admin/password_reset/").status_code in (302, 404)


@pytest.mark.attack("S06")
def test_no_page_sets_a_site_up_not_even_the_first(stranger: Client) -> None:
    assert not User.objects.exists()
    for address in """
        /setup/ /install/ /installer/ /first-run/ /onboarding/ /init/ /welcome/ /register/ /signup/ /account/signup/
        /ghost/ /ghost/#/setup /ghost/api/admin/authentication/setup/ /wp-admin/install.php /wp-login.php
        /admin/setup/ /admin/register/ /admin/auth/user/add/ /admin/accounts/user/add/ /api/setup /debug/ /__debug__/
        /phpmyadmin/ /console/ /actuator/ /.env /.git/config /manage.py
    """.split():
        for response in (stranger.get(address), stranger.post(address, {"email": "evil@example.org", "is_staff": "1"})):
            is_closed = response.status_code in (403, 404, 405)
            assert is_closed or "/login/" in response.get("Location", ""), address
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.attack("S06")
def test_the_first_who_comes_is_a_reader(stranger: Client) -> None:
    extra = {"is_staff": "1", "is_superuser": "1", "groups": "1"}
    form = {"email": "first@example.org", "plan": "free", "next": "/", **extra}
    stranger.post(doors.GATE, form, headers={"Sec-Fetch-Site": "same-origin"})
    doors.type_code(stranger, doors.mailed_code("first@example.org"))
    user = User.objects.get()
    assert doors.is_logged_in(stranger)
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 0)
    assert stranger.get("/admin/").status_code in (302, 403)


TRY = """
from django.test import RequestFactory
from accounts import limits
for _ in range(4):
    try:
        limits.consume(RequestFactory().post("/"), "login_code_mail", "reader@example.org")
        print("allowed")
    except limits.LimitReached:
        print("refused")
"""


@pytest.mark.attack("A05")
@pytest.mark.django_db(transaction=True)
def test_two_processes_share_one_limit(tmp_path: Path) -> None:
    environment = servers.production(servers.test_database_url(), tmp_path)
    with ThreadPoolExecutor(2) as pool:
        printed = pool.map(lambda _n: servers.run_command(environment, "shell", "-v", "0", "-c", TRY), range(2))
        words = " ".join(printed).split()
    assert (words.count("allowed"), words.count("refused")) == (5, 3)
    with pytest.raises(limits.LimitReached):
        limits.consume(RequestFactory().post("/"), "login_code_mail", "reader@example.org")
