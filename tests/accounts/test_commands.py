"""manage.py make_editor, createsuperuser and prune."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.addresses import AddressRefused
from accounts.models import RateWindow, User
from accounts.pruning import prune
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db


def make_editor(email: str) -> str:
    output = io.StringIO()
    call_command("make_editor", email, stdout=output)
    return output.getvalue()


def test_a_new_editor_gets_into_admin_through_the_printed_link(settings: Any, stranger: Client) -> None:
    said = make_editor("Editor@Example.org")
    link = f"{settings.SITE_URL}/account/login/?next=%2Fadmin%2F"
    assert link in said
    assert "password" in said
    user = User.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("editor@example.org", True, False)
    assert not user.has_usable_password()
    assert list(user.groups.values_list("name", flat=True)) == ["editors"]
    assert stranger.get("/admin/").status_code == 302
    assert 'name="next" value="/admin/"' in stranger.get(link.removeprefix(settings.SITE_URL)).content.decode()
    doors.ask_at_login(stranger, "editor@example.org", "/admin/")
    response = doors.type_code(stranger, doors.mailed_code("editor@example.org"), "/admin/")
    assert response["Location"] == "/admin/"
    assert "second login" in said
    assert "is now an editor." in said
    assert stranger.get("/admin/")["Location"] == "/account/passkeys/"
    assert make.logged_in(User.objects.get()).get("/admin/").status_code == 200


def test_an_account_that_is_there_is_promoted_and_stays_itself() -> None:
    user = make.user("reader@example.org", password="a long password indeed")
    make_editor("reader@example.org")
    make_editor("reader@example.org")
    user.refresh_from_db()
    assert user.is_staff
    assert user.check_password("a long password indeed")
    assert EmailAddress.objects.get().verified
    assert Group.objects.filter(name="editors").count() == 1


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@example.org,b@example.org", "admın@example.org", "a@example.org\nb"]
)
def test_a_malformed_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(CommandError, match=r"[A-Z].*\.$"):
        make_editor(address)
    assert User.objects.count() == 0


def test_an_account_that_is_switched_off_is_not_promoted() -> None:
    make.user("reader@example.org", is_active=False)
    with pytest.raises(CommandError, match="switched off"):
        make_editor("reader@example.org")
    assert not User.objects.get().is_staff


def test_without_the_group_nobody_becomes_an_editor_of_nothing() -> None:
    Group.objects.all().delete()
    with pytest.raises(CommandError, match="migrate"):
        make_editor("reader@example.org")
    assert not Group.objects.exists()
    assert not User.objects.exists()


@pytest.mark.parametrize("address", ["admın@example.org", "nobody@localhost", "a@example.org,b@example.org"])
def test_a_superuser_gets_no_doubtful_address(address: str) -> None:
    with pytest.raises(AddressRefused):
        User.objects.create_superuser(address)
    with pytest.raises(CommandError, match=r"[A-Z].*\.$"):
        call_command("createsuperuser", email=address, interactive=False)
    assert not User.objects.exists()


def test_a_superuser_has_one_account_however_the_address_is_written() -> None:
    call_command("createsuperuser", email="Root@Exämple.org", interactive=False, verbosity=0)
    assert User.objects.get().email == "root@xn--exmple-cua.org"
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", email="root@EXÄMPLE.org", interactive=False)


def test_the_admin_login_is_the_sites_own(stranger: Client, registered: Client) -> None:
    response = stranger.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/account/login/?next=%2Fadmin%2F"
    assert stranger.get("/admin/login/?next=/admin/")["Location"] == "/account/login/?next=%2Fadmin%2F"
    posted = stranger.post("/admin/login/", {"username": "x@example.org", "password": "x", "next": "/admin/"})
    assert posted["Location"].startswith("/account/login/")
    assert registered.get("/admin/login/").status_code == 403


def test_an_address_that_nobody_confirmed_for_a_week_is_forgotten() -> None:
    doors.ask_at_gate(Client(), "never@example.org")
    owner = make.user("confirmed@example.org")
    with_password = User.objects.create_user("password@example.org", "a long password indeed")
    granted = User.objects.create_user("granted@example.org")
    make.grant(granted)
    make_editor("editor@example.org")
    staff = User.objects.create_user("staff@example.org", is_staff=True)
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        assert prune()["unconfirmed addresses"] == 0
        doors.ask_at_gate(Client(), "recent@example.org")
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert prune()["unconfirmed addresses"] == 1
    kept = {owner.email, with_password.email, granted.email, staff.email, "editor@example.org", "recent@example.org"}
    assert set(User.objects.values_list("email", flat=True)) == kept
    assert not EmailAddress.objects.filter(email="never@example.org").exists()


def test_ended_sessions_done_tasks_and_old_counts_are_removed() -> None:
    client = doors.log_in("reader@example.org")
    doors.is_logged_in(client)
    doors.ask_at_gate(Client(), "other@example.org")
    assert (UserSession.objects.count(), Session.objects.count()) == (1, 2)
    assert RateWindow.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert "1 done tasks removed" in run_prune()
        assert DBTaskResult.objects.count() == 1  # the other mail still waits
        assert not RateWindow.objects.exists()
        assert Session.objects.count() == 1
        assert UserSession.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        run_prune()
        assert (UserSession.objects.count(), Session.objects.count()) == (0, 0)


def run_prune() -> str:
    output = io.StringIO()
    call_command("prune", stdout=output)
    return output.getvalue()
