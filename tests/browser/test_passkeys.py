"""Passkeys in a real browser, with a virtual authenticator: added to an account, then enough to log in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page_with_authenticator(page: Page) -> Page:
    browser = page.context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


def test_a_passkey_is_added_and_then_logs_in_without_a_code(
    live_server: LiveServer, page_with_authenticator: Page, code_for: Callable[[str], str]
) -> None:
    page = page_with_authenticator
    user = make.user("reader@example.org")
    page.goto(f"{live_server.url}/account/login/?next=/account/passkeys/webauthn/add/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(code_for(user.email))
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_label("Name")).to_have_value("Passkey")
    expect(page.get_by_label("Log in with this passkey alone")).to_be_checked()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes", exact=True)).to_be_visible()

    page.goto(f"{live_server.url}/account/")
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{live_server.url}/account/login/?next=/account/sessions/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page).to_have_url(f"{live_server.url}/account/sessions/")
    expect(page.get_by_role("heading", name="Your devices")).to_be_visible()


def test_a_passkey_that_is_not_used_is_told_beside_the_button(live_server: LiveServer, page: Page) -> None:
    """With no listener the browser's refusal would be seen in the console alone."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server.url}/account/login/")
    page.evaluate(
        "void (navigator.credentials.get = () => Promise.reject(new DOMException('cancelled', 'NotAllowedError')))"
    )
    told = page.get_by_role("alert")
    expect(told).to_have_count(0)
    for _try in range(2):
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(told).to_have_text("The passkey was not used. Try again, or log in another way.")
    assert errors == []


def test_an_authenticator_app_is_shown_its_picture(
    live_server: LiveServer, page: Page, code_for: Callable[[str], str]
) -> None:
    user = make.user("reader@example.org")
    page.goto(f"{live_server.url}/account/login/?next=/account/passkeys/totp/activate/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(code_for(user.email))
    page.get_by_role("button", name="Continue").click()
    picture = page.locator('main img[src^="data:image/svg+xml"]')
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
