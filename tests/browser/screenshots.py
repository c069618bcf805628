"""Pictures of every page type for people who look, by `make screenshots`: four widths, by day and by night. No test: it
holds nothing, and make test does not collect it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.browser import looks
from tests.browser.opened import Files, Opened
from tests.pages import PAGES, PageType, Publication

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).resolve().parent.parent.parent / ".local" / "screenshots"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Pictures below the window are fetched only once a reader comes near them.
FETCH_PICTURES = """async () => {
    for (const picture of document.images) picture.loading = "eager";
    await Promise.all([...document.images].map(picture => picture.decode().catch(() => null)));
}"""


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_take(page: PageType, library: Publication, files: Files, browser: Browser) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", page.name.lower()).strip("-")
    opened = Opened(browser, files, library.show(page), 1280)
    for width in looks.WIDTHS:
        looks.resize(opened.page, width)
        for scheme in SCHEMES:
            opened.page.emulate_media(color_scheme=scheme)
            opened.page.evaluate(FETCH_PICTURES)
            looks.settle(opened.page)
            opened.page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png", full_page=True)
