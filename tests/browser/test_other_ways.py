"""The publication's main job on two other ways: by the keyboard alone, and without any script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from subscriptions.models import Subscription
from tests import make
from tests.browser.test_paying_pages import tab_to
from tests.browser.till import ADDRESS, at_gate, at_till, cancel, choose, log_in, pay, reads, to_account
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

type NewContext = Callable[..., BrowserContext]


def published() -> Article:
    return make.article(
        headline="What the harbour saw", authors=[make.author()], section=make.section(), topics=[make.topic()]
    )


def test_the_keyboard_alone_goes_from_the_front_page_to_the_end_of_an_article(
    live_server: LiveServer, page: Page, code_for: Callable[[str], str]
) -> None:
    article = published()
    page.goto(live_server.url)
    tab_to(page, page.get_by_role("link", name=article.headline).first)
    page.keyboard.press("Enter")
    expect(page.locator("article")).to_have_attribute("data-access", "withheld")
    tab_to(page, page.locator(".gate").get_by_role("textbox", name="E-mail address"))
    page.keyboard.type(ADDRESS)
    tab_to(page, page.locator('.gate button[name="plan"][value="free"]'))
    page.keyboard.press("Enter")
    field = page.locator('input[name="code"]')
    expect(field).to_be_visible()
    if not field.evaluate("element => element === document.activeElement"):
        tab_to(page, field)
    page.keyboard.type(code_for(ADDRESS))
    page.keyboard.press("Enter")
    reads(page, article)
    expect(page.locator("#continue")).to_be_in_viewport()


def test_without_a_script_a_reader_pays_reads_and_cancels(shop: Shop, new_context: NewContext) -> None:
    article = published()
    page = new_context(java_script_enabled=False).new_page()
    at_gate(page, shop, article)
    choose(page, "annual", ADDRESS)
    at_till(page, shop)
    pay(page)
    shop.settle()
    page.goto(shop.url + article.get_absolute_url())
    reads(page, article)
    owner = Subscription.objects.get().user
    assert owner is not None
    page = log_in(new_context(java_script_enabled=False), owner, shop)
    to_account(page, shop)
    cancel(page)
    expect(page.get_by_text("You are not charged again")).to_be_visible()


def test_without_a_script_a_reader_searches_and_narrows_it_down(
    live_server: LiveServer, new_context: NewContext
) -> None:
    article = published()
    make.article(headline="What the other harbour saw", section=make.section("Economy"))
    page = new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + "/search/")
    page.locator("main input[type=search]").fill("harbour saw")
    page.locator("main").get_by_role("button", name="Search").click()
    expect(page.locator("main").get_by_role("link", name="What the", exact=False)).to_have_count(2)
    page.locator("main").get_by_role("link", name=re.compile("^Security")).first.click()
    expect(page.locator("main").get_by_role("link", name="What the", exact=False)).to_have_count(1)
    page.locator("main").get_by_role("link", name=article.headline).click()
    expect(page.locator("article.article")).to_have_attribute("data-access", "withheld")


def test_without_a_script_a_reader_shares_follows_and_logs_out(
    live_server: LiveServer, new_context: NewContext
) -> None:
    article = published()
    client = make.logged_in(make.user())
    context = new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + article.get_absolute_url())
    assert page.locator("article details:visible").count() == 2  # the text size is for who has scripts
    for details in page.locator("article details:visible").all():
        details.locator("summary").first.click()
        expect(details).to_have_attribute("open", "")
    page.goto(live_server.url + "/account/following/topic/ports/")
    page.get_by_role("button", name="Follow").click()
    page.goto(live_server.url + "/account/following/topic/ports/")
    expect(page.get_by_role("button", name="Stop following")).to_be_visible()
    page.goto(live_server.url + "/account/logout/")
    page.locator("main button[type=submit]").first.click()
    page.goto(live_server.url + "/account/")
    expect(page).to_have_url(re.compile("/account/login/"))
