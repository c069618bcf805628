"""Every page type in a browser, loaded twice (phone and desk) with nothing in its cache: for everybody, whatever they
read with, without asking another host, and without anything moving under the reader's eyes.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import looks
from tests.browser.opened import LOOKS_AGAIN, Opened
from tests.pages import PAGES, PageType, Publication

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_hinders_nobody(page: PageType, library: Publication, files: str, browser: Browser) -> None:
    told: list[str] = []
    for width in (360, 1280):
        opened = Opened(browser, files, library.show(page), width)
        told += [f"{width}: {each}" for each in looked_at(opened.page, is_wide=width == 1280)]
        opened.page.close()
        told += opened.told
    assert told == [], "\n".join([page.name, *told])


def looked_at(page: Page, *, is_wide: bool) -> list[str]:
    told = [*looks.shifts(page), *looks.hindrances(page)]
    page.emulate_media(color_scheme="dark")
    told += [f"dark: {each}" for each in looks.hindrances(page, only_colours=True)]
    page.emulate_media(color_scheme="light")
    if is_wide:
        told += looks.focus_troubles(page)
        for check in looks.CHECKS:
            told += check(page)
    return told


def test_the_page_that_waits_for_a_payment_looks_again(library: Publication, files: str, browser: Browser) -> None:
    waiting = next(page for page in PAGES if page.name == "welcome, waiting")
    opened = Opened(browser, files, library.show(waiting), 1280)
    with opened.page.expect_request(LOOKS_AGAIN) as asked:
        opened.page.reload()
    opened.page.close()
    assert asked.value.url.endswith("&look=1")
