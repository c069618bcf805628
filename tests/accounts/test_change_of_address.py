"""Changing the address with a code that goes to the new one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

CONFIRM_NEW = "/account/confirm-email/"


def ask_for(client: Client, email: str) -> HttpResponse:
    return client.post("/account/email/", {"email": email, "action_add": "1"})


def change(client: Client, email: str) -> HttpResponse:
    ask_for(client, email)
    return client.post(CONFIRM_NEW, {"code": doors.mailed_code(email)})


def test_the_new_address_takes_the_place_of_the_old_one(registered: Client) -> None:
    user = User.objects.get()
    assert ask_for(registered, "New@Exämple.org")["Location"] == CONFIRM_NEW
    user.refresh_from_db()
    assert user.email == "registered@example.org"
    response = registered.post(CONFIRM_NEW, {"code": doors.mailed_code("new@xn--exmple-cua.org")})
    assert (response.status_code, response["Location"]) == (302, "/account/")
    user.refresh_from_db()
    assert user.email == "new@xn--exmple-cua.org"
    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == (user.email, True, True)
    assert user.email in registered.get("/account/").content.decode()


@pytest.mark.attack("A09")
def test_other_devices_are_logged_out_and_the_old_address_is_told(registered: Client) -> None:
    elsewhere = make.logged_in(User.objects.get())
    assert doors.is_logged_in(elsewhere)
    change(registered, "new@example.org")
    assert doors.is_logged_in(registered)
    assert not doors.is_logged_in(elsewhere)
    make.run_tasks()
    assert mail.outbox[-1].to == ["registered@example.org"]
    assert "new@example.org" in mail.outbox[-1].body


def test_a_wrong_code_changes_nothing(registered: Client) -> None:
    ask_for(registered, "new@example.org")
    statuses = [registered.post(CONFIRM_NEW, {"code": doors.WRONG}).status_code for _ in range(3)]
    assert statuses == [400, 400, 400]
    late = registered.post(CONFIRM_NEW, {"code": doors.mailed_code("new@example.org")})
    assert late.status_code == 400
    assert "/account/email/" in late.content.decode()
    assert User.objects.get().email == "registered@example.org"


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@example.org,b@example.org", "a@example.org\nBcc: b@c.de", "admın@example.org"]
)
def test_a_bad_address_is_refused_in_words(address: str, registered: Client) -> None:
    response = ask_for(registered, address)
    assert response.status_code == 400
    assert 'id="id_email_error"' in response.content.decode()
    assert doors.queued_mails() == 0


def test_an_address_with_an_account_of_its_own_looks_free_until_its_inbox_is_proved(registered: Client) -> None:
    other = make.user("taken@example.org")
    assert ask_for(registered, "taken@example.org")["Location"] == ask_for(registered, "free@example.org")["Location"]
    ask_for(registered, "taken@example.org")
    response = registered.post(CONFIRM_NEW, {"code": doors.mailed_code("taken@example.org")})
    assert response.status_code == 400
    assert "There is an account with this address already" in response.content.decode()
    other.refresh_from_db()
    assert other.email == "taken@example.org"


def test_an_address_that_a_stranger_typed_at_the_gate_is_still_its_owners(registered: Client) -> None:
    doors.ask_at_gate(Client(), "new@example.org")
    assert change(registered, "new@example.org").status_code == 302
    assert User.objects.get().email == "new@example.org"


def test_the_code_for_a_new_address_counts_against_that_address(registered: Client) -> None:
    for _ in range(5):
        doors.ask_at_login(Client(), "new@example.org")
    assert ask_for(registered, "new@example.org").status_code == 429
    assert doors.queued_mails() == 5


def test_with_a_password_one_proves_oneself_first() -> None:
    user = make.user("owner@example.org", password="a long password indeed")
    client = make.logged_in(user, ago=timedelta(hours=1))
    response = ask_for(client, "new@example.org")
    assert response["Location"].startswith("/account/reauthenticate/")
    assert client.get(response["Location"]).status_code == 200
    assert doors.queued_mails() == 0
    form = {"password": "a long password indeed", "next": "/account/email/"}
    assert client.post("/account/reauthenticate/", form)["Location"] == CONFIRM_NEW
    client.post(CONFIRM_NEW, {"code": doors.mailed_code("new@example.org")})
    user.refresh_from_db()
    assert user.email == "new@example.org"


@pytest.mark.parametrize(
    "path", ["/account/email/", "/account/password/set/", "/account/sessions/", "/account/passkeys/"]
)
def test_a_stranger_is_asked_to_log_in_first(path: str, stranger: Client) -> None:
    for response in (stranger.get(path), stranger.post(path)):
        assert response.status_code == 302
        assert response["Location"].startswith("/account/login/?next=")
