"""A real Chromium against a live server, under the site's own content security policy. Any console error fails the
test.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import DEFAULT_DB_ALIAS, connections
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from tests import chromium, make
from tests.browser.opened import Files
from tests.pages import Publication

PATIENCE = 20_000  # milliseconds: on a busy machine everything comes late


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright(django_db_setup: None) -> Iterator[Playwright]:
    # Playwright's loop runs in this thread; Django would otherwise refuse the database here.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    connection = connections[DEFAULT_DB_ALIAS]
    with sync_playwright() as started:
        # Where a loop runs Django looks for another connection, which would not know what migrations wrote and what
        # each test must find again.
        connections[DEFAULT_DB_ALIAS] = connection
        expect.set_options(timeout=PATIENCE)
        yield started
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The machine's Chromium, or Playwright's own where there is none."""
    started = playwright.chromium.launch(executable_path=chromium.PROGRAM, args=chromium.FLAGS)
    yield started
    started.close()


@pytest.fixture(autouse=True)
def patient_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for Stripe shares the machine with the browser: no reader is told that it does not answer."""
    monkeypatch.setattr("subscriptions.stripe_gateway.REQUEST_SECONDS", PATIENCE / 1000)


@pytest.fixture(scope="module")
def files(library: Publication) -> Iterator[Files]:
    """Where the sheets, scripts, fonts and pictures of the library come from."""
    server = LiveServer("localhost")
    yield Files(server.url)
    server.stop()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a fresh profile; at the end of the test no page of any of them may have logged an error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    under_way: set[Request] = set()

    def note(message: ConsoleMessage) -> None:
        # A page that answers 4xx, or 503 for somebody else's silence, is itself reported as a failed resource; whether
        # it should have been is the test's own matter.
        if message.type == "error" and not re.search(r"server responded with a status of (4\d\d|503)", message.text):
            errors.append(f"{message.text} at {message.location}")

    def make_context(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.on("console", note)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("request", lambda request: under_way.add(request))
        context.on("requestfinished", lambda request: under_way.discard(request))
        context.on("requestfailed", lambda request: under_way.discard(request))
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context

    yield make_context
    for context in contexts:
        for page in context.pages:
            page.wait_for_load_state()
        context.cookies()  # an answer of the browser comes after all that it has told until then
        for page in context.pages if under_way else ():
            page.wait_for_load_state("networkidle")  # a request still under way would hold the tables being emptied
        context.close()
    assert errors == []


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()


@pytest.fixture
def code_for() -> Callable[[str], str]:
    """The newest six-digit code that was mailed to an address, once the worker has sent what is queued."""

    def newest_code(address: str) -> str:
        make.run_tasks()
        texts = [message.body for message in mail.outbox if address in message.to]
        codes = [match[1] for text in texts if (match := re.search(r"\b(\d{6})\b", text))]
        return codes[-1]

    return newest_code
