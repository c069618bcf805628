"""The stand-in's pages in front of the real Sandbox, by their forms alone: pay, cancel, move the clock."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from stripe_sandbox.server import Sandbox

KEY = "sk_test_sandbox_pages"
SUCCESS = "http://localhost:8000/welcome/?session_id={CHECKOUT_SESSION_ID}"


class Browser:
    """Posts what a form of the page holds, hidden fields included, and follows no redirect."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.origin = urlsplit(sandbox.url)

    def send(self, method: str, path: str, fields: dict[str, str] | None = None, key: str = "") -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(self.origin.hostname or "", self.origin.port, timeout=10)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | (
            {"Authorization": f"Bearer {key}"} if key else {}
        )
        try:
            connection.request(method, path, urlencode(fields or {}), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.getheader("Location") or ""
        finally:
            connection.close()

    def api(self, path: str, **fields: str) -> dict[str, Any]:
        status, body, _ = self.send("POST", f"/v1/{path}", fields, KEY)
        assert status == 200, body
        made: dict[str, Any] = json.loads(body)
        return made

    def open(self, path: str) -> str:
        status, text, _ = self.send("GET", path)
        assert status == 200
        return text

    def press(self, page: str, label: str, **chosen: str) -> tuple[int, str, str]:
        """Submits the first form of a page that has a button with this label."""
        for action, form in re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', self.open(page)):
            pressed = re.search(rf'<button type="submit"([^>]*)>{re.escape(label)}</button>', form)
            if pressed:
                named = re.findall(r'name="([^"]+)" value="([^"]+)"', pressed[1])
                hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', form)
                return self.send("POST", action, dict(hidden) | dict(named) | chosen)
        raise AssertionError(f"no button {label!r} on {page}")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = Sandbox(KEY, "whsec_pages")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def browser(sandbox: Sandbox) -> Browser:
    return Browser(sandbox)


@pytest.fixture
def session(browser: Browser) -> dict[str, Any]:
    product = browser.api("products", name="Annual")["id"]
    recurring = {"recurring[interval]": "year", "unit_amount": "8900", "currency": "usd"}
    price = browser.api("prices", product=product, **recurring)["id"]
    customer = browser.api("customers", email="ann@example.org")["id"]
    lines = {"line_items[0][price]": price, "line_items[0][quantity]": "1"}
    addresses = {"success_url": SUCCESS, "cancel_url": "http://localhost:8000/subscribe/"}
    return browser.api("checkout/sessions", mode="subscription", customer=customer, **lines, **addresses)


def test_a_declined_card_then_a_good_one_makes_one_subscription(
    sandbox: Sandbox, browser: Browser, session: dict[str, Any]
) -> None:
    page = urlsplit(session["url"]).path
    text = browser.open(page)
    for part in ("Annual", "$89.00 a year", "ann@example.org", "http://localhost:8000/subscribe/"):
        assert part in text
    assert "Your card was declined." in browser.press(page, "Pay $89.00", card="declined")[1]
    assert sandbox.objects("subscription") == []
    paid = SUCCESS.replace("{CHECKOUT_SESSION_ID}", session["id"])
    assert browser.press(page, "Pay $89.00", number="4242 4242 4242 4242")[::2] == (303, paid)
    assert len(sandbox.objects("subscription")) == 1
    assert "This is paid already" in browser.open(page)


def test_a_card_that_asks_is_paid_with_only_after_it_was_answered(
    sandbox: Sandbox, browser: Browser, session: dict[str, Any]
) -> None:
    page = urlsplit(session["url"]).path
    assert browser.press(page, "Pay $89.00", card="needs_3ds")[2] == f"{page}/3ds"
    assert "could not authenticate" in browser.press(f"{page}/3ds", "Fail authentication")[1]
    assert sandbox.objects("subscription") == []
    browser.press(page, "Pay $89.00", card="needs_3ds")
    assert browser.press(f"{page}/3ds", "Complete authentication")[0] == 303
    assert len(sandbox.objects("subscription")) == 1


def test_an_expired_session_says_so(sandbox: Sandbox, browser: Browser, session: dict[str, Any]) -> None:
    browser.press("/sandbox/", "7 days")
    assert "This payment page has expired" in browser.open(urlsplit(session["url"]).path)


def test_where_the_customer_is_deleted_nothing_can_be_paid(
    sandbox: Sandbox, browser: Browser, session: dict[str, Any]
) -> None:
    page = urlsplit(session["url"]).path
    assert "Pay $89.00" in browser.open(page)
    assert browser.send("DELETE", f"/v1/customers/{session['customer']}", key=KEY)[0] == 200
    for address in (page, f"{page}/3ds"):
        assert "This payment page has expired" in browser.open(address)


def test_the_portal_cancels_keeps_and_lists_the_invoice(
    sandbox: Sandbox, browser: Browser, session: dict[str, Any]
) -> None:
    sandbox.pay(session["id"])
    back = "http://localhost:8000/account/"
    portal = urlsplit(browser.api("billing_portal/sessions", customer=session["customer"], return_url=back)["url"]).path
    subscription = sandbox.objects("subscription")[0]
    text = browser.open(portal)
    for part in ("Annual", "Renews on", "$89.00", "Paid", "Back to localhost:8000"):
        assert part in text
    browser.press(f"{portal}?cancel={subscription['id']}", "Cancel subscription")
    assert subscription["cancel_at"]
    assert "Ends on" in browser.open(portal)
    browser.press(portal, "Don’t cancel")
    assert subscription["cancel_at"] is None
    assert browser.press(portal, "Update card", card="fails_at_renewal")[0] == 303
    browser.press("/sandbox/", "Advance to period end")
    assert subscription["status"] == "past_due"


def test_the_controls_move_the_clock_and_let_calls_fail(sandbox: Sandbox, browser: Browser) -> None:
    before = sandbox.now()
    assert browser.press("/sandbox/", "31 days")[::2] == (303, "/sandbox/")
    assert sandbox.now() - before >= 31 * 86400
    assert "Advanced by 31 days." in browser.open("/sandbox/")
    assert browser.press("/sandbox/", "Set delivery", mode="hold")[0] == 303
    assert sandbox.delivery.mode == "hold"
    assert browser.press("/sandbox/", "Send what is held")[0] == 303
    browser.press("/sandbox/", "Let them fail", count="1", status="429", path="")
    assert [browser.send("GET", "/v1/customers", key=KEY)[0] for _ in range(2)] == [429, 200]


def test_a_post_without_the_token_of_the_page_changes_nothing(sandbox: Sandbox, browser: Browser) -> None:
    before = sandbox.ledger.offset
    assert browser.send("POST", "/sandbox/advance", {"days": "366"})[0] == 403
    assert sandbox.ledger.offset == before
