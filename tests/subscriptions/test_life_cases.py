"""The life of a subscription as its reader sees it: renewals, failing payments, their mails and the notice on the page.
Cases 38 to 48 of the billing specification, and the mail of 56, over HTTP.
"""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsroom.housekeeping import keep_house
from subscriptions.account.due_notices import write_notices
from subscriptions.models import Card, OutgoingMail, Plan, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"
NOTICE = "Your last payment did not go through."


def bought(shop: Shop, card: str = "succeeds", plan: str = "monthly") -> Subscription:
    attempt = shop.checkout(Client(), ADDRESS, plan)
    shop.pay(attempt, card)
    shop.settle()
    return Subscription.objects.get()


def browser(subscription: Subscription) -> Client:
    """Logged in just now, whatever the clock says."""
    subscription.refresh_from_db()
    assert subscription.user is not None
    return make.logged_in(subscription.user)


def mails(template: str) -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(dedupe_key__startswith=f"{template}:").order_by("pk"))


def account(subscription: Subscription) -> str:
    return html.unescape(browser(subscription).get("/account/").content.decode())


@pytest.mark.case(38)
def test_a_renewal_that_is_paid_goes_on_with_a_receipt_of_its_own(shop: Shop, article: Any) -> None:
    subscription = bought(shop)
    before = subscription.period_end
    assert before is not None
    with shop.later(days=32):
        assert reads(browser(subscription), article)
        assert subscription.status == "active"
        assert subscription.period_end is not None
        assert subscription.period_end > before + timedelta(days=27)
        assert [len(mails(template)) for template in ("receipt", "welcome", "payment_failed")] == [2, 1, 0]
        assert "with the card ending 4242." in account(subscription)


@pytest.mark.case(39)
def test_news_of_a_renewal_that_come_five_hours_late_leave_no_gap(shop: Shop, article: Any) -> None:
    subscription = bought(shop)
    former = subscription.period_end
    shop.sandbox.delivery.mode = "hold"
    assert former is not None
    with shop.later(seconds=(former - timezone.now()).total_seconds() + 5 * 3600):
        assert reads(browser(subscription), article)
        assert subscription.period_end == former
        shop.sandbox.delivery.mode = "normal"
        shop.sandbox.delivery.flush()
        shop.settle()
        assert reads(browser(subscription), article)
        assert subscription.period_end is not None
        assert subscription.period_end > former


@pytest.mark.case(41)
def test_a_renewal_that_fails_is_told_once_and_its_reader_reads_on(shop: Shop, article: Any) -> None:
    subscription = bought(shop, "fails_at_renewal")
    assert NOTICE not in account(subscription)
    with shop.later(days=32):
        client = browser(subscription)
        assert subscription.status == "past_due"
        assert reads(client, article)
        (mail,) = mails("payment_failed")
        invoice = subscription.invoices.get(status="open")
        assert "$9" in mail.text
        assert invoice.number in mail.text
        assert invoice.hosted_url in mail.text
        assert "the card or account ending 0341" in mail.text
        assert "You read on until" in mail.text
        for address in ("/", article.get_absolute_url(), "/account/", "/search/"):
            page = client.get(address)
            assert NOTICE in page.content.decode(), address
            assert "private" in page["Cache-Control"]
        assert mail.state == "sent"


@pytest.mark.case(42)
def test_a_second_failure_is_told_too_and_a_delivery_that_is_repeated_is_not(shop: Shop, article: Any) -> None:
    subscription = bought(shop, "fails_at_renewal")
    shop.sandbox.delivery.mode = "duplicate"
    with shop.later(days=32):
        assert len(mails("payment_failed")) == 1
        with shop.later(days=2):
            assert len(mails("payment_failed")) == 2
            failed = [event for event in shop.sandbox.objects("event") if event["type"] == "invoice.payment_failed"]
            for event in failed:
                body, signature = shop.sandbox.signed(event)
                Client().post(
                    "/stripe/webhook/", body, content_type="application/json", headers={"Stripe-Signature": signature}
                )
            shop.settle()
            assert len(failed) == len(mails("payment_failed")) == 2
            assert reads(browser(subscription), article)


@pytest.mark.case(43)
def test_after_the_days_of_grace_nothing_opens_though_the_period_is_ahead(shop: Shop, article: Any) -> None:
    subscription = bought(shop, "fails_at_renewal")
    with shop.later(days=32):
        subscription.refresh_from_db()
        since = subscription.past_due_since
    assert since is not None
    end = since + timedelta(days=7)
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        assert reads(browser(subscription), article)
    with time_machine.travel(end + timedelta(seconds=1), tick=False):
        assert not reads(browser(subscription), article)
        assert subscription.period_end is not None
        assert subscription.period_end > timezone.now()
        assert "Please update your card to read on." in account(subscription)


@pytest.mark.case(44)
def test_a_card_that_is_mended_pays_at_once_and_the_notice_is_gone(shop: Shop, article: Any) -> None:
    subscription = bought(shop, "fails_at_renewal")
    with shop.later(days=32):
        assert NOTICE in account(subscription)
        assert f'href="{subscription.invoices.get(status="open").hosted_url}">Pay the open invoice' in account(
            subscription
        )
        shop.sandbox.set_card(subscription.customer.stripe_id, "succeeds")
        shop.settle()
        text = account(subscription)
        assert subscription.status == "active"
        assert subscription.past_due_since is None
        assert NOTICE not in text
        assert "with the card ending 4242." in text
        assert reads(browser(subscription), article)
        assert [len(mails(template)) for template in ("payment_failed", "receipt")] == [1, 2]


@pytest.mark.case(45)
def test_retries_that_end_in_a_cancellation_close_everything_with_one_mail(shop: Shop, article: Any) -> None:
    subscription = bought(shop, "fails_at_renewal")
    with shop.later(days=31), shop.later(days=9):
        client = browser(subscription)
        assert subscription.status == "canceled"
        assert not reads(client, article)
        assert len(mails("ended")) == 1
        assert mails("cancelled") == []
        assert "The last payment did not go through" in mails("ended")[0].text
        assert NOTICE not in client.get("/").content.decode()
        assert "ended on" in account(subscription)
        shop.settle()
        assert len(mails("ended")) == 1


@pytest.mark.case(46)
def test_unpaid_opens_nothing_until_the_invoice_is_paid(shop: Shop, article: Any) -> None:
    subscription = bought(shop, "fails_at_renewal")
    shop.sandbox.retries_end_in("unpaid")
    with shop.later(days=31), shop.later(days=9):
        assert not reads(browser(subscription), article)
        assert subscription.status == "unpaid"
        assert NOTICE in account(subscription)
        assert mails("ended") == []
        shop.sandbox.pay_invoice(subscription.invoices.get(status="open").stripe_id, "other")
        shop.settle()
        assert reads(browser(subscription), article)
        assert subscription.status == "active"


@pytest.mark.case(47)
def test_paused_opens_nothing_and_resumed_opens_everything(shop: Shop, article: Any) -> None:
    subscription = bought(shop)
    shop.sandbox.set_status(subscription.stripe_id, "paused")
    shop.settle()
    assert not reads(browser(subscription), article)
    assert "it is paused. You read on as soon as it is resumed." in account(subscription)
    Gateway().resume_subscription(subscription.stripe_id)
    shop.settle()
    assert reads(browser(subscription), article)
    assert subscription.status == "active"


@pytest.mark.case(48)
def test_a_renewal_that_the_bank_wants_confirmed_brings_the_link_and_then_goes_on(shop: Shop, article: Any) -> None:
    subscription = bought(shop, "needs_3ds_later")
    with shop.later(days=32):
        (mail,) = mails("action_needed")
        assert mails("payment_failed") == []
        invoice = subscription.invoices.get(status="open")
        assert invoice.hosted_url in mail.text
        assert "$9" in mail.text
        assert reads(browser(subscription), article)
        shop.sandbox.confirm_invoice(invoice.stripe_id)
        shop.settle()
        assert reads(browser(subscription), article)
        assert subscription.status == "active"
        assert [len(mails(template)) for template in ("action_needed", "receipt")] == [1, 2]


def trial(shop: Shop, days: int) -> Subscription:
    Plan.objects.filter(key="annual").update(trial_days=days)
    return bought(shop, plan="annual")


@pytest.mark.case(56)
def test_stripe_telling_twice_of_a_trials_end_makes_one_mail(shop: Shop) -> None:
    subscription = trial(shop, 14)
    assert subscription.status == "trialing"
    told = shop.sandbox.get(subscription.stripe_id)
    for _ in range(2):
        shop.sandbox.emit("customer.subscription.trial_will_end", told)
    shop.settle()
    (mail,) = mails("trial_ending")
    assert "$89 a year" in mail.text
    assert "4242" in mail.text


@pytest.mark.case(56)
def test_our_own_clock_tells_of_a_trials_end_a_week_ahead_and_stripe_does_not_repeat_it(shop: Shop) -> None:
    subscription = trial(shop, 30)
    end = subscription.trial_end
    assert end is not None
    with shop.later(days=21):
        keep_house.call()
        shop.settle()
        assert mails("trial_ending") == []
    with shop.later(days=22, hours=1):
        keep_house.call()
        shop.settle()
        (mail,) = mails("trial_ending")
        assert mail.created_at < end - timedelta(days=7)
    with shop.later(days=28):
        keep_house.call()
        shop.settle()
        assert len(mails("trial_ending")) == 1
        assert "trial_will_end" in str([event["type"] for event in shop.sandbox.objects("event")])


def test_a_yearly_renewal_is_told_a_fortnight_ahead_with_stripes_own_amount(shop: Shop) -> None:
    subscription = bought(shop, plan="annual")
    end = subscription.period_end
    assert end is not None
    with shop.later(days=349):
        write_notices.call()
        assert mails("renewal") == []
    with shop.later(days=350, hours=2):
        write_notices.call()
        (mail,) = mails("renewal")
        assert "$89, on" in mail.text
        assert mail.created_at < end - timedelta(days=14)
    with shop.later(days=360):
        write_notices.call()
        assert len(mails("renewal")) == 1
        assert "invoice.upcoming" in [event["type"] for event in shop.sandbox.objects("event")]


def test_of_a_customer_that_stripe_has_removed_no_card_is_kept_and_the_end_is_told(shop: Shop) -> None:
    subscription = bought(shop)
    assert subscription.card.last4 == "4242"
    shop.sandbox.delete_customer(subscription.customer.stripe_id)
    shop.settle()
    assert not Card.objects.exists()
    assert len(mails("ended")) == 1


def test_stripe_alone_tells_of_a_yearly_renewal_too_and_never_of_a_monthly_one(shop: Shop) -> None:
    bought(shop, plan="annual")
    with shop.later(days=360):
        (mail,) = mails("renewal")
        assert "$89, on" in mail.text


def test_who_pays_each_month_is_told_by_the_receipts_alone(shop: Shop) -> None:
    bought(shop)
    with shop.later(days=27):
        write_notices.call()
        assert "invoice.upcoming" in [event["type"] for event in shop.sandbox.objects("event")]
        assert mails("renewal") == []


def test_a_card_that_runs_out_before_the_renewal_is_told_once(shop: Shop) -> None:
    subscription = bought(shop, plan="annual")
    with shop.later(days=325):
        shop.sandbox.expire_card(subscription.customer.stripe_id, months=0)
        shop.settle()
        assert subscription.card.method_id
        for _ in range(2):
            write_notices.call()
        (mail,) = mails("card_expiring")
        assert "4242" in mail.text
        assert "runs out with" in account(subscription)
        shop.sandbox.renew_card(subscription.customer.stripe_id)
        shop.settle()
        assert "runs out with" not in account(Subscription.objects.get())
