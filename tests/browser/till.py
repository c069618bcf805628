"""What a reader does at the gate, at the payment page and on the account page, for the tests that walk there."""

from __future__ import annotations

import re

from django.utils import timezone
from django.utils.formats import date_format
from playwright.sync_api import BrowserContext, Locator, Page, expect

from accounts.models import User
from articles.models import Article
from subscriptions.models import Subscription
from tests import make
from tests.shop import Shop

ADDRESS = "new@example.org"
THANKS = "Thank you"


def log_in(context: BrowserContext, user: User, shop: Shop) -> Page:
    client = make.logged_in(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": shop.url}])
    return context.new_page()


def new_subscriber(shop: Shop) -> Subscription:
    return shop.subscribe(make.logged_in(make.user("subscriber@example.org")))


def at_gate(page: Page, shop: Shop, article: Article) -> None:
    page.goto(shop.url + article.get_absolute_url())
    expect(page.locator("article")).to_have_attribute("data-access", "withheld")
    expect(page.locator(".gate")).to_be_visible()
    assert article.sentinel not in page.content()


def reads(page: Page, article: Article) -> None:
    expect(page).to_have_url(re.compile(re.escape(article.get_absolute_url())))
    expect(page.locator("article")).to_have_attribute("data-access", "granted")
    expect(page.locator(".body")).to_contain_text(article.sentinel)
    expect(page.locator(".gate")).to_have_count(0)


def choose(page: Page, plan: str, email: str = "") -> None:
    if email:
        page.get_by_role("textbox", name="E-mail address").fill(email)
    page.locator(f'.gate button[name="plan"][value="{plan}"]').click()


def at_till(page: Page, shop: Shop) -> None:
    expect(page).to_have_url(re.compile(f"^{re.escape(shop.sandbox.url)}/c/pay/"))
    expect(page.get_by_text("No money moves")).to_be_visible()


def pay(page: Page, card: str = "succeeds") -> None:
    page.locator(f'input[name="card"][value="{card}"]').check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()


def type_code(page: Page, code: str) -> None:
    page.locator('input[name="code"]').fill(code)
    page.locator('input[name="code"]').press("Enter")


def to_account(page: Page, shop: Shop) -> Locator:
    page.goto(f"{shop.url}/account/")
    return page.locator("main")


def renewal_day(subscription: Subscription) -> str:
    subscription.refresh_from_db()
    assert subscription.period_end is not None
    return date_format(timezone.localtime(subscription.period_end), "j F Y")


def cancel(page: Page) -> None:
    page.get_by_role("link", name="Cancel subscription", exact=True).click()
    expect(page.get_by_role("heading", name="Cancel your subscription?")).to_be_visible()
    page.get_by_role("button", name="Cancel my subscription").click()
