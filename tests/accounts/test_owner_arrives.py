"""The first confirmation makes an account its owner's, whatever others did with it before."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.models import User
from accounts.signals import address_confirmed
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

PASSWORD = "set before the owner came"


def unconfirmed(email: str = "owner@example.org") -> User:
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    return user


@pytest.mark.attack("A10")
def test_a_password_that_was_set_before_is_gone_and_the_owner_stays_logged_in(stranger: Client) -> None:
    user = unconfirmed()
    doors.ask_at_login(stranger, user.email)
    doors.type_code(stranger, doors.mailed_code(user.email))
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert doors.is_logged_in(stranger)
    assert doors.is_logged_in(stranger)
    assert Client().post(doors.LOGIN, {"login": user.email, "password": PASSWORD}).status_code == 400


@pytest.mark.attack("A10")
def test_sessions_from_before_end_and_the_owners_stays(stranger: Client) -> None:
    user = unconfirmed()
    tracked, untracked = make.logged_in(user), make.logged_in(user)
    assert doors.is_logged_in(tracked)
    assert UserSession.objects.filter(user=user).count() == 1
    doors.ask_at_login(stranger, user.email)
    doors.type_code(stranger, doors.mailed_code(user.email))
    assert not doors.is_logged_in(tracked)
    assert not doors.is_logged_in(untracked)
    assert doors.is_logged_in(stranger)
    assert UserSession.objects.get(user=user).session_key == stranger.session.session_key


@pytest.mark.attack("A10")
def test_a_password_login_to_an_unconfirmed_address_asks_for_the_code_and_then_wipes(stranger: Client) -> None:
    user = unconfirmed()
    response = stranger.post(doors.LOGIN, {"login": user.email, "password": PASSWORD})
    assert response["Location"] == "/account/confirm-email/"
    assert not doors.is_logged_in(stranger)
    code = doors.mailed_code(user.email)
    assert stranger.post("/account/confirm-email/", {"code": "000000x"}).status_code == 400
    assert stranger.post("/account/confirm-email/", {"code": code}).status_code == 302
    assert doors.is_logged_in(stranger)
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_a_later_login_leaves_password_and_sessions_alone(stranger: Client) -> None:
    user = make.user("owner@example.org", password=PASSWORD)
    elsewhere = make.logged_in(user)
    assert doors.is_logged_in(elsewhere)
    doors.ask_at_login(stranger, user.email)
    doors.type_code(stranger, doors.mailed_code(user.email))
    assert doors.is_logged_in(elsewhere)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("is_known", [True, False])
def test_the_apps_above_hear_of_each_proof_of_an_address(is_known: bool, stranger: Client) -> None:
    if is_known:
        make.user("owner@example.org")
    heard: list[tuple[str, str, bool]] = []

    def listen(user: User, email: str, **_kwargs: object) -> None:
        heard.append((user.email, email, EmailAddress.objects.filter(user=user, verified=True).exists()))

    address_confirmed.connect(listen)
    try:
        doors.ask_at_login(stranger, "owner@example.org")
        doors.type_code(stranger, doors.WRONG)
        assert heard == []
        doors.type_code(stranger, doors.mailed_code("owner@example.org"))
    finally:
        address_confirmed.disconnect(listen)
    assert heard == [("owner@example.org", "owner@example.org", True)]
