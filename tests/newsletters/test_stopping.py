"""The way out of the daily mail by its link: one click for mail programs, a button for people, and nothing else."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse

from accounts.models import User
from newsletters import follows, stopping
from newsletters.models import DailyMail, Follow
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def reader() -> User:
    user = make.user("reader@example.org")
    follows.follow(user, make.author())
    return user


@pytest.fixture
def other() -> User:
    user = make.user("other@example.org")
    follows.follow(user, make.author())
    return user


def path_of(user: User) -> str:
    return "/" + stopping.stop_url(user.pk).split("/", 3)[3]


def is_on(user: User) -> bool:
    return DailyMail.objects.get(user=user).is_on


@pytest.mark.attack("E03")
def test_a_post_without_cookie_or_token_stops_the_mail_and_a_get_never_does(reader: User, other: User) -> None:
    program = Client(enforce_csrf_checks=True)
    path = path_of(reader)
    for send in (program.get, program.head, program.get, program.options):
        send(path)
        assert is_on(reader)
    assert "Stop the daily mail?" in program.get(path).content.decode()
    answer = program.post(path, ONE_CLICK, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200  # RFC 8058 3.1: no redirect
    assert "You get no more of these mails" in answer.content.decode()
    assert not is_on(reader)
    assert program.post(path, ONE_CLICK).status_code == 200
    assert not is_on(reader)
    assert is_on(other)
    assert Follow.objects.filter(user=reader).count() == 1
    assert not answer.cookies


@pytest.mark.attack("E03")
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_other_method_does_anything(method: str, reader: User) -> None:
    assert getattr(Client(), method)(path_of(reader)).status_code == 405
    assert is_on(reader)


@pytest.mark.attack("E03")
def test_a_person_presses_a_button(reader: User) -> None:
    person = Client(enforce_csrf_checks=True)
    page = person.get(path_of(reader)).content.decode().split("<main")[1]
    assert '<form class="form" method="post">' in page
    assert "reader@example.org" not in page  # whoever was sent the mail on learns nothing
    answer = person.post(path_of(reader))
    assert "You get no more of these mails" in answer.content.decode()
    assert not is_on(reader)


@pytest.mark.attack("E04")
def test_a_changed_token_of_somebody_else_or_of_another_list_does_nothing(reader: User, other: User) -> None:
    token = path_of(reader).split("/")[-2]
    number, signature = token.split(".")
    theirs = path_of(other).split("/")[-2]
    made_up = [
        number,
        f"{other.pk}.{signature}",
        f"{number}.{theirs.split('.')[1]}",
        f"0{number}.{signature}",
        f"{number}.{signature}x",
        f"{number}.",
        f".{signature}",
        "x",
        Signer(sep=".", salt="newsletters.stop.weekly").sign(number),
        Signer(sep=".", salt="django.core.signing.Signer").sign(number),
        Signer(sep=".", salt="newsletters.stop.daily", key="another key").sign(number),
    ]
    made_up += [
        f"{number}.{signature[:place]}{'A' if letter != 'A' else 'B'}{signature[place + 1 :]}"
        for place, letter in enumerate(signature[:-1])
    ]
    for one in made_up:
        path = reverse("newsletters:mail-stop", args=[one])
        for answer in (Client().get(path), Client().post(path, ONE_CLICK)):
            assert answer.status_code == 404
            assert "This link is not complete" in answer.content.decode()
        assert is_on(reader)
        assert is_on(other)
    assert Client().post(path_of(reader), ONE_CLICK).status_code == 200
    assert (is_on(reader), is_on(other)) == (False, True)


@pytest.mark.attack("E04")
def test_it_logs_nobody_in_and_opens_nothing(reader: User) -> None:
    browser = Client()
    browser.get(path_of(reader))
    browser.post(path_of(reader), ONE_CLICK)
    assert not doors.is_logged_in(browser)
    assert browser.get("/account/following/").status_code == 302
    token = path_of(reader).split("/")[-2]
    for path in (f"/account/following/?token={token}", f"/account/?token={token}", f"/account/mail/{token}/"):
        assert browser.get(path).status_code in (302, 404)


@pytest.mark.attack("E04")
def test_an_old_link_stops_the_mail_once_more_and_can_do_no_other_thing(reader: User) -> None:
    path = path_of(reader)
    Client().post(path, ONE_CLICK)
    follows.switch_on(reader)
    Client().get(path)
    assert is_on(reader)
    Client().post(path, ONE_CLICK)
    assert not is_on(reader)


def test_it_outlives_the_session_and_a_change_of_address(reader: User) -> None:
    path = path_of(reader)
    browser = make.logged_in(reader)
    browser.post("/account/logout/")
    User.objects.filter(pk=reader.pk).update(email="new@example.org")
    assert browser.post(path, ONE_CLICK).status_code == 200
    assert not is_on(reader)


def test_somebody_else_who_is_logged_in_stops_the_mail_of_the_link_alone(reader: User, other: User) -> None:
    make.logged_in(other).post(path_of(reader), ONE_CLICK)
    assert (is_on(reader), is_on(other)) == (False, True)


def test_of_a_reader_who_is_gone_nothing_is_made(reader: User) -> None:
    path = path_of(reader)
    reader.delete()
    assert Client().post(path, ONE_CLICK).status_code == 200
    assert not DailyMail.objects.exists()


def test_its_pages_are_kept_nowhere_and_its_address_is_told_to_nobody(
    reader: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token = path_of(reader).split("/")[-2]
    with caplog.at_level(logging.DEBUG):
        answers = [
            Client().get(path_of(reader)),
            Client().post(path_of(reader)),
            Client().get(path_of(reader)[:-3] + "/"),
        ]
    for answer in answers:
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Robots-Tag"] == "noindex"
        assert '<meta name="robots" content="noindex">' in answer.content.decode()
    assert token not in caplog.text
    assert token.split(".")[1] not in caplog.text
