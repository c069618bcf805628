"""The publication's main job, walked in a browser: a stranger reads on, a subscriber logs in, an editor publishes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from paywall.models import MeteredRead
from subscriptions.models import Lead
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "newcomer@example.org"


@pytest.fixture
def article(live_server: LiveServer) -> Article:
    return make.article(photo=make.photo(), authors=[make.author()], section=make.section())


def join_free(page: Page, address: str) -> None:
    page.get_by_role("textbox", name="E-mail address").first.fill(address)
    page.locator('.gate button[name="plan"][value="free"]').click()


def type_code(page: Page, code: str) -> None:
    page.locator('input[name="code"]').fill(code)
    page.locator('input[name="code"]').press("Enter")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_stranger_reads_on_at_the_same_place(
    javascript: bool,
    live_server: LiveServer,
    article: Article,
    new_context: Callable[..., BrowserContext],
    code_for: Callable[[str], str],
) -> None:
    page = new_context(java_script_enabled=javascript).new_page()
    url = live_server.url + article.get_absolute_url()
    page.goto(url)
    expect(page.locator("article")).to_have_attribute("data-access", "withheld")
    expect(page.locator(".gate")).to_contain_text(
        "To read more, enter your e-mail address, then choose one of the three options below."
    )
    expect(page.locator('.gate [name="plan"]')).to_have_count(3)
    expect(page.locator("figure figcaption").first).to_contain_text("The inner basin.")
    assert article.sentinel not in page.content()

    join_free(page, ADDRESS)
    expect(page.locator("h1")).to_be_visible()
    type_code(page, code_for(ADDRESS))

    expect(page).to_have_url(url + "#continue")
    expect(page.locator("article")).to_have_attribute("data-access", "granted")
    expect(page.locator(".body")).to_contain_text(article.sentinel)
    expect(page.locator(".gate")).to_have_count(0)
    expect(page.get_by_text("4 of 5 free articles left this month")).to_be_visible()
    place = page.locator("#continue").bounding_box()
    assert place is not None
    assert 0 <= place["y"] < 900
    assert Lead.objects.get(email=ADDRESS).confirmed_at is not None


def test_a_gate_that_was_open_in_this_tab_is_gone_after_login_without_a_reload(
    live_server: LiveServer, article: Article, page: Page, code_for: Callable[[str], str]
) -> None:
    subscriber = make.user("subscriber@example.org")
    make.grant(subscriber)
    url = live_server.url + article.get_absolute_url()
    page.goto(live_server.url)
    page.goto(url)
    expect(page.locator(".gate")).to_be_visible()
    page.locator(".gate").get_by_role("link", name="Log in").click()
    page.locator('form input[name="login"], form input[name="email"]').first.fill(subscriber.email)
    page.locator("main form button[type=submit]").first.click()
    type_code(page, code_for(subscriber.email))
    expect(page).to_have_url(url + "#continue")
    expect(page.locator(".body")).to_contain_text(article.sentinel)
    # A visit by link and by history must not bring the gate back either.
    page.goto(live_server.url)
    page.goto(url)
    expect(page.locator(".body")).to_contain_text(article.sentinel)
    page.go_back()
    page.go_forward()
    expect(page.locator(".body")).to_contain_text(article.sentinel)


def test_the_same_code_does_not_open_a_second_browser(
    live_server: LiveServer,
    article: Article,
    new_context: Callable[..., BrowserContext],
    code_for: Callable[[str], str],
) -> None:
    first, second = new_context().new_page(), new_context().new_page()
    for page in (first, second):
        page.goto(live_server.url + article.get_absolute_url())
        join_free(page, ADDRESS)
        expect(page.locator('input[name="code"]')).to_be_visible()
        if page is first:
            code = code_for(ADDRESS)
    type_code(second, code)
    expect(second.locator("main")).to_contain_text("code")
    second.goto(live_server.url + article.get_absolute_url())
    expect(second.locator(".gate")).to_be_visible()
    type_code(first, code)
    expect(first.locator(".body")).to_contain_text(article.sentinel)


def test_a_wrong_address_is_answered_in_words_and_can_be_mended(
    live_server: LiveServer, article: Article, page: Page, code_for: Callable[[str], str]
) -> None:
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("textbox", name="E-mail address").first.fill("nobody@localhost@twice")
    page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    page.locator('.gate button[name="plan"][value="free"]').click()
    expect(page.locator("main")).to_contain_text("address")
    assert page.locator('input[name="email"]').first.input_value() == "nobody@localhost@twice"
    page.locator('input[name="email"]').first.fill(ADDRESS)
    page.locator('main button[name="plan"][value="free"]').click()
    type_code(page, code_for(ADDRESS))
    expect(page.locator(".body")).to_contain_text(article.sentinel)


def test_where_payments_are_not_open_a_paid_option_says_so_and_leads_back_to_the_gate(
    live_server: LiveServer, article: Article, page: Page
) -> None:
    page.goto(live_server.url + article.get_absolute_url())
    page.get_by_role("textbox", name="E-mail address").first.fill(ADDRESS)
    page.locator('.gate button[name="plan"][value="annual"]').click()
    expect(page.get_by_role("heading", name="The option “Annual” is not available yet")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Payments are not open on this site. Nothing was charged")
    page.get_by_role("link", name="Choose the free option").click()
    expect(page).to_have_url(live_server.url + article.get_absolute_url() + "#continue")
    expect(page.locator(".gate")).to_be_in_viewport()


def test_a_page_that_was_fetched_ahead_offers_to_read_it_and_one_click_opens_it(
    live_server: LiveServer, article: Article, new_context: Callable[..., BrowserContext]
) -> None:
    client = make.logged_in(make.user())
    context = new_context()
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    url = live_server.url + article.get_absolute_url()

    def as_prefetch(route: Route) -> None:
        is_first = "?" not in route.request.url
        route.continue_(headers=route.request.headers | ({"Purpose": "prefetch"} if is_first else {}))

    page.route(f"{url}*", as_prefetch)
    page.goto(url)
    expect(page.locator("article")).to_have_attribute("data-reason", "read_available")
    assert MeteredRead.objects.count() == 0
    page.get_by_role("button", name="Read this article (5 of 5 left)").click()
    expect(page.locator(".body")).to_contain_text(article.sentinel)
    assert MeteredRead.objects.count() == 1
