"""An article on paper: its text and its address, and nothing that can only be clicked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

CLICKED = [".navigation", ".tools", ".topics", ".follow", ".pager", ".gate form", ".gate__foot", ".article__after"]


@pytest.mark.parametrize(("tier", "is_open"), [("free", True), ("premium", False)])
@pytest.mark.parametrize("width", [360, 1280])
def test_an_article_is_printed_without_what_is_clicked(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], width: int, tier: str, is_open: bool
) -> None:
    article = make.article(
        tier=tier, authors=[make.author()], topics=[make.topic()], section=make.section(), photo=make.photo()
    )
    make.article(topics=[make.topic()])
    page = new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(live_server.url + article.get_absolute_url())
    expect(page.locator(".follow").first).to_be_visible()
    page.emulate_media(media="print")
    for clicked in CLICKED:
        expect(page.locator(clicked).filter(visible=True)).to_have_count(0)
    expect(page.locator(".body" if is_open else ".teaser")).to_be_visible()
    address = page.locator(".article .print-only")
    expect(address).to_contain_text(article.get_absolute_url())
    assert ("The rest is for subscribers" in address.inner_text()) is not is_open
    assert page.evaluate("document.documentElement.scrollWidth") <= width
