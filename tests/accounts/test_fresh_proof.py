"""Where an account could be taken over, a session alone that is no longer new is not enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.adapter import RECENT_LOGIN
from accounts.models import User
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

OLD = timedelta(seconds=RECENT_LOGIN + 5)
PASSWORD = "a long password indeed"
SET_PASSWORD = "/account/password/set/"
NEW_PASSWORD = {"password1": PASSWORD, "password2": PASSWORD}
DOORS = {
    SET_PASSWORD: NEW_PASSWORD,
    "/account/email/": {"email": "thief@example.org", "action_add": "1"},
    "/account/passkeys/webauthn/add/": {"name": "", "credential": "{}"},
    "/account/passkeys/totp/activate/": {"code": "123456"},
}


@pytest.fixture
def owner() -> User:
    return make.user("owner@example.org")


@pytest.mark.parametrize(("path", "form"), DOORS.items())
def test_an_old_login_opens_no_door_by_which_the_account_can_be_taken(
    path: str, form: dict[str, Any], owner: User
) -> None:
    client = make.logged_in(owner, ago=OLD)
    for response in (client.get(path), client.post(path, form)):
        assert response.status_code == 403
        assert "To be sure that it is you, log in once more." in response.content.decode()
    owner.refresh_from_db()
    assert not owner.has_usable_password()
    assert doors.queued_mails() == 0
    assert not Authenticator.objects.exists()


def test_a_session_without_any_record_of_a_login_is_an_old_one(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    assert client.post(SET_PASSWORD, NEW_PASSWORD).status_code == 403


@pytest.mark.parametrize("path", DOORS)
def test_a_new_login_opens_them(path: str, owner: User) -> None:
    assert make.logged_in(owner).get(path).status_code == 200


def test_the_button_leads_through_the_login_back_to_the_door(owner: User) -> None:
    client = make.logged_in(owner, ago=OLD)
    again = f"{doors.LOGIN}?next={quote(SET_PASSWORD, safe='')}"
    assert f'name="next" value="{again}"' in client.get(SET_PASSWORD).content.decode()
    assert client.post("/account/logout/", {"next": again})["Location"] == again
    assert not doors.is_logged_in(client)
    doors.ask_at_login(client, owner.email, SET_PASSWORD)
    assert doors.type_code(client, doors.mailed_code(owner.email), SET_PASSWORD)["Location"] == SET_PASSWORD
    assert client.post(SET_PASSWORD, NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize("path", ["/account/", "/account/sessions/", "/account/passkeys/", "/account/logout/"])
def test_pages_that_change_nothing_stay_open(path: str, owner: User) -> None:
    assert make.logged_in(owner, ago=OLD).get(path).status_code == 200


def test_who_has_a_password_proves_themself_with_it() -> None:
    client = make.logged_in(make.user(password=PASSWORD), ago=OLD)
    for path in ("/account/email/", "/account/passkeys/webauthn/add/"):
        assert client.get(path)["Location"].startswith("/account/reauthenticate/")
