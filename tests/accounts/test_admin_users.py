"""Accounts in admin: nobody hands out more than they hold, and neither address nor password is set there."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from tests import make

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"
NO_ADDRESSES = {"emailaddress_set-TOTAL_FORMS": "0", "emailaddress_set-INITIAL_FORMS": "0"}


@pytest.fixture
def clerk() -> Client:
    """May see and change accounts, and is no superuser."""
    user = make.user("clerk@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    return make.logged_in(user)


def change(client: Client, user: User, **fields: Any) -> Any:
    return client.post(f"{LIST}{user.pk}/change/", {"name": "Renamed", "is_active": "on", **NO_ADDRESSES, **fields})


def test_a_made_account_logs_in_by_code_only(superuser: Client) -> None:
    response = superuser.post(
        f"{LIST}add/", {"email": "New.Reader@Example.org", "name": "", "is_active": "on", **NO_ADDRESSES}
    )
    assert response.status_code == 302
    user = User.objects.get(email="new.reader@example.org")
    assert not user.has_usable_password()
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "primary", "verified")) == [
        (user.email, True, False)
    ]


def test_an_address_that_another_account_holds_is_refused(superuser: Client) -> None:
    EmailAddress.objects.create(user=make.user(), email="second@example.org", verified=True)
    response = superuser.post(f"{LIST}add/", {"email": "Second@example.org", "is_active": "on", **NO_ADDRESSES})
    assert response.context["adminform"].form.errors["email"] == ["A user with this address exists already."]
    assert not User.objects.filter(email="second@example.org").exists()


def test_the_address_of_an_account_stays_as_it_is(superuser: Client) -> None:
    user = make.user("kept@example.org")
    assert change(superuser, user, email="other@example.org").status_code == 302
    user.refresh_from_db()
    assert (user.email, user.name) == ("kept@example.org", "Renamed")


def test_the_page_of_an_account_shows_its_addresses_and_no_password(superuser: Client) -> None:
    user = make.user("shown@example.org", password="a-long-password-indeed")
    page = superuser.get(f"{LIST}{user.pk}/change/").content.decode()
    assert "shown@example.org" in page
    assert user.password not in page


def test_a_clerk_changes_readers_but_gives_no_rights(clerk: Client) -> None:
    reader = make.user("reader@example.org")
    group = Group.objects.get(name="editors")
    assert change(clerk, reader, is_staff="on", is_superuser="on", groups=[group.pk]).status_code == 302
    reader.refresh_from_db()
    assert (reader.name, reader.is_staff, reader.is_superuser, reader.groups.count()) == ("Renamed", False, False, 0)


def test_a_clerk_does_not_touch_staff_or_themself(clerk: Client) -> None:
    root, colleague = User.objects.create_superuser("root@example.org"), make.editor("colleague@example.org")
    for user in (root, colleague, User.objects.get(email="clerk@example.org")):
        assert change(clerk, user).status_code == 403


def test_accounts_are_not_deleted_here(superuser: Client) -> None:
    user = make.user()
    assert superuser.post(f"{LIST}{user.pk}/delete/", {"post": "yes"}).status_code == 403
    superuser.post(LIST, {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"})
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("lookup", ["password", "password__startswith", "password__regex"])
def test_the_list_tells_nothing_of_a_password(lookup: str, clerk: Client) -> None:
    make.user("reader@example.org", password="a-long-password-indeed")
    for value in ("argon2", "no such hash"):
        assert clerk.get(LIST, {lookup: value}).status_code == 400


def test_accounts_are_found_by_their_whole_address(superuser: Client) -> None:
    user = make.user("findme@example.org")
    assert list(superuser.get(f"{LIST}?q=FindMe@example.org").context["cl"].result_list) == [user]
    assert list(superuser.get(f"{LIST}?q=findme").context["cl"].result_list) == []
