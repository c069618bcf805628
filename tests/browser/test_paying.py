"""Paying, walked in a browser: the gate, the payment page of the stand-in, the welcome, the account, and the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from articles.models import Article
from paywall.models import MeteredRead
from subscriptions.models import CheckoutAttempt, Subscription
from tests import make
from tests.browser.till import (
    ADDRESS,
    THANKS,
    at_gate,
    at_till,
    cancel,
    choose,
    log_in,
    new_subscriber,
    pay,
    reads,
    renewal_day,
    to_account,
    type_code,
)
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

BOTH_WAYS = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])

type NewContext = Callable[..., BrowserContext]


@pytest.fixture
def article(shop: Shop) -> Article:
    return make.article(authors=[make.author()], section=make.section())


@pytest.fixture
def unmetered(settings: Any) -> None:
    """An account alone opens nothing, so what opens an article was paid for."""
    settings.MONTHLY_ALLOWANCE = 0


@BOTH_WAYS
def test_a_stranger_pays_and_reads_at_once_and_the_code_opens_the_account(
    javascript: bool, shop: Shop, article: Article, new_context: NewContext, code_for: Callable[[str], str]
) -> None:
    shop.sandbox.delivery.mode = "hold"  # no event helps: the welcome itself finds out
    page = new_context(java_script_enabled=javascript).new_page()
    at_gate(page, shop, article)
    choose(page, "annual", ADDRESS)
    at_till(page, shop)
    expect(page.get_by_text("Due today: $89.00")).to_be_visible()
    expect(page.get_by_text(ADDRESS)).to_be_visible()

    pay(page, "declined")
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    assert not Subscription.objects.exists()
    pay(page)
    expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    expect(page.locator("main")).to_contain_text("Annual, $89 a year")
    page.get_by_role("link", name="Read on").click()
    reads(page, article)
    expect(page.locator(".masthead, header").first).to_contain_text("Log in")

    page.go_back()
    page.get_by_role("button", name="Send me the code").click()
    expect(page.locator('input[name="code"]')).to_be_visible()
    code = code_for(ADDRESS)
    shop.sandbox.delivery.flush()
    shop.settle()
    type_code(page, code)
    reads(page, article)
    account = to_account(page, shop)
    expect(account).to_contain_text(ADDRESS)
    expect(account).to_contain_text("Annual, $89 a year: renews on")
    expect(account).to_contain_text(f"renews on {renewal_day(Subscription.objects.get())} with the card")
    assert not MeteredRead.objects.exists()


@BOTH_WAYS
def test_the_address_of_a_subscriber_does_not_let_a_second_browser_in(
    javascript: bool, shop: Shop, article: Article, new_context: NewContext
) -> None:
    first, second = (new_context(java_script_enabled=javascript).new_page() for _ in range(2))
    at_gate(first, shop, article)
    choose(first, "annual", ADDRESS)
    at_till(first, shop)
    paid_at = first.url
    pay(first)
    expect(first.get_by_role("heading", name=THANKS)).to_be_visible()
    welcome = first.url
    shop.settle()

    at_gate(second, shop, article)
    choose(second, "free", ADDRESS)
    expect(second.locator('input[name="code"]')).to_be_visible()
    at_gate(second, shop, article)
    choose(second, "annual", ADDRESS)
    at_till(second, shop)
    assert second.url != paid_at
    second.goto(welcome)
    expect(second.locator("main")).not_to_contain_text(ADDRESS)
    expect(second.get_by_role("heading", name=THANKS)).to_have_count(0)
    at_gate(second, shop, article)
    second.goto(f"{shop.url}/account/")
    expect(second).to_have_url(re.compile("/account/login/"))


@BOTH_WAYS
def test_a_subscriber_who_chooses_a_plan_is_not_charged_twice(
    javascript: bool, shop: Shop, article: Article, new_context: NewContext
) -> None:
    context = new_context(java_script_enabled=javascript)
    old_tab = context.new_page()
    at_gate(old_tab, shop, article)
    subscription = new_subscriber(shop)
    assert subscription.user is not None
    plans_page = log_in(context, subscription.user, shop)
    plans_page.goto(f"{shop.url}/subscribe/")
    choose(plans_page, "monthly")
    choose(old_tab, "annual", subscription.user.email)
    for page in (plans_page, old_tab):
        expect(page).to_have_url(f"{shop.url}/account/")
        expect(page.locator("main")).to_contain_text("Annual, $89 a year: renews on")
    expect(plans_page.get_by_text("You have a subscription already, so nothing was charged.")).to_be_visible()
    shop.settle()
    assert len(shop.sandbox.objects("checkout.session")) == 1
    assert len(shop.sandbox.objects("charge")) == 1


@BOTH_WAYS
def test_a_subscriber_cancels_keeps_cancels_again_meets_the_gate_and_subscribes_again(
    javascript: bool, shop: Shop, article: Article, unmetered: None, new_context: NewContext
) -> None:
    subscription = new_subscriber(shop)
    assert subscription.user is not None
    day = renewal_day(subscription)
    page = log_in(new_context(java_script_enabled=javascript), subscription.user, shop)
    account = to_account(page, shop)
    cancel(page)
    expect(account).to_contain_text(f"ends on {day}, and you are not charged again.")
    page.goto(shop.url + article.get_absolute_url())
    reads(page, article)
    to_account(page, shop)
    page.get_by_role("button", name="Do not cancel").click()
    expect(account).to_contain_text("Your subscription goes on as before.")
    expect(account).to_contain_text(f"renews on {day} with the card")
    cancel(page)
    expect(account).to_contain_text(f"ends on {day}, and")

    shop.sandbox.advance_to_period_end(subscription.stripe_id)
    shop.settle()
    expect(to_account(page, shop)).to_contain_text(f"ended on {day}.")
    at_gate(page, shop, article)
    choose(page, "annual")
    at_till(page, shop)
    pay(page)
    expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    expect(page.get_by_role("link", name="Your subscription is on your account page")).to_be_visible()
    page.get_by_role("link", name="Read on").click()
    reads(page, article)
    shop.settle()
    renewed = Subscription.objects.exclude(pk=subscription.pk).get()
    expect(to_account(page, shop)).to_contain_text(f"renews on {renewal_day(renewed)} with the card")
    assert len(shop.sandbox.objects("customer")) == 1


@BOTH_WAYS
def test_who_cancels_in_the_portal_finds_the_end_on_the_account(
    javascript: bool, shop: Shop, article: Article, unmetered: None, new_context: NewContext
) -> None:
    shop.sandbox.delivery.mode = "hold"  # no event helps: the way back finds out
    reader = make.user("subscriber@example.org")
    client = make.logged_in(reader)
    attempt = shop.checkout(client)
    shop.pay(attempt)
    shop.welcome(client, attempt)
    day = renewal_day(Subscription.objects.get())
    page = log_in(new_context(java_script_enabled=javascript), reader, shop)
    to_account(page, shop)
    page.get_by_role("button", name="Change the card").click()
    expect(page).to_have_url(re.compile(f"^{re.escape(shop.sandbox.url)}/p/session/"))
    expect(page.get_by_role("table")).to_contain_text("$89.00")
    page.get_by_role("button", name="Cancel subscription").click()
    expect(page.get_by_role("heading", name="Cancel this subscription?")).to_be_visible()
    page.get_by_role("button", name="Cancel subscription").click()
    expect(page.get_by_text("Ends on")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Back to ")).click()
    expect(page).to_have_url(f"{shop.url}/account/")
    expect(page.locator("main")).to_contain_text(f"ends on {day}, and")
    page.get_by_role("button", name="Do not cancel").click()
    expect(page.locator("main")).to_contain_text(f"renews on {day} with the card")
    page.goto(shop.url + article.get_absolute_url())
    reads(page, article)


@BOTH_WAYS
def test_a_card_that_asks_the_bank_is_confirmed_and_then_the_reader_reads(
    javascript: bool, shop: Shop, article: Article, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=javascript).new_page()
    at_gate(page, shop, article)
    choose(page, "monthly", ADDRESS)
    at_till(page, shop)
    pay(page, "needs_3ds")
    page.get_by_role("button", name="Fail authentication").click()
    expect(page.get_by_role("alert")).to_contain_text("could not authenticate your card")
    pay(page, "needs_3ds")
    expect(page.get_by_role("heading", name="Your bank asks whether it is you")).to_be_visible()
    assert not Subscription.objects.exists()
    page.get_by_role("button", name="Complete authentication").click()
    expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
    page.get_by_role("link", name="Read on").click()
    reads(page, article)


@BOTH_WAYS
def test_who_leaves_the_payment_page_is_back_at_the_gate(
    javascript: bool, shop: Shop, article: Article, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=javascript).new_page()
    at_gate(page, shop, article)
    choose(page, "annual", ADDRESS)
    at_till(page, shop)
    page.get_by_role("link", name="Go back").click()
    expect(page).to_have_url(re.compile(re.escape(shop.url + article.get_absolute_url())))
    expect(page.locator("article")).to_have_attribute("data-access", "withheld")
    expect(page.locator(".gate")).to_be_in_viewport()
    assert article.sentinel not in page.content()


@BOTH_WAYS
def test_a_page_that_waits_for_the_payment_says_thanks_by_itself_or_without_scripts_when_asked(
    javascript: bool, shop: Shop, article: Article, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=javascript).new_page()
    at_gate(page, shop, article)
    choose(page, "annual", ADDRESS)
    at_till(page, shop)
    session_id = CheckoutAttempt.objects.get().session_id
    assert session_id is not None
    page.goto(f"{shop.url}/subscribe/welcome/?session_id={session_id}")
    expect(page.get_by_role("heading", name="We are waiting for the confirmation")).to_be_visible()
    shop.sandbox.pay(session_id, card="succeeds")
    if not javascript:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name=THANKS)).to_be_visible(timeout=20_000)
