"""A subscription from its trial to its end, walked in a browser, with the months in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from articles.models import Article
from subscriptions.models import Plan, Subscription
from tests import make
from tests.browser.till import at_gate, at_till, choose, log_in, reads, renewal_day, to_account
from tests.shop import Shop
from tests.subscriptions.changes import add_plan

pytestmark = pytest.mark.django_db(transaction=True)

READER = "life@example.org"
NOTICE = "Your last payment did not go through."

type NewContext = Callable[..., BrowserContext]


@pytest.fixture
def clock() -> Iterator[ExitStack]:
    """The moments that were travelled to; at the end it is now again."""
    with ExitStack() as travelled:
        yield travelled


@pytest.fixture
def article(shop: Shop, settings: Any) -> Article:
    settings.MONTHLY_ALLOWANCE = 0  # nothing but the subscription opens it
    return make.article(authors=[make.author()], section=make.section())


def test_from_the_trial_to_the_gate(
    shop: Shop, article: Article, clock: ExitStack, new_context: NewContext, code_for: Callable[[str], str]
) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=7)
    add_plan(shop, "thrifty", 500, is_offered=True, position=9)
    make.user(READER)

    page = begins_a_trial(new_context(), shop, article)
    subscription = Subscription.objects.get()

    clock.enter_context(shop.later(days=8))
    page = returns(page, shop)
    expect(to_account(page, shop)).to_contain_text(f"renews on {renewal_day(subscription)}")

    page = reads_while_a_payment_fails(page, shop, article, clock, subscription)
    page = mends_the_card(page, shop, subscription)
    page = changes_to_a_cheaper_plan(page, shop, clock, subscription)
    page = pauses_and_returns(page, shop, article, clock, subscription)

    leaves_without_logging_in(new_context().new_page(), shop, code_for)
    subscription.refresh_from_db()
    assert subscription.ends_at is not None
    clock.enter_context(shop.at(subscription.ends_at + timedelta(minutes=1)))
    page = returns(page, shop)
    at_gate(page, shop, article)
    subscription.refresh_from_db()
    assert (subscription.status, subscription.cancel_reason) == ("canceled", "cancellation_requested")


def returns(page: Page, shop: Shop) -> Page:
    """The same browser at a later day, logged in anew: a session does not last for months."""
    page.close()
    return log_in(page.context, make.User.objects.get(email=READER), shop)


def begins_a_trial(context: BrowserContext, shop: Shop, article: Article) -> Page:
    page = log_in(context, make.User.objects.get(email=READER), shop)
    at_gate(page, shop, article)
    choose(page, "monthly")
    at_till(page, shop)
    page.locator('input[name="card"][value="succeeds"]').check()
    page.locator('button[type="submit"]').last.click()
    expect(page.locator("main")).to_contain_text("Monthly")
    shop.settle()
    page.goto(shop.url + article.get_absolute_url())
    reads(page, article)
    return page


def reads_while_a_payment_fails(
    page: Page, shop: Shop, article: Article, clock: ExitStack, subscription: Subscription
) -> Page:
    shop.sandbox.set_card(subscription.customer.stripe_id, "fails_at_renewal")
    subscription.refresh_from_db()
    assert subscription.period_end is not None
    clock.enter_context(shop.at(subscription.period_end + timedelta(hours=2)))
    page = returns(page, shop)
    page.goto(shop.url + article.get_absolute_url())
    reads(page, article)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    subscription.refresh_from_db()
    assert subscription.status == "past_due"
    return page


def mends_the_card(page: Page, shop: Shop, subscription: Subscription) -> Page:
    page.get_by_role("button", name="Update your card").first.click()
    page.locator('select[name="card"]').select_option("succeeds")
    page.get_by_role("button", name="Update card").click()
    expect(page.get_by_text("Renews on").first).to_be_visible()
    shop.settle()
    account = to_account(page, shop)
    expect(account).to_contain_text(f"renews on {renewal_day(subscription)}")
    expect(page.get_by_text(NOTICE)).to_have_count(0)
    return page


def changes_to_a_cheaper_plan(page: Page, shop: Shop, clock: ExitStack, subscription: Subscription) -> Page:
    page.get_by_role("link", name="Change plan").click()
    page.get_by_role("link", name=re.compile("See what is due.*Thrifty")).click()
    expect(page.locator("main")).to_contain_text("you keep what you have paid for")
    page.get_by_role("button", name="Change to Thrifty").click()
    expect(page.locator("main")).to_contain_text("and then Thrifty, $5 a month.")
    subscription.refresh_from_db()
    assert subscription.period_end is not None
    clock.enter_context(shop.at(subscription.period_end + timedelta(hours=2)))
    page = returns(page, shop)
    expect(to_account(page, shop)).to_contain_text("Thrifty, $5 a month")
    # Stripe lets go of the subscription once the first period of the other plan is over.
    subscription.refresh_from_db()
    assert subscription.period_end is not None
    clock.enter_context(shop.at(subscription.period_end + timedelta(hours=2)))
    return returns(page, shop)


def pauses_and_returns(page: Page, shop: Shop, article: Article, clock: ExitStack, subscription: Subscription) -> Page:
    to_account(page, shop).get_by_role("link", name="Pause").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator("main")).to_contain_text("Then it is paused until")
    subscription.refresh_from_db()
    assert subscription.paused_from is not None
    clock.enter_context(shop.at(subscription.paused_from + timedelta(days=1)))
    page = returns(page, shop)
    at_gate(page, shop, article)
    to_account(page, shop).get_by_role("link", name="Resume").first.click()
    page.get_by_role("button", name="Pay $5 and read on").click()
    expect(page.locator("main")).to_contain_text(f"renews on {renewal_day(subscription)}")
    page.goto(shop.url + article.get_absolute_url())
    reads(page, article)
    return page


def leaves_without_logging_in(page: Page, shop: Shop, code_for: Callable[[str], str]) -> None:
    page.goto(f"{shop.url}/")
    page.get_by_role("link", name="Cancel or withdraw").click()
    page.get_by_label("E-mail address of your subscription").fill(READER)
    page.get_by_role("button", name="Declare it now").click()
    expect(page.get_by_role("heading", name="We have received your declaration")).to_be_visible()
    assert Subscription.objects.get().ends_at is None
    page.locator('input[name="code"]').fill(code_for(READER))
    page.get_by_role("button", name="Confirm with the code").click()
    expect(page.get_by_role("heading", name="It is done")).to_be_visible()
    shop.settle()
