"""The funnel in a browser: a page tells by itself what was seen of it, also one that comes from a cache."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.page_store import PageStore
from paywall.models import FunnelCount
from subscriptions.models import Lead
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def counts() -> dict[tuple[str, str], int]:
    return {(row.step, row.source): row.number for row in FunnelCount.objects.all()}


def test_a_kept_page_tells_that_it_was_opened_and_its_gate_when_it_comes_into_view(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], kept_pages: PageStore
) -> None:
    article = make.article()
    address = live_server.url + article.get_absolute_url()
    page = new_context(viewport={"width": 360, "height": 500}).new_page()
    for visit in (1, 2):
        with page.expect_response("**/access/seen/") as told:
            page.goto(address)
        assert "cookie" not in told.value.request.all_headers()
        assert counts() == {("teaser_seen", "direct"): visit}
    with page.expect_response("**/access/seen/"):
        page.locator("#gate-email").scroll_into_view_if_needed()
    assert counts() == {("teaser_seen", "direct"): 2, ("gate_seen", "direct"): 1}


def test_the_address_that_is_entered_has_the_source_of_the_page(live_server: LiveServer, page: Page) -> None:
    article = make.article()
    page.goto(f"{live_server.url}{article.get_absolute_url()}?utm_medium=email")
    page.locator("#gate-email").fill("new@example.org")
    page.locator('button[name="plan"][value="free"]').click()
    page.wait_for_url("**/code/confirm/**")
    assert Lead.objects.get().source == "mail"
    assert counts()[("address_entered", "mail")] == 1


def test_without_scripts_nothing_is_told_and_the_gate_works(
    live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + make.article().get_absolute_url())
    expect(page.locator(".gate")).to_be_visible()
    page.locator("#gate-email").fill("new@example.org")
    page.locator('button[name="plan"][value="free"]').click()
    page.wait_for_url("**/code/confirm/**")
    assert counts() == {("address_entered", "unknown"): 1}
