"""Every kind of page in a browser: no console error, no horizontal scrolling on a phone, no script needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext
from pytest_django.live_server_helper import LiveServer

from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = [360, 768, 1280, 1920]
SCHEMES = ["light", "dark"]


@pytest.fixture
def addresses(live_server: LiveServer) -> list[str]:
    section, topic, author, series = make.section(), make.topic(), make.author(), make.series()
    long_word = "Unterseekabelverlegungsschiffsbetriebsgesellschaft"
    articles = [
        make.article(
            section=section,
            topics=[topic],
            authors=[author],
            series=series,
            series_part=part,
            photo=make.photo() if part < 3 else None,
        )
        for part in range(1, 5)
    ]
    made_long = make.article(
        headline=f"{long_word} and the very long headline that an editor wrote on a Friday evening " * 2,
        section=section,
    )
    return [
        "/",
        articles[0].get_absolute_url(),
        articles[3].get_absolute_url(),
        made_long.get_absolute_url(),
        section.get_absolute_url(),
        topic.get_absolute_url(),
        author.get_absolute_url(),
        series.get_absolute_url(),
        "/archive/",
        "/search/?q=story",
        "/search/?q=nothingatall",
        "/subscribe/",
        "/account/login/",
        "/nothing-here/",
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways_or_logs_an_error(
    width: int, scheme: str, live_server: LiveServer, addresses: list[str], new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    for address in addresses:
        page.goto(live_server.url + address)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, (address, width, overflow)
        assert page.locator("h1").count() == 1, address
