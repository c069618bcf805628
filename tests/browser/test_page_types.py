"""Every page type in a browser, loaded twice (phone and desk, a mere state once) with nothing in its cache: for
everybody, whatever they read with, without asking another host, and without anything moving under the reader's eyes.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import looks
from tests.browser.opened import LOOKS_AGAIN, Files, Opened
from tests.pages import PAGES, PageType, Publication

pytestmark = pytest.mark.django_db

PHONE, DESK = 360, 1280  # pixels


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_hinders_nobody(page: PageType, library: Publication, files: Files, browser: Browser) -> None:
    told: list[str] = []
    widths = (PHONE,) if page.of else (PHONE, DESK)
    for width in widths:
        opened = Opened(browser, files, library.show(page), width)
        told += [f"{width}: {each}" for each in looked_at(opened.page)]
        if width == widths[-1]:
            told += laid_out(opened.page)
        told += opened.told
    assert told == [], "\n".join([page.name, *told])


def looked_at(page: Page) -> list[str]:
    """As it came in, by day and by night."""
    told = [*looks.shifts(page), *looks.hindrances(page)]
    page.emulate_media(color_scheme="dark")
    told += [f"dark: {each}" for each in looks.hindrances(page, only_colours=True)]
    page.emulate_media(color_scheme="light")
    return told


def laid_out(page: Page) -> list[str]:
    """By keyboard on a desk, and at every width, size and spacing."""
    looks.resize(page, DESK)
    told = looks.focus_troubles(page)
    for check in looks.CHECKS:
        told += check(page)
    return told


def test_the_page_that_waits_for_a_payment_looks_again(library: Publication, files: Files, browser: Browser) -> None:
    waiting = next(page for page in PAGES if page.name == "welcome, waiting")
    opened = Opened(browser, files, library.show(waiting), DESK)
    with opened.page.expect_request(LOOKS_AGAIN) as asked:
        opened.page.reload()
    assert asked.value.url.endswith("&look=1")
