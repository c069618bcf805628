"""What is paid once: passes, single articles, and their returns. Cases 67 to 69, over HTTP against the stand-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from paywall.models import FunnelCount
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import (
    Alert,
    AlertKind,
    AttemptState,
    CheckoutAttempt,
    Lead,
    OutgoingMail,
    Plan,
    Purchase,
    Subscription,
)
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


def refunded(shop: Shop, purchase: Purchase, amount: int | None = None) -> None:
    Gateway().refund(purchase.payment_intent, key=f"test:{amount}", amount=amount, reason="requested_by_customer")
    shop.settle()
    purchase.refresh_from_db()


def account(address: str = ADDRESS) -> Client:
    return make.logged_in(User.objects.get(email=address))


@pytest.mark.case(67)
@pytest.mark.parametrize("hours", [24, 168])
def test_a_pass_opens_the_library_for_exactly_its_hours_from_the_payment(shop: Shop, article: Any, hours: int) -> None:
    shop.once("pass", pass_hours=hours)
    browser = Client()
    assert not reads(browser, article)
    attempt = shop.bought(shop.buy(browser, ADDRESS))
    assert attempt.state == AttemptState.PAID
    purchase = Purchase.objects.get()
    invoice = shop.sandbox.ledger.get(purchase.invoice_id)
    assert purchase.paid_at.timestamp() == invoice["status_transitions"]["paid_at"]
    assert purchase.ends_at == purchase.paid_at + timedelta(hours=hours)
    assert reads(browser, article)
    assert purchase.ends_at is not None
    with time_machine.travel(purchase.ends_at - timedelta(seconds=1), tick=False):
        assert reads(account(), article)
    with time_machine.travel(purchase.ends_at, tick=False):
        assert not reads(account(), article)
        assert not reads(browser, article)
    assert not Subscription.objects.exists()


@pytest.mark.case(67)
def test_an_hour_that_an_editor_changes_meanwhile_changes_no_pass_that_was_ordered(shop: Shop, article: Any) -> None:
    plan = shop.once("pass", pass_hours=24)
    response = shop.buy(Client(), ADDRESS)
    Plan.objects.filter(pk=plan.pk).update(pass_hours=1)
    shop.bought(response)
    purchase = Purchase.objects.get()
    assert purchase.ends_at == purchase.paid_at + timedelta(hours=24)


def test_a_payer_without_a_webhook_reads_from_the_welcome_page_on(shop: Shop, article: Any) -> None:
    shop.once("pass")
    shop.sandbox.delivery.mode = "hold"
    browser = Client()
    attempt = CheckoutAttempt.objects.get(session_url=shop.buy(browser, ADDRESS)["Location"])
    assert not reads(browser, article)
    assert shop.welcome(browser, attempt).status_code == 200  # before it is paid: it says that it waits
    assert not reads(browser, article)
    shop.pay(attempt)
    page = shop.welcome(browser, attempt).content.decode()
    assert "The whole library is open to you. It closes on" in page
    assert reads(browser, article)
    assert shop.welcome(Client(), attempt).status_code == 404
    before = Purchase.objects.values().get()
    shop.sandbox.delivery.flush()
    shop.settle()
    assert Purchase.objects.values().get() == before


@pytest.mark.case(68)
def test_a_single_article_opens_itself_and_no_other(shop: Shop, article: Any) -> None:
    other = make.article()
    shop.once("article")
    browser = Client()
    assert not reads(browser, article)
    attempt = shop.bought(shop.buy(browser, ADDRESS, "article", article=str(article.public_id)))
    assert attempt.next_path == article.get_absolute_url()
    assert reads(browser, article)
    assert not reads(browser, other)
    assert reads(account(), article)
    assert not reads(account(), other)
    with time_machine.travel(timezone.now() + timedelta(days=400), tick=True):
        assert reads(account(), article)
        assert not reads(browser, article)  # the browser alone reads for a day


@pytest.mark.case(68)
@pytest.mark.parametrize(
    "forged",
    ["", "library", "article:library", "00000000-0000-0000-0000-000000000000", "../x", "{1}"],
)
def test_a_form_that_names_no_article_buys_nothing(shop: Shop, article: Any, forged: str) -> None:
    shop.once("article")
    response = shop.buy(Client(), ADDRESS, "article", article=forged)
    assert response.status_code == 400
    assert "no such article" in response.content.decode()
    assert not CheckoutAttempt.objects.exists()


@pytest.mark.case(68)
def test_the_library_is_not_opened_by_a_scope_in_the_form(shop: Shop, article: Any) -> None:
    other = make.article()
    shop.once("article")
    browser = Client()
    fields = {"article": str(article.public_id), "scope": "library", "hours": "9999"}
    shop.bought(shop.buy(browser, ADDRESS, "article", **fields))
    assert Purchase.objects.get().scope == f"article:{article.public_id}"
    assert not reads(browser, other)


@pytest.mark.parametrize("tier", ["free", "registered"])
def test_only_an_article_for_subscribers_is_sold_by_itself(shop: Shop, article: Any, tier: str) -> None:
    shop.once("article")
    open_one = make.article(tier=tier)
    response = shop.buy(Client(), ADDRESS, "article", article=str(open_one.public_id))
    assert response.status_code == 409
    assert not CheckoutAttempt.objects.exists()
    assert shop.buy(Client(), ADDRESS, "article", article=str(article.public_id)).status_code == 303


def test_an_article_that_one_reads_already_is_not_sold_again(shop: Shop, article: Any) -> None:
    shop.once("article")
    browser = Client()
    shop.bought(shop.buy(browser, ADDRESS, "article", article=str(article.public_id)))
    response = shop.buy(browser, ADDRESS, "article", article=str(article.public_id))
    assert response.status_code == 409
    assert "You can read this article already" in response.content.decode()
    assert shop.buy(account(), "", "article", article=str(article.public_id)).status_code == 409
    assert CheckoutAttempt.objects.count() == 1


def test_a_pass_is_not_sold_to_who_has_the_library(shop: Shop, article: Any) -> None:
    shop.once("pass")
    subscriber = make.user()
    make.grant(subscriber)
    response = shop.buy(make.logged_in(subscriber), "")
    assert response.status_code == 409
    assert "open to you already" in response.content.decode()
    assert shop.buy(make.logged_in(make.user("b@example.org")), "").status_code == 303


def test_two_clicks_and_two_tabs_lead_to_one_payment_page(shop: Shop, article: Any) -> None:
    shop.once("article")
    browser = Client()
    first = shop.buy(browser, ADDRESS, "article", article=str(article.public_id))
    second = shop.buy(browser, ADDRESS, "article", article=str(article.public_id))
    assert first["Location"] == second["Location"]
    assert CheckoutAttempt.objects.count() == 1
    assert len(shop.sandbox.ledger.kind("customer")) == 1


def test_one_article_bought_in_two_browsers_is_told_to_a_person(shop: Shop, article: Any) -> None:
    shop.once("article")
    for browser in (Client(), Client(headers={"User-Agent": "another"})):
        shop.bought(shop.buy(browser, ADDRESS, "article", article=str(article.public_id)))
    assert Purchase.objects.count() == 2
    alert = Alert.objects.get()
    assert alert.kind == AlertKind.BOUGHT_TWICE
    assert alert.customer in {row.customer for row in Purchase.objects.select_related("customer")}


def test_a_price_that_changed_since_the_page_was_shown_is_told_before_anything_is_paid(shop: Shop) -> None:
    shop.once("pass", 300, currency="USD")
    response = shop.buy(Client(), ADDRESS, once="pass USD 200")
    assert response.status_code == 409
    page = response.content.decode()
    assert "It is now $3." in page
    assert ADDRESS in page
    assert not Lead.objects.exists()
    assert shop.buy(Client(), ADDRESS, once="pass USD 300").status_code == 303


def test_a_form_from_another_site_and_an_address_that_is_none_are_refused_in_words(shop: Shop) -> None:
    shop.once("pass")
    elsewhere = Client().post(
        "/subscribe/buy/", {"email": ADDRESS, "plan": "pass"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert elsewhere.status_code == 403
    assert shop.buy(Client(), "no address").status_code == 400
    assert shop.buy(Client(), ADDRESS, "annual").status_code == 400  # not what this form sells
    assert not CheckoutAttempt.objects.exists()
    assert shop.buy(Client(), ADDRESS).status_code == 303


def test_a_payment_that_takes_days_opens_nothing_before_it_has_come(shop: Shop, article: Any) -> None:
    shop.once("pass", currency="EUR")
    browser = Client()
    attempt = shop.bought(shop.buy(browser, ADDRESS), card="sepa")
    assert attempt.state == AttemptState.PROCESSING
    assert not reads(browser, article)
    again = shop.buy(browser, ADDRESS)
    assert again["Location"].startswith("/subscribe/welcome/")  # it is on its way, and is not sold twice
    shop.sandbox.settle_debit(attempt.session_id)
    shop.settle()
    purchase = Purchase.objects.get()
    assert purchase.ends_at == purchase.paid_at + timedelta(hours=24)
    assert reads(browser, article)


def test_a_payment_that_fails_after_days_ends_the_attempt(shop: Shop, article: Any) -> None:
    shop.once("pass", currency="EUR")
    browser = Client()
    attempt = shop.bought(shop.buy(browser, ADDRESS), card="sepa")
    shop.sandbox.settle_debit(attempt.session_id, ok=False)
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.FAILED
    assert not Purchase.objects.exists()
    assert not reads(browser, article)


@pytest.mark.case(69)
@pytest.mark.parametrize("kind", ["pass", "article"])
def test_a_full_return_takes_back_and_a_partial_one_leaves_it_and_is_told(shop: Shop, article: Any, kind: str) -> None:
    shop.once(kind, 300)
    browser = Client()
    shop.bought(shop.buy(browser, ADDRESS, kind, article=str(article.public_id)))
    purchase = Purchase.objects.get()
    refunded(shop, purchase, 100)
    assert (purchase.refunded_minor, purchase.revoked_at) == (100, None)
    assert reads(browser, article)
    assert reads(account(), article)
    assert [alert.kind for alert in Alert.objects.all()] == [AlertKind.PARTLY_RETURNED]
    refunded(shop, purchase)
    assert purchase.refunded_minor == 300
    assert purchase.revoked_at is not None
    assert not reads(browser, article)
    assert not reads(account(), article)


@pytest.mark.case(69)
def test_a_return_that_fails_opens_it_again(shop: Shop, article: Any) -> None:
    shop.once("pass")
    browser = Client()
    shop.bought(shop.buy(browser, ADDRESS))
    purchase = Purchase.objects.get()
    refunded(shop, purchase)
    assert not reads(browser, article)
    refund = shop.sandbox.ledger.kind("refund")[0]
    shop.sandbox.fail_refund(refund["id"])
    shop.settle()
    assert reads(browser, article)


def test_a_receipt_comes_once_with_the_amounts_of_the_invoice(shop: Shop, article: Any) -> None:
    shop.once("pass", 300, currency="USD")
    attempt = shop.bought(shop.buy(Client(), ADDRESS))
    purchase = Purchase.objects.get()
    shop.sandbox.delivery.mode = "duplicate"
    refunded(shop, purchase, 1)
    receipts = OutgoingMail.objects.filter(dedupe_key__startswith="receipt:")
    mail = receipts.get()
    assert mail.recipient == ADDRESS
    assert "$3" in mail.text
    assert purchase.invoice_number in mail.text
    assert attempt.user == User.objects.get(email=ADDRESS)


def test_a_purchase_is_counted_in_the_funnel_of_its_article(shop: Shop, article: Any) -> None:
    shop.once("article")
    shop.bought(shop.buy(Client(), ADDRESS, "article", article=str(article.public_id)))
    steps = set(FunnelCount.objects.filter(article_id=article.pk).values_list("step", flat=True))
    assert {"address_entered", "checkout_started", "paid"} <= steps


def test_everything_that_was_never_told_is_found_by_reconcile_and_only_once(shop: Shop, article: Any) -> None:
    shop.once("article", 300)
    browser = Client()
    shop.sandbox.delivery.mode = "drop"
    response = shop.buy(browser, ADDRESS, "article", article=str(article.public_id))
    shop.pay(CheckoutAttempt.objects.get(session_url=response["Location"]))
    assert not reads(browser, article)
    found = reconcile()
    assert any("article bought" in line for line in found)
    assert reads(browser, article)
    assert list(reconcile()) == []
    Gateway().refund(Purchase.objects.get().payment_intent, key="all", reason="requested_by_customer")
    assert any("refunded_minor 0 -> 300" in line for line in reconcile())
    assert not reads(browser, article)
    assert list(reconcile()) == []


def test_the_account_page_says_what_was_bought(shop: Shop, article: Any) -> None:
    shop.once("pass")
    shop.once("article")
    shop.bought(shop.buy(Client(), ADDRESS, "article", article=str(article.public_id)))
    shop.bought(shop.buy(Client(), ADDRESS))
    page = account().get("/account/").content.decode()
    assert "Pass: it ends on" in page
    assert "Article, bought on" in page
    assert article.get_absolute_url() in page


def test_a_purchase_does_not_stand_in_the_way_of_a_subscription(shop: Shop, article: Any) -> None:
    shop.once("pass")
    browser = Client()
    shop.bought(shop.buy(browser, ADDRESS))
    assert shop.subscribe(browser, ADDRESS).status == "active"
