"""Paying by the keyboard alone; and the pages of the stand-in for Stripe, which hinder nobody."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from articles.models import Article
from tests import make
from tests.browser import looks
from tests.browser.till import (
    ADDRESS,
    THANKS,
    at_gate,
    at_till,
    choose,
    log_in,
    new_subscriber,
    reads,
    to_account,
)
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

# A card draws the line around itself, since all of it is the link.
SHOWS_FOCUS = """element => {
    const lines = []
    for (let one = element; one && one !== document.body; one = one.parentElement) lines.push(getComputedStyle(one))
    return element.matches(":focus-visible") && lines.some(line => line.outlineStyle !== "none")
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


def test_no_page_of_the_stand_in_hinders_anybody(shop: Shop, article: Article, new_context: NewContext) -> None:
    """The site's own pages about payments are in tests/pages.py."""
    page = new_context(reduced_motion="reduce").new_page()
    at_gate(page, shop, article)
    choose(page, "annual", ADDRESS)
    at_till(page, shop)
    hinders_nobody(page)
    page.goto(f"{shop.sandbox.url}/sandbox/")
    hinders_nobody(page)
    subscription = new_subscriber(shop)
    assert subscription.user is not None
    page = log_in(new_context(reduced_motion="reduce"), subscription.user, shop)
    to_account(page, shop)
    page.get_by_role("button", name="Change the card").click()
    expect(page.get_by_role("heading", name="Invoices")).to_be_visible()
    hinders_nobody(page)


def hinders_nobody(page: Page) -> None:
    """No finding of axe and no scrolling sideways, on a phone and on a desk, by day and by night."""
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    for width in (360, 1280):
        looks.resize(page, width)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            told = [*looks.hindrances(page, only_colours=scheme == "dark"), *looks.overflow(page)]
            assert told == [], (page.url, scheme, width)
