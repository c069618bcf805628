"""A new editor in a real browser: from the printed link to the admin by way of a passkey, and in again with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import make
from tests.browser.test_passkeys import page_with_authenticator as page_with_authenticator

pytestmark = pytest.mark.django_db(transaction=True)


def log_in(page: Page, address: str, email: str, code_for: Callable[[str], str]) -> None:
    page.goto(address)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(code_for(email))
    page.get_by_role("button", name="Continue").click()


def test_an_editor_adds_a_passkey_at_the_first_entry_and_comes_in_with_it(
    live_server: LiveServer, page_with_authenticator: Page, code_for: Callable[[str], str]
) -> None:
    page = page_with_authenticator
    user = make.user("editor@example.org", is_staff=True)
    log_in(page, f"{live_server.url}/account/login/?next=/admin/", user.email, code_for)

    expect(page).to_have_url(f"{live_server.url}/account/passkeys/")
    expect(
        page.get_by_text("To open the admin you need a second way to prove it is you, and you have not set one up.")
    ).to_be_visible()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes", exact=True)).to_be_visible()
    page.get_by_role("link", name="Go to the admin").click()
    expect(page).to_have_url(f"{live_server.url}/admin/")
    expect(page.locator("#site-name")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    page.goto(f"{live_server.url}/account/login/?next=/admin/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.locator("#site-name")).to_be_visible()


def test_an_older_session_shows_the_passkey_and_is_led_back(
    live_server: LiveServer, page_with_authenticator: Page, code_for: Callable[[str], str]
) -> None:
    page = page_with_authenticator
    user = make.user("editor@example.org", is_staff=True)
    log_in(page, f"{live_server.url}/account/login/?next=/account/passkeys/webauthn/add/", user.email, code_for)
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes", exact=True)).to_be_visible()

    older = make.by_code_only(user)
    page.context.add_cookies([{"name": "sessionid", "value": older.cookies["sessionid"].value, "url": live_server.url}])
    page.goto(f"{live_server.url}/admin/articles/section/")
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_role("button", name="Use your passkey").click()
    expect(page).to_have_url(f"{live_server.url}/admin/articles/section/")
