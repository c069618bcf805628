"""Every page about payments: for the keyboard alone, for a screen reader, on a phone, by day and by night."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from articles.models import Article
from subscriptions.models import CheckoutAttempt
from tests import make
from tests.browser.till import (
    ADDRESS,
    THANKS,
    at_gate,
    at_till,
    choose,
    log_in,
    new_subscriber,
    pay,
    reads,
    to_account,
)
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

SHOWS_FOCUS = """element => {
    const seen = getComputedStyle(element)
    return element.matches(":focus-visible") && (seen.outlineStyle !== "none" || seen.boxShadow !== "none")
}"""

type NewContext = Callable[..., BrowserContext]


@pytest.fixture
def article(shop: Shop) -> Article:
    return make.article(authors=[make.author()], section=make.section())


def test_the_keyboard_alone_chooses_and_pays(shop: Shop, article: Article, page: Page) -> None:
    at_gate(page, shop, article)
    tab_to(page, page.get_by_role("textbox", name="E-mail address"))
    page.keyboard.type(ADDRESS)
    tab_to(page, page.locator('.gate button[name="plan"][value="annual"]'))
    page.keyboard.press("Enter")
    at_till(page, shop)
    tab_to(page, page.locator('input[name="card"]:checked'))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_role("button", name=re.compile("^Pay ")))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    tab_to(page, page.locator('input[name="card"]:checked'))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Read on"))
    page.keyboard.press("Enter")
    reads(page, article)


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Press Tab until the focus is there, and see that it shows."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            assert wanted.evaluate(SHOWS_FOCUS), "the focus is there and cannot be seen"
            return
    pytest.fail(f"the Tab key does not come to {wanted}")


def test_no_page_about_payments_hinders_anybody(shop: Shop, article: Article, new_context: NewContext) -> None:
    page = new_context(reduced_motion="reduce").new_page()
    page.route(re.compile("look=1$"), stay)  # the page that waits must hold still
    at_gate(page, shop, article)
    shop.sandbox.fail(status=500, count=10, path="checkout/sessions")
    choose(page, "annual", ADDRESS)
    expect(page.get_by_role("heading", name="The payment service does not answer just now")).to_be_visible()
    hinders_nobody(page)
    shop.sandbox.fail(status=500, count=0, path="checkout/sessions")
    page.get_by_role("button", name="Try again").click()
    at_till(page, shop)
    hinders_nobody(page)
    till = page.url
    session_id = CheckoutAttempt.objects.exclude(session_id=None).get().session_id
    page.goto(f"{shop.url}/subscribe/welcome/?session_id={session_id}")
    expect(page.get_by_role("heading", name="We are waiting for the confirmation")).to_be_visible()
    hinders_nobody(page, passing="meta-refresh")  # it goes on without a click, and asks for nothing
    page.goto(f"{shop.url}/subscribe/welcome/?session_id={session_id}&look=40")
    expect(page.get_by_role("heading", name="takes longer")).to_be_visible()
    hinders_nobody(page)
    page.goto(till)
    pay(page)
    expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    hinders_nobody(page)


def test_no_page_about_a_subscription_hinders_anybody(shop: Shop, article: Article, new_context: NewContext) -> None:
    subscription = new_subscriber(shop)
    assert subscription.user is not None
    page = log_in(new_context(reduced_motion="reduce"), subscription.user, shop)
    to_account(page, shop)
    hinders_nobody(page)
    page.get_by_role("link", name="Cancel", exact=True).click()
    expect(page.get_by_role("heading", name="Cancel your subscription?")).to_be_visible()
    hinders_nobody(page)
    page.get_by_role("button", name="Cancel my subscription").click()
    expect(page.get_by_text("You are not charged again")).to_be_visible()
    hinders_nobody(page)
    page.get_by_role("button", name="Card and invoices").click()
    expect(page.get_by_role("heading", name="Invoices")).to_be_visible()
    hinders_nobody(page)
    page.goto(f"{shop.sandbox.url}/sandbox/")
    hinders_nobody(page)
    shop.sandbox.set_status(subscription.stripe_id, "past_due")
    shop.settle()
    expect(to_account(page, shop)).to_contain_text("The last payment did not go through.")
    hinders_nobody(page)


def test_the_pages_for_who_did_not_pay_hinder_nobody(
    shop: Shop, article: Article, new_context: NewContext, settings: Any
) -> None:
    page = new_context(reduced_motion="reduce").new_page()
    at_gate(page, shop, article)
    choose(page, "annual", ADDRESS)
    at_till(page, shop)
    shop.sandbox.advance(days=2)
    shop.settle()
    session_id = CheckoutAttempt.objects.get().session_id
    page.goto(f"{shop.url}/subscribe/welcome/?session_id={session_id}")
    expect(page.get_by_role("heading", name="The payment page has closed")).to_be_visible()
    hinders_nobody(page)
    page.get_by_role("link", name="Try again").click()
    settings.STRIPE_SECRET_KEY = ""
    choose(page, "annual", ADDRESS)
    expect(page.locator("main")).to_contain_text("Payments are not open on this site.")
    hinders_nobody(page)


def stay(route: Route) -> None:
    route.fulfill(status=204)


def hinders_nobody(page: Page, passing: str = "") -> None:
    """No finding of axe and no scrolling sideways, on a phone and on a desk, by day and by night."""
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    for scheme in schemes:
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found if each["id"] != passing]
            assert told == [], (page.url, scheme, width)
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, (page.url, scheme, width)
