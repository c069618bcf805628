"""A password is optional: set, changed and replaced with a code."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

PASSWORD, OTHER = "a long password indeed", "another password indeed"
RESET, CONFIRM_RESET, COMPLETE = (
    "/account/password/reset/",
    "/account/password/reset/confirm/",
    "/account/password/reset/complete/",
)


def with_password(email: str, password: str) -> dict[str, str]:
    return {"login": email, "password": password, "next": "/articles/story/"}


def test_a_reader_can_set_a_password_and_log_in_with_it(registered: Client) -> None:
    response = registered.post("/account/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    assert response["Location"] == "/account/"
    assert doors.is_logged_in(registered)
    client = Client()
    assert client.post(doors.LOGIN, with_password("Registered@example.org", PASSWORD))["Location"] == "/articles/story/"
    assert doors.is_logged_in(client)
    make.run_tasks()
    assert mail.outbox[-1].to == ["registered@example.org"]


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "registered@example.org"])
def test_a_weak_password_is_refused_in_words(password: str, registered: Client) -> None:
    response = registered.post("/account/password/set/", {"password1": password, "password2": password})
    assert 'id="id_password1_error"' in response.content.decode()
    assert not User.objects.get().has_usable_password()


@pytest.mark.attack("A09")
def test_changing_the_password_logs_out_other_devices_only() -> None:
    user = make.user("owner@example.org", password=PASSWORD)
    here, elsewhere = make.logged_in(user), make.logged_in(user)
    form = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    assert here.post("/account/password/change/", form).status_code == 302
    assert doors.is_logged_in(here)
    assert not doors.is_logged_in(elsewhere)


@pytest.mark.attack("A01")
def test_a_wrong_password_and_an_unknown_address_are_answered_alike() -> None:
    make.user("reader-a@example.org", password=PASSWORD)
    answers = [Client().post(doors.LOGIN, with_password(f"reader-{who}@example.org", OTHER)) for who in "ab"]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert all("do not belong together" in answer.content.decode() for answer in answers)
    assert User.objects.count() == 1


@pytest.mark.attack("A09")
def test_a_forgotten_password_is_replaced_with_a_code(stranger: Client) -> None:
    user = make.user("owner@example.org", password=PASSWORD)
    elsewhere = make.logged_in(user)
    assert stranger.post(RESET, {"email": "Owner@example.org"})["Location"] == CONFIRM_RESET
    assert stranger.post(CONFIRM_RESET, {"code": doors.WRONG}).status_code == 400
    response = stranger.post(CONFIRM_RESET, {"code": doors.mailed_code(user.email)})
    assert response["Location"] == COMPLETE
    assert stranger.get(COMPLETE).status_code == 200
    assert stranger.post(COMPLETE, {"password1": OTHER, "password2": OTHER}).status_code == 302
    assert not doors.is_logged_in(elsewhere)
    assert stranger.post(doors.LOGIN, with_password(user.email, OTHER)).status_code == 302


@pytest.mark.attack("A01")
def test_asking_for_a_new_password_tells_nothing_of_an_account() -> None:
    make.user("reader-a@example.org", password=PASSWORD)
    seen = []
    for who in "ab":
        client = Client()
        response = client.post(RESET, {"email": f"reader-{who}@example.org"})
        page = client.get(CONFIRM_RESET)
        wrong = [client.post(CONFIRM_RESET, {"code": doors.WRONG}).status_code for _ in range(4)]
        seen.append((response.status_code, response["Location"], page.status_code, wrong, sorted(client.cookies)))
    assert seen[0] == seen[1]
    assert seen[0][3] == [400] * 4
    assert doors.queued_mails() == 1


@pytest.mark.attack("A02")
@pytest.mark.parametrize("known", [True, False], ids=["switched off", "unknown"])
def test_asking_for_a_new_password_queues_as_much_where_there_is_no_account(known: bool, stranger: Client) -> None:
    if known:
        make.user("nobody@example.org", is_active=False)
    stranger.post(RESET, {"email": "nobody@example.org"})
    (task,) = DBTaskResult.objects.all()
    assert task.task_path == "accounts.mail.drop"
    assert re.search(r"^\d{6}$", task.args_kwargs["kwargs"]["text"], re.MULTILINE)
    make.run_tasks()
    assert mail.outbox == []


def test_a_code_for_a_new_password_that_was_not_asked_for_is_refused_in_words(stranger: Client) -> None:
    before = Session.objects.count()
    assert stranger.post(CONFIRM_RESET, {"code": "123456"}).status_code == 400
    assert stranger.post("/account/confirm-email/", {"code": "123456"}).status_code == 400
    assert Session.objects.count() == before


@pytest.mark.attack("A09")
def test_an_account_that_is_switched_off_stays_closed() -> None:
    user = make.user("owner@example.org", password=PASSWORD)
    client = make.logged_in(user)
    User.objects.update(is_active=False)
    assert not doors.is_logged_in(client)
    fresh = Client()
    fresh.post(doors.LOGIN, with_password(user.email, PASSWORD))
    assert not doors.is_logged_in(fresh)
