"""A rule made and a section opened by hand in a real browser, and the gate that closes by the clock alone. The clock is
that of this process, in which the live server runs: nothing in the site lets anybody move it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from paywall.models import Opening, Rule
from tests import make
from tests.browser.test_paying_pages import hinders_nobody

pytestmark = pytest.mark.django_db(transaction=True)

MORNING = datetime(2026, 11, 23, 10, tzinfo=UTC)


def staff_page(server: LiveServer, new_context: Callable[..., BrowserContext]) -> Page:
    user = make.user("editor@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name="editors"))
    client = make.logged_in(user)
    context = new_context()
    context.add_cookies(
        [{"name": name, "value": cookie.value, "url": server.url} for name, cookie in client.cookies.items()]
    )
    return context.new_page()


def add_rule(page: Page, server: LiveServer) -> None:
    """All of Security for subscribers alone; what that changes is shown, and only then it can be saved."""
    page.goto(f"{server.url}/admin/paywall/rule/")
    page.get_by_role("link", name="Add rule").first.click()
    page.get_by_label("Name", exact=False).first.fill("Security is for subscribers")
    page.get_by_label("Section", exact=False).first.select_option("Security")
    page.get_by_label("Then it is for", exact=False).first.select_option("subscribers alone")
    page.get_by_role("button", name="Preview").click()
    effect = page.get_by_role("region", name="What this changes")
    expect(effect).to_contain_text("The one story")
    assert not Rule.objects.exists()
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def open_section(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/admin/paywall/opening/")
    page.get_by_role("link", name="Add opening").first.click()
    page.get_by_label("Section", exact=False).first.select_option("Security")
    page.get_by_label("Banner", exact=False).fill("Our reports on the flood are open to everybody")
    expect(page.get_by_role("radio", name="for some hours")).to_be_checked()
    expect(page.get_by_role("spinbutton", name="Hours")).to_have_value("6")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def reads(page: Page, server: LiveServer, article: Article) -> bool:
    """Whether the body stands on the page; one of the body and the gate does."""
    page.goto(server.url + article.get_absolute_url())
    has_body = page.locator("article .body").count() == 1
    assert has_body is (page.locator(".gate").count() == 0)
    assert has_body is (article.sentinel in page.content())
    return has_body


def test_an_editor_adds_a_rule_opens_the_section_for_six_hours_and_the_gate_closes_again(
    live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    with time_machine.travel(MORNING) as clock:
        section = make.section()
        published_at = MORNING - timedelta(days=1)
        article = make.article(tier="free", headline="The one story", section=section, published_at=published_at)
        staff, reader = staff_page(live_server, new_context), new_context(reduced_motion="reduce").new_page()
        assert reads(reader, live_server, article)
        add_rule(staff, live_server)
        assert not reads(reader, live_server, article)
        open_section(staff, live_server)
        assert reads(reader, live_server, article)
        line = reader.get_by_role("complementary", name="Open to everybody")
        expect(line).to_have_text("Our reports on the flood are open to everybody until 23 November, 16:00 UTC")
        hinders_nobody(reader)
        opening = Opening.objects.get()
        assert opening.ends_at - opening.starts_at == timedelta(hours=6)
        clock.move_to(opening.ends_at - timedelta(minutes=1))
        assert reads(reader, live_server, article)
        clock.move_to(opening.ends_at)
        assert not reads(reader, live_server, article)
        expect(line).to_have_count(0)


def test_a_section_that_is_open_closes_at_once_when_somebody_says_so(
    live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    section = make.section()
    article = make.article(section=section)
    staff, reader = staff_page(live_server, new_context), new_context(reduced_motion="reduce").new_page()
    open_section(staff, live_server)
    assert reads(reader, live_server, article)
    staff.goto(f"{live_server.url}/admin/paywall/opening/{Opening.objects.get().pk}/change/")
    staff.get_by_role("button", name="Close now").click()
    expect(staff.locator(".messagelist .success")).to_contain_text("Closed.")
    assert not reads(reader, live_server, article)
