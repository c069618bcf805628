"""A gift in a browser: made under “Share”, copied by a button or by hand, opened by somebody else, and revoked."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from paywall.models import GiftLink
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def givers_page(context: BrowserContext, live_server: LiveServer) -> Page:
    giver = make.user("giver@example.org", name="Ada Lamplighter")
    make.grant(giver)
    session = make.logged_in(giver).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return context.new_page()


@pytest.fixture
def article() -> Article:
    return make.article(headline="The lamps")


def test_a_subscriber_gives_an_article_and_a_stranger_reads_it_until_it_is_revoked(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], article: Article
) -> None:
    context = new_context()
    context.grant_permissions(["clipboard-write"], origin=live_server.url)
    page = givers_page(context, live_server)
    page.goto(live_server.url + article.get_absolute_url())
    page.locator("summary", has_text="Share").click()
    page.get_by_role("link", name="Give this article").click()
    page.get_by_label("Say that it is from me").check()
    page.get_by_role("button", name="Make the link").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    address = page.get_by_label("The address of the gift").input_value()
    friend = new_context().new_page()
    friend.goto(live_server.url + urlsplit(address).path)
    expect(friend.locator(".body")).to_contain_text(article.sentinel)
    expect(friend.get_by_text("from Ada Lamplighter")).to_be_visible()
    friend.goto(live_server.url + article.get_absolute_url())
    expect(friend.locator(".body")).to_contain_text(article.sentinel)
    assert GiftLink.objects.get().readers == 1
    page.get_by_role("link", name="All your gift links").click()
    expect(page.get_by_text("1 of 10 readers")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The gift link has been revoked.")).to_be_visible()
    friend.reload()
    expect(friend.locator(".gate")).to_be_visible()


def test_without_scripts_the_address_is_there_to_be_marked(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], article: Article
) -> None:
    page = givers_page(new_context(java_script_enabled=False), live_server)
    page.goto(f"{live_server.url}/gift/new/?article={article.public_id}")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_label("The address of the gift")).to_have_value(f"http://localhost:8000/gift/{token()}/")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


def token() -> str:
    return GiftLink.objects.get().token
