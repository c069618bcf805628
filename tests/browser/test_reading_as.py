"""The banner of staff who read as somebody: for everybody, on a phone, by day and by night, and not on paper."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from tests import make
from tests.browser.test_paying_pages import hinders_nobody, tab_to

pytestmark = pytest.mark.django_db(transaction=True)


def test_staff_choose_a_class_read_as_it_and_stop(
    live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    article = make.article(section=make.section())
    staff = make.logged_in(make.editor("editor@example.org"))
    context = new_context(reduced_motion="reduce")
    session = staff.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Read as").click()
    page.get_by_role("radio", name="a registered reader whose free articles are used up").check()
    page.get_by_role("button", name="Read as this reader").click()
    banner = page.get_by_role("complementary", name="Read as")
    expect(banner).to_contain_text("You are reading as a registered reader whose free articles are used up.")
    page.goto(live_server.url + article.get_absolute_url())
    expect(page.locator("main")).not_to_contain_text(article.sentinel)
    hinders_nobody(page)
    page.emulate_media(media="print")
    expect(banner).to_be_hidden()
    page.emulate_media(media="screen")
    tab_to(page, banner.get_by_role("button", name="Stop"))
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(article.sentinel)
    expect(banner).to_have_count(0)
