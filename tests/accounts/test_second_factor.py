"""Staff and the second factor: without one that was used in this login nothing in admin opens, by whatever address."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    SECRET_SESSION_KEY,
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.adapter import RECENT_LOGIN
from accounts.audit import COMMAND_LINE
from accounts.models import RateWindow, StaffAction, User
from articles.models import Section
from tests import make
from tests.accounts import doors
from tests.accounts.test_races import at_once, same_browser
from tests.make import by_code_only, session_with
from tests.newsroom.fresh_settings import load_settings
from tests.newsroom.test_env import PUBLIC, shown

pytestmark = pytest.mark.django_db

PASSKEYS = "/account/passkeys/"
ACTIVATE = "/account/passkeys/totp/activate/"
REAUTHENTICATE = "/account/passkeys/reauthenticate/"
ADD_SECTION = "/admin/articles/section/add/"
SECTION = {"name": "Harbours", "slug": "harbours", "position": "1", "description": ""}
PASSWORD = "a long password indeed"
OLD = timedelta(seconds=RECENT_LOGIN + 5)
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
ADMIN = [
    "/admin/",
    "/admin/jsi18n/",
    "/admin/login/",
    "/admin/password_change/",
    "/admin/autocomplete/",
    "/admin/accounts/user/",
    ADD_SECTION,
    "/admin/nowhere",
    "/admin/read-as/",
    "/admin//",
    "/admin/..;/",
    "/admin/%2e%2e/admin/",
    "/%61dmin/",
]


@pytest.fixture(autouse=True)
def between_two_codes() -> Iterator[None]:
    """The codes of an app change every thirty seconds: no test shall run across such a moment."""
    with time_machine.travel(datetime(2026, 11, 23, 12, 0, 10, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def staff() -> User:
    return make.user("staff@example.org", is_staff=True, is_superuser=True, password=PASSWORD)


@pytest.fixture
def clerk() -> User:
    """No superuser, and free to add sections."""
    user = make.user("clerk@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="articles"))
    return user


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def app_code(user: User) -> str:
    return code_of(make.second_factor(user).data["secret"])


def recovery_code(user: User) -> str:
    make.second_factor(user)
    return str(RecoveryCodes.activate(user).get_unused_codes()[0])


def connect_app(client: Client) -> Any:
    """Walk the page that connects an app. What follows from it happens at the commit."""
    assert client.get(ACTIVATE).status_code == 200
    return client.post(ACTIVATE, {"code": code_of(client.session[SECRET_SESSION_KEY])})


@pytest.mark.parametrize("path", ADMIN)
@pytest.mark.parametrize("who", ["staff", "clerk"])
def test_whoever_has_none_is_sent_to_put_one_up(who: str, path: str, request: pytest.FixtureRequest) -> None:
    client = by_code_only(request.getfixturevalue(who))
    for method in METHODS:
        response = client.generic(method, path)
        assert (response.status_code, response["Location"]) == (302, PASSKEYS), method
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ADMIN)
def test_whoever_has_not_used_it_in_this_login_is_asked_for_it(path: str, clerk: User) -> None:
    make.second_factor(clerk)
    client = by_code_only(clerk)
    for method in METHODS:
        response = client.generic(method, path)
        assert response.status_code == 302, method
        assert response["Location"].startswith(f"{REAUTHENTICATE}?next=%2Fadmin%2F"), method


@pytest.mark.parametrize("path", ["//admin/", "/./admin/", "/ADMIN/", "/x/../admin/", "/admin;/", "\\admin/"])
def test_what_is_not_the_address_of_admin_opens_nothing(path: str, staff: User) -> None:
    response = by_code_only(staff).get("/", PATH_INFO=path)
    assert response.status_code == 404
    assert b"site-name" not in response.content


def test_a_post_changes_something_only_once_the_second_factor_was_used(clerk: User) -> None:
    for client in (by_code_only(clerk), session_with(clerk, {"method": "password"})):
        assert client.post(ADD_SECTION, SECTION).status_code == 302
        make.second_factor(clerk)
        assert client.post(ADD_SECTION, SECTION).status_code == 302
        assert client.post("/admin/logout/").status_code == 302
        assert doors.is_logged_in(client)
        assert not Section.objects.filter(slug="harbours").exists()
    assert make.logged_in(clerk).post(ADD_SECTION, SECTION)["Location"] == "/admin/articles/section/"
    assert Section.objects.filter(slug="harbours").exists()


@pytest.mark.django_db(transaction=True)
def test_a_new_editor_puts_one_up_keeps_recovery_codes_and_goes_on(clerk: User) -> None:
    client = doors.log_in(clerk.email)
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain == [(PASSKEYS, 302)]
    assert (
        "To open the admin you need a second way to prove it is you, and you have not set one up."
        in page.content.decode()
    )
    response = connect_app(client)
    assert response["Location"] == "/account/passkeys/recovery-codes/"
    codes = client.get(response["Location"]).content.decode()
    assert all(code in codes for code in RecoveryCodes.activate(clerk).get_unused_codes())
    assert 'href="/admin/"' in codes
    assert client.get("/admin/").status_code == 200
    page = client.get(PASSKEYS).content.decode()
    assert "10 of 10 codes are left" in page
    assert "you have not set one up" not in page


def test_the_app_is_asked_for_at_each_login(clerk: User) -> None:
    code = app_code(clerk)
    client = Client()
    doors.ask_at_login(client, clerk.email, "/admin/")
    doors.type_code(client, doors.mailed_code(clerk.email), "/admin/")
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    client.post("/account/passkeys/authenticate/", {"code": "000000"})
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    client.post("/account/passkeys/authenticate/", {"code": code})
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_twenty_codes_at_once_five_are_compared(clerk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    make.second_factor(clerk)
    client = Client()
    doors.ask_at_login(client, clerk.email)
    doors.type_code(client, doors.mailed_code(clerk.email))
    compared: list[str] = []

    def noting(_app: TOTP, code: str) -> bool:
        compared.append(code)
        return False

    monkeypatch.setattr(TOTP, "validate_code", noting)
    at_once(lambda: same_browser(client).post("/account/passkeys/authenticate/", {"code": "000000"}))
    assert 1 <= len(compared) <= 5


@pytest.mark.parametrize("is_login", [True, False])
def test_after_five_wrong_codes_the_right_one_waits(is_login: bool, clerk: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login_failed": "1000/m/key"}  # allauth's own count
    code = app_code(clerk)
    client, page = by_code_only(clerk), REAUTHENTICATE
    if is_login:
        client, page = Client(), "/account/passkeys/authenticate/"
        doors.ask_at_login(client, clerk.email)
        doors.type_code(client, doors.mailed_code(clerk.email))
    for _try in range(5):
        client.post(page, {"code": "000000"})
    refused = client.post(page, {"code": code})
    assert "Too many tries. Please wait a few minutes." in refused.content.decode()
    assert client.get("/admin/").status_code == 302
    RateWindow.objects.all().delete()
    client.post(page, {"code": code})
    assert client.get("/admin/").status_code == 200


def test_a_recovery_code_counts_as_used_and_only_once(clerk: User) -> None:
    code = recovery_code(clerk)
    for status in (200, 302):
        client = Client()
        doors.ask_at_login(client, clerk.email)
        doors.type_code(client, doors.mailed_code(clerk.email))
        client.post("/account/passkeys/authenticate/", {"code": code})
        assert client.get("/admin/").status_code == status
    assert "9 of 10 codes are left" in make.logged_in(clerk).get(PASSKEYS).content.decode()


def test_an_older_session_is_asked_and_led_back(staff: User) -> None:
    client = by_code_only(staff)
    code = app_code(staff)
    path = "/admin/accounts/user/?q=a@example.org"
    asked = client.get(path)["Location"]
    assert asked == "/account/passkeys/reauthenticate/?next=%2Fadmin%2Faccounts%2Fuser%2F%3Fq%3Da%40example.org"
    page = client.get(asked).content.decode()
    assert re.search(r'name="next" value="/admin/accounts/user/\?q=a@example.org"', page)
    form = {"next": path}
    assert client.post("/account/reauthenticate/", {**form, "password": PASSWORD})["Location"] == path
    assert client.get(path)["Location"] == asked, "a password is not the second factor"
    client.post(REAUTHENTICATE, {**form, "code": "000000"})
    assert client.get(path)["Location"] == asked
    assert client.post(REAUTHENTICATE, {**form, "code": code})["Location"] == path
    assert client.get(path).status_code == 200
    assert by_code_only(staff).get(path)["Location"] == asked, "one session does not open another"


def test_a_passkey_login_counts_as_used(clerk: User) -> None:
    key = Authenticator.objects.create(user=clerk, type="webauthn", data={})
    used = {"method": "mfa", "type": "webauthn", "id": key.pk, "passwordless": True}
    assert session_with(clerk, used).get("/admin/").status_code == 200
    asked = by_code_only(clerk).get("/admin/")["Location"]
    assert asked == "/account/passkeys/webauthn/reauthenticate/?next=%2Fadmin%2F"


def test_what_somebody_else_has_used_does_not_count(clerk: User, staff: User) -> None:
    make.second_factor(clerk)
    theirs = {"method": "mfa", "type": "totp", "id": make.second_factor(staff).pk}
    assert session_with(clerk, theirs).get("/admin/").status_code == 302
    client = session_with(clerk, {**theirs, "id": make.second_factor(clerk).pk})
    assert client.get("/admin/").status_code == 200
    session = client.session
    session["account_authentication_methods_user"] = str(staff.pk)
    session.save()
    assert client.get("/admin/").status_code == 302


def test_with_the_last_factor_goes_the_admin(clerk: User) -> None:
    client = make.logged_in(clerk)
    assert client.get("/admin/").status_code == 200
    assert client.post("/account/passkeys/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=clerk).exists()
    assert client.get("/admin/")["Location"] == PASSKEYS


def test_a_factor_that_was_removed_opens_nothing_though_another_is_left(clerk: User) -> None:
    client = make.logged_in(clerk)
    Authenticator.objects.create(user=clerk, type="webauthn", data={})
    assert client.get("/admin/").status_code == 200
    make.second_factor(clerk).delete()
    assert client.get("/admin/")["Location"].startswith("/account/passkeys/webauthn/reauthenticate/")


@pytest.mark.django_db(transaction=True)
def test_a_session_alone_puts_up_no_factor(clerk: User) -> None:
    stolen = session_with(clerk, {"method": "code"}, ago=OLD)
    assert stolen.get("/admin/")["Location"] == PASSKEYS
    for response in (stolen.get(ACTIVATE), stolen.post(ACTIVATE, {"code": "123456"})):
        assert response.status_code == 403
    assert not Authenticator.objects.exists()
    connect_app(by_code_only(clerk))
    assert stolen.get("/admin/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/account/passkeys/recovery-codes/",
        "/account/passkeys/recovery-codes/download/",
        "/account/passkeys/recovery-codes/generate/",
        "/account/passkeys/totp/deactivate/",
        "/account/passkeys/webauthn/add/",
    ],
)
def test_a_session_and_a_password_do_not_get_around_the_factor(path: str, staff: User) -> None:
    recovery_code(staff)
    client = by_code_only(staff)
    client.post("/account/reauthenticate/", {"password": PASSWORD, "next": path})
    for response in (client.get(path), client.post(path)):
        assert response["Location"].startswith(REAUTHENTICATE)
    assert Authenticator.objects.filter(user=staff, type="totp").exists()
    assert make.logged_in(staff).get(path).status_code == 200


def test_readers_and_strangers_get_what_they_always_got(registered: Client, stranger: Client) -> None:
    assert registered.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert registered.get("/admin/login/").status_code == 403
    assert stranger.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    reader = make.user()
    recovery_code(reader)
    assert by_code_only(reader).get("/account/passkeys/recovery-codes/").status_code == 200
    page = by_code_only(reader).get(PASSKEYS).content.decode()
    assert "admin" not in page


def test_the_demo_alone_asks_for_none_and_says_so(clerk: User, settings: Any) -> None:
    note = "nobody is asked for a second login step here"
    assert note not in make.logged_in(clerk).get("/admin/").content.decode()
    Authenticator.objects.all().delete()
    settings.IS_DEMO = True
    client = by_code_only(clerk)
    assert note in client.get("/admin/").content.decode()
    assert "The admin asks" not in client.get(PASSKEYS).content.decode()


@pytest.mark.parametrize(("variables", "is_demo"), [({}, False), ({"DEMO": "0"}, False), ({"DEMO": "1"}, True)])
def test_local_mode_is_a_demo_only_where_it_is_told(variables: dict[str, str], is_demo: bool) -> None:
    assert shown(variables, "IS_DEMO") == [is_demo]


def test_a_public_host_is_no_demo() -> None:
    refused = load_settings({**PUBLIC, "DEMO": "1"})
    assert refused.returncode == 1
    assert refused.stderr.startswith("DEMO=1 is for this machine alone")
    assert shown({**PUBLIC, "DEMO": "0"}, "IS_DEMO") == [False]


def test_a_superuser_removes_a_lost_factor_and_learns_nothing_of_it(staff: User, clerk: User) -> None:
    factor = make.second_factor(clerk)
    codes = RecoveryCodes.activate(clerk).instance
    root, colleague = make.logged_in(staff), make.logged_in(clerk)
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label__in=["mfa", "usersessions"]))
    for client in (root, colleague):
        for path in ("", f"{factor.pk}/change/", f"{codes.pk}/change/"):
            page = client.get(f"/admin/mfa/authenticator/{path}")
            assert page.status_code == 200
            text = page.content.decode()
            assert factor.data["secret"] not in text
            assert codes.data["seed"] not in text
        assert client.get("/admin/mfa/authenticator/add/").status_code == 403
        assert client.post(f"/admin/mfa/authenticator/{factor.pk}/change/", {"data": "{}"}).status_code == 403
    assert colleague.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"}).status_code == 403
    assert colleague.get("/admin/").status_code == 200
    assert root.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Authenticator.objects.filter(user=clerk).exists(), "the recovery codes go with the last factor"
    assert colleague.get("/admin/")["Location"] == PASSKEYS


def test_the_command_removes_what_is_lost_and_logs_out_everywhere(staff: User) -> None:
    recovery_code(staff)
    client = make.logged_in(staff)
    assert doors.is_logged_in(client)
    other = make.second_factor(make.user())
    output = io.StringIO()
    call_command("remove_second_factor", "Staff@Example.org", stdout=output)
    assert "staff@example.org has no second factor now" in output.getvalue()
    assert list(Authenticator.objects.all()) == [other]
    assert StaffAction.objects.get(action="second_factor_changed").network == COMMAND_LINE
    assert not doors.is_logged_in(client)
    for address in ("staff@example.org", "nobody@example.org", "nobody"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", address)
