"""Pages in Arabic, Hebrew and Persian: from the right to the left, nothing wider than a phone, arrows turned round."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests import make, page_library

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADDRESSES = [
    "/",
    "/sections/security/",
    "/authors/ilse-marchetti/",
    "/series/the-long-harbour/",
    "/archive/",
    "/archive/2025/03/",
    "/topics/",
    "/authors/",
    "/search/?q=harbour",
    "/articles/harbour-1/",
    "/articles/free-story/",
    "/articles/long-story/",
    "/subscribe/",
    "/account/login/",
    "/nothing-here/",
    "/about/",
]
# What sticks out on the side where reading ends, and is not cut off by something that scrolls by itself.
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BESIDE = """() => {
    const wide = [];
    for (const element of document.querySelectorAll('main *, .masthead *, .footer *')) {
        const box = element.getBoundingClientRect();
        const scrolls = element.closest('.visually-hidden, .navigation, table, pre, .skip');
        const isOut = box.width && (box.left < -1 || box.right > innerWidth + 1);
        if (isOut && !scrolls && element.checkVisibility()) wide.push(element.outerHTML);
    }
    return wide;
}"""


@pytest.mark.parametrize("language", ["ar", "he", "fa"])
def test_every_page_reads_from_right_to_left_and_is_as_wide_as_the_phone(
    language: str, live_server: Any, browser: Browser, settings: Any
) -> None:
    settings.LANGUAGE_CODE = language
    page_library.build()
    page = browser.new_context(viewport={"width": 360, "height": 800}).new_page()
    for address in ADDRESSES:
        page.goto(f"{live_server.url}{address}")
        assert page.get_attribute("html", "dir") == "rtl", address
        assert page.get_attribute("html", "lang") == language
        assert page.evaluate(WIDER) <= 0, address
        assert page.evaluate(BESIDE) == [], address
        assert page.evaluate("getComputedStyle(document.querySelector('main')).direction") == "rtl"


def test_an_article_of_another_direction_keeps_its_own(live_server: Any, browser: Browser) -> None:
    hebrew = "הרציף היה ריק לפני עלות השחר."
    article = make.article(headline=hebrew, standfirst=hebrew, language="he", tier="free", body=f"<p>{hebrew}</p>" * 8)
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{live_server.url}{article.get_absolute_url()}")
    assert page.get_attribute("html", "dir") == "ltr"
    direction = "element => getComputedStyle(element).direction"
    assert page.eval_on_selector("h1", direction) == "rtl"
    assert page.eval_on_selector("article .body p, article .teaser p", direction) == "rtl"
    assert page.eval_on_selector("h1", "element => element.closest('[lang]').lang") == "he"
    page.goto(live_server.url)
    headline = page.locator(".card__headline").first
    assert headline.evaluate(direction) == "rtl"
