"""Every account page: in the site's design, under its policy, usable without a script, stored nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from accounts import overview, urls
from accounts.models import User
from articles.models import Page
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

FOR_STRANGERS = ["/account/login/", "/account/login/code/", "/account/password/reset/", "/account/inactive/"]
FOR_READERS = [
    "/account/",
    "/account/email/",
    "/account/password/set/",
    "/account/logout/",
    "/account/sessions/",
    "/account/passkeys/",
    "/account/passkeys/webauthn/",
    "/account/passkeys/webauthn/add/",
    "/account/passkeys/totp/activate/",
]
WITH_A_FACTOR = [
    "/account/passkeys/",
    "/account/passkeys/recovery-codes/",
    "/account/passkeys/recovery-codes/generate/",
    "/account/passkeys/totp/deactivate/",
    "/account/passkeys/reauthenticate/?next=/account/",
]
ACTIVATE = "/account/passkeys/totp/activate/"
WITH_A_KEY = {"account_session_end", "mfa_edit_webauthn", "mfa_remove_webauthn"}
INLINE = re.compile(r"<style|\sstyle=|\son\w+=|javascript:", re.IGNORECASE)
SCRIPT = re.compile(r"<script(?![^>]*(?:\ssrc=|application/json))", re.IGNORECASE)
INPUT = re.compile(r"<(?:input|textarea)\b[^>]*>")
LABEL_WITH_COLON = re.compile(r"<label[^>]*>[^<]*:\s*</label>")


def assert_is_a_page_of_ours(response: HttpResponse, status: int = 200) -> str:
    text = response.content.decode()
    assert response.status_code == status
    assert response["Cache-Control"] == "private, no-store"
    assert '<meta name="robots" content="noindex">' in text
    assert text.count("<h1>") == 1
    assert 'class="masthead"' in text
    assert not INLINE.search(text), INLINE.search(text)
    assert not SCRIPT.search(text), SCRIPT.search(text)
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert_fields_have_labels(text)
    return text


def assert_fields_have_labels(text: str) -> None:
    for field in INPUT.findall(text):
        if 'type="hidden"' not in field:
            identifier = re.search(r'\bid="([^"]+)"', field)
            assert identifier is not None, field
            assert f'<label for="{identifier[1]}"' in text, field
    assert not LABEL_WITH_COLON.search(text)


@pytest.mark.parametrize("path", FOR_STRANGERS)
def test_pages_for_strangers(path: str, stranger: Client) -> None:
    assert_is_a_page_of_ours(stranger.get(path))


@pytest.mark.parametrize("path", FOR_READERS)
def test_pages_for_readers(path: str, registered: Client) -> None:
    assert_is_a_page_of_ours(registered.get(path))


@pytest.mark.parametrize("path", WITH_A_FACTOR)
def test_pages_for_readers_with_an_authenticator(path: str) -> None:
    client, _user = with_authenticator()
    assert_is_a_page_of_ours(client.get(path))


def with_authenticator() -> tuple[Client, User]:
    """A reader with an authenticator app, who logged in a moment ago."""
    user = make.user("owner@example.org")
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    return make.logged_in(user), user


def test_the_pages_of_a_password(stranger: Client) -> None:
    user = make.user("owner@example.org", password="a long password indeed")
    client = make.logged_in(user)
    assert_is_a_page_of_ours(client.get("/account/password/change/"))
    assert_is_a_page_of_ours(client.get("/account/reauthenticate/?next=/account/"))
    stranger.post("/account/password/reset/", {"email": user.email})
    assert_is_a_page_of_ours(stranger.get("/account/password/reset/confirm/"))
    stranger.post("/account/password/reset/confirm/", {"code": doors.mailed_code(user.email)})
    assert_is_a_page_of_ours(stranger.get("/account/password/reset/complete/"))
    assert_is_a_page_of_ours(stranger.get("/account/password/reset/done/"))


def test_the_password_is_folded_away_until_it_was_wrong(stranger: Client) -> None:
    user = make.user("owner@example.org", password="a long password indeed")
    text = stranger.get("/account/login/").content.decode()
    folded = text.partition("<details>")[2].partition("</details>")[0]
    assert 'name="password"' in folded
    assert 'href="/account/password/reset/"' in folded
    wrong = stranger.post("/account/login/", {"login": user.email, "password": "another one"}).content.decode()
    assert 'name="password"' in wrong.partition("<details open>")[2].partition("</details>")[0]
    misspelt = stranger.post("/account/login/", {"login": "owner", "password": "another one"}).content.decode()
    assert 'name="password"' in misspelt.partition("<details open>")[2].partition("</details>")[0]


def test_a_new_password_is_explained_in_one_sentence(registered: Client) -> None:
    text = registered.get("/account/password/set/").content.decode()
    assert "At least 10 characters, not only figures" in text
    assert "placeholder" not in text
    assert "too similar" not in text


def test_the_account_page_leads_to_what_is_kept_where_the_page_of_privacy_is_out(registered: Client) -> None:
    assert '<a href="/privacy/">What is kept, and why' in registered.get("/account/").content.decode()
    Page.objects.filter(slug="privacy").update(is_published=False)
    assert "What is kept" not in registered.get("/account/").content.decode()


def test_the_page_of_the_code_asks_for_six_digits_and_keeps_the_way_on(stranger: Client) -> None:
    doors.ask_at_gate(stranger, "reader@example.org")
    text = assert_is_a_page_of_ours(stranger.get(doors.CONFIRM, {"next": doors.ARTICLE}))
    (field,) = [field for field in INPUT.findall(text) if 'name="code"' in field]
    assert 'autocomplete="one-time-code"' in field
    assert 'inputmode="numeric"' in field
    assert text.count('name="next" value="/articles/story/#continue"') == 2
    assert 'href="/account/login/?next=%2Farticles%2Fstory%2F%23continue"' in text
    text = assert_is_a_page_of_ours(doors.type_code(stranger, doors.WRONG), 400)
    assert "This is not the code that we sent. You have 2 tries left.</li>" in text
    assert doors.WRONG not in text
    assert "You have 1 try left." in doors.type_code(stranger, doors.WRONG).content.decode()
    assert_is_a_page_of_ours(doors.type_code(stranger, doors.WRONG), 400)


def test_the_page_of_a_new_address(registered: Client) -> None:
    registered.post("/account/email/", {"email": "new@example.org", "action_add": "1"})
    text = assert_is_a_page_of_ours(registered.get("/account/confirm-email/"))
    assert "new@example.org" in text


def test_the_key_of_an_app_can_be_read_and_copied_and_its_code_typed_anew(registered: Client) -> None:
    for response in (registered.get(ACTIVATE), registered.post(ACTIVATE, {"code": "000000"})):
        text = response.content.decode()
        key = response.context["form"].secret
        assert re.search(rf'<textarea id="authenticator_secret" rows="2" readonly[^>]*>{key}</textarea>', text)
        (field,) = [field for field in INPUT.findall(text) if 'name="code"' in field]
        assert 'inputmode="numeric"' in field
        assert "autofocus" in field
        assert "placeholder" not in field
        assert "000000" not in text
    assert "That code is not right. Type the one the app shows now." in text


@pytest.mark.parametrize("held", ["app", "passkey", "both"])
def test_the_second_step_asks_first_for_what_the_reader_has(
    held: str, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allauth.mfa.base.views.webauthn_auth.begin_authentication", lambda user: {})
    user = make.user("owner@example.org")
    RecoveryCodes.activate(user)
    if held != "passkey":
        TOTP.activate(user, generate_totp_secret())
    if held != "app":
        Authenticator.objects.create(user=user, type="webauthn", data={})
    doors.ask_at_login(stranger, user.email)
    doors.type_code(stranger, doors.mailed_code(user.email))
    text = assert_is_a_page_of_ours(stranger.get("/account/passkeys/authenticate/"))
    code, passkey = text.find('name="code"'), text.find('id="mfa_webauthn_authenticate"')
    assert code > 0
    assert (passkey > 0) is (held != "app")
    assert (passkey > code) is (held == "both")
    assert ("authenticator app" in text) is (held != "passkey")
    (field,) = [field for field in INPUT.findall(text) if 'name="code"' in field]
    assert ("autofocus" in field) is (held != "passkey")


def test_a_second_factor_is_asked_for_after_the_code(stranger: Client) -> None:
    _client, user = with_authenticator()
    doors.ask_at_login(stranger, user.email)
    response = doors.type_code(stranger, doors.mailed_code(user.email))
    assert response["Location"] == "/account/passkeys/authenticate/"
    assert not doors.is_logged_in(stranger)
    assert_is_a_page_of_ours(stranger.get("/account/passkeys/authenticate/"))
    (code, *_more) = RecoveryCodes(user.authenticator_set.get(type="recovery_codes")).get_unused_codes()
    stranger.post("/account/passkeys/authenticate/", {"code": code})
    assert doors.is_logged_in(stranger)


def test_what_a_half_finished_login_has_proved_is_forgotten_with_it(stranger: Client) -> None:
    _client, user = with_authenticator()
    doors.ask_at_login(stranger, user.email)
    doors.type_code(stranger, doors.mailed_code(user.email))
    assert AUTHENTICATION_METHODS_SESSION_KEY in stranger.session
    doors.ask_at_login(stranger, "somebody-else@example.org")
    assert AUTHENTICATION_METHODS_SESSION_KEY not in stranger.session


def test_the_login_form_names_its_fields_for_browsers(stranger: Client) -> None:
    page = stranger.get("/account/login/").content.decode()
    fields = INPUT.findall(page)
    (login,) = [field for field in fields if 'name="login"' in field]
    (password,) = [field for field in fields if 'name="password"' in field]
    assert ">E-mail address</label>" in page
    assert 'type="email"' in login
    assert 'autocomplete="email"' in login
    assert 'autocomplete="current-password"' in password
    assert "required" not in password


def test_pages_that_need_a_script_say_so(stranger: Client, registered: Client) -> None:
    for response in (stranger.get("/account/login/"), registered.get("/account/passkeys/webauthn/add/")):
        assert re.search(r'<noscript><p class="small">[^<]*JavaScript', response.content.decode())


def test_passkeys_are_offered_under_the_name_of_the_site(registered: Client, settings: Any) -> None:
    page = registered.get("/account/passkeys/webauthn/add/")
    assert page.context["js_data"]["creation_options"]["publicKey"]["rp"] == {
        "name": settings.SITE_NAME,
        "id": "testserver",
    }


def test_the_picture_for_an_authenticator_app_can_be_read_on_a_dark_page(registered: Client, settings: Any) -> None:
    page = registered.get("/account/passkeys/totp/activate/")
    assert 'fill="white"' in page.context["totp_svg"]
    assert quote(settings.SITE_NAME) in page.context["totp_url"]


def test_a_passkey_login_can_begin_while_a_code_is_on_its_way(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    response = stranger.get("/account/passkeys/webauthn/login/", headers={"Accept": "application/json"})
    assert response.status_code == 200
    assert "request_options" in response.json()
    assert stranger.post("/account/passkeys/webauthn/login/", {"credential": "{}"}).status_code == 302


def test_the_account_page_shows_what_the_apps_have_to_say(registered: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "_makers", {})
    link = overview.OverviewLink("See <more>", "/subscribe/")
    overview.register(lambda request: overview.OverviewSection("Reading", (f"For {request.user}.",), (link,)))
    overview.register(lambda _request: None)
    text = registered.get("/account/").content.decode()
    assert "<h2>Reading</h2>" in text
    assert "<p>For registered@example.org.</p>" in text
    assert "See &lt;more&gt;" in text


def test_no_page_below_account_may_be_stored(stranger: Client, registered: Client) -> None:
    names = sorted(names_of(urls.urlpatterns))
    assert {"account_login", "mfa_activate_totp", "mfa_login_webauthn", "usersessions_list"} <= set(names)
    for name in names:
        path = reverse(name, kwargs={"pk": 1} if name in WITH_A_KEY else None)
        for client in (stranger, registered):
            for response in (client.get(path), client.post(path), client.put(path)):
                response.getvalue()  # the copy of one's data is a file, closed once it is read
                assert response["Cache-Control"] == "private, no-store", path


def test_no_refusal_below_account_may_be_stored(stranger: Client) -> None:
    for path, status in [("/account/nothing-here/", 404), ("/account/login/?next=/admin/", 200), ("/account/", 302)]:
        response = stranger.get(path)
        assert (response.status_code, response["Cache-Control"]) == (status, "private, no-store")
    assert "no-store" not in Client().get("/")["Cache-Control"]


def names_of(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names_of(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


@pytest.mark.attack("A14")
@pytest.mark.parametrize(
    "path",
    [
        "/account/login/",
        "/account/login/code/confirm/",
        "/account/logout/",
        "/account/email/",
        "/account/password/set/",
        "/account/password/reset/",
        "/account/sessions/",
        "/account/sessions/1/end/",
    ],
)
def test_a_form_without_the_token_is_refused(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.user())
    response = client.post(path, {"email": "new@example.org", "action_add": "1"})
    assert response.status_code == 403
    assert response["Cache-Control"] == "private, no-store"
    assert "load the page again" in response.content.decode()


def test_strangers_get_no_cookie_from_a_page_that_has_no_form(stranger: Client) -> None:
    stranger.get("/account/inactive/")
    assert not stranger.cookies
