"""A page type in a browser: the page itself is the answer that tests/pages.py keeps, its sheets, scripts, fonts and
pictures come from a server.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.browser import looks
from tests.pages import Shown

LOOKS_AGAIN = re.compile(r"[?&]look=")  # where the page that waits for a payment goes by itself


@lru_cache(maxsize=2)
def profile(browser: Browser, width: int) -> BrowserContext:
    """One for all pages of a width: nothing of them is stored in it, and a new one takes a second to start."""
    # Whoever asks for rest: a colour that is still on its way from one to the other has no contrast to speak of.
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    context.add_init_script(looks.WATCH_SHIFTS)
    return context


class Opened:
    """A page in a browser, with empty caches, and what it asked for and complained of."""

    def __init__(self, browser: Browser, origin: str, shown: Shown, width: int) -> None:
        self.page: Page = profile(browser, width).new_page()
        self.told: list[str] = []
        self.origin = origin
        self.page.on("request", lambda request: self.see_request(request.url))
        self.page.on("console", lambda message: self.see_message(message.type, message.text))
        self.page.on("pageerror", lambda error: self.told.append(f"script error: {error}"))
        url = origin + shown.path
        self.page.route(LOOKS_AGAIN, lambda route: route.fulfill(status=204))
        self.page.route(lambda asked: asked == url, lambda route: self.answer(route, shown))
        self.page.goto(url, wait_until="load")
        looks.settle(self.page)

    def answer(self, route: Route, shown: Shown) -> None:
        # The status of a refusal would be told on the console as a failed resource.
        route.fulfill(status=200, headers=shown.headers, body=shown.html)

    def see_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.told.append(f"asks another host: {url}")

    def see_message(self, kind: str, text: str) -> None:
        if kind == "error":
            self.told.append(f"console: {text}")
