"""A page type in a browser: the page itself is the answer that tests/pages.py keeps, its sheets, scripts, fonts and
pictures come from a server, each once, and from memory afterwards: whatever the browser asks for is its own question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route

from tests.browser import looks
from tests.pages import Shown

LOOKS_AGAIN = re.compile(r"[?&]look=")  # where the page that waits for a payment goes by itself
NOT_KEPT = ("content-encoding", "content-length")  # of a body that was packed


@dataclass(slots=True)
class Files:
    """What the server at `origin` has under addresses that answer everybody alike."""

    origin: str
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, route: Route) -> None:
        url = route.request.url
        if url not in self.kept:
            found = route.fetch()
            headers = {name: value for name, value in found.headers.items() if name not in NOT_KEPT}
            self.kept[url] = {"status": found.status, "headers": headers, "body": found.body()}
        route.fulfill(**self.kept[url])


class Tab:
    """One for all pages of a width: a new one takes a process of its own to start. Playwright lets nothing be cached
    where it answers requests.
    """

    def __init__(self, browser: Browser, width: int) -> None:
        self.width = width
        self.told: list[str] = []
        # Whoever asks for rest: a colour that is still on its way from one to the other has no contrast to speak of.
        context = browser.new_context(reduced_motion="reduce")
        context.set_default_timeout(30_000)
        context.add_init_script(looks.WATCH_SHIFTS)
        context.add_init_script(looks.AXE)
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.see_request(request.url))
        self.page.on("console", lambda message: self.see_message(message.type, message.text))
        self.page.on("pageerror", lambda error: self.told.append(f"script error: {error}"))
        self.page.route("**/*", self.answer)

    def open(self, files: Files, shown: Shown) -> None:
        self.files, self.shown, self.told = files, shown, []
        looks.resize(self.page, self.width)
        self.page.emulate_media(color_scheme="light", forced_colors="none")
        self.page.goto(files.origin + shown.path, wait_until="load")
        looks.settle(self.page)

    def answer(self, route: Route) -> None:
        url = route.request.url
        if url == self.files.origin + self.shown.path:
            # The status of a refusal would be told on the console as a failed resource.
            route.fulfill(status=200, headers=self.shown.headers, body=self.shown.html)
        elif LOOKS_AGAIN.search(url):
            route.fulfill(status=204)
        elif url.startswith(self.files.origin):
            self.files.answer(route)
        else:
            route.abort()

    def see_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and f"{parts.scheme}://{parts.netloc}" != self.files.origin:
            self.told.append(f"asks another host: {url}")

    def see_message(self, kind: str, text: str) -> None:
        if kind == "error":
            self.told.append(f"console: {text}")


@lru_cache(maxsize=2)
def tab(browser: Browser, width: int) -> Tab:
    return Tab(browser, width)


class Opened:
    """A page in a browser, with empty caches, and what it asked for and complained of."""

    def __init__(self, browser: Browser, files: Files, shown: Shown, width: int) -> None:
        self.tab = tab(browser, width)
        self.tab.open(files, shown)
        self.page = self.tab.page
        self.told = self.tab.told
