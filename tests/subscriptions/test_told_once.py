"""One matter, one mail: what is told of a first charge, of an attempt that failed, of a subscription that was left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from newsroom.housekeeping import keep_house
from subscriptions.models import OutgoingMail, Plan, Subscription
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import address
from tests.subscriptions.leavers import code_sent_to, declared, type_code

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


def mails(template: str) -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(dedupe_key__startswith=f"{template}:").order_by("pk"))


def bought(shop: Shop, card: str = "succeeds", *, code: str = "", trial_days: int = 0) -> Subscription:
    if trial_days:
        Plan.objects.filter(key="monthly").update(trial_days=trial_days)
    attempt = shop.checkout(Client(), ADDRESS, "monthly")
    assert not code or shop.sandbox.apply_code(attempt.session_id or "", code) == ""
    shop.pay(attempt, card)
    shop.settle()
    return Subscription.objects.get()


# --- The first charge -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("off", "amount"), [(50, "$4.50"), (None, "$9 a month")], ids=["half off", "nothing off"])
def test_what_stripe_tells_of_a_trials_end_names_what_is_then_charged(off: int | None, amount: str, shop: Shop) -> None:
    if off:
        shop.promotion("HALF", percent_off=off)
    subscription = bought(shop, code="HALF" if off else "", trial_days=7)
    with shop.later(days=4, hours=1):
        (mail,) = mails("trial_ending")
        assert f"First payment: {amount}, on" in mail.text
    with shop.later(days=7, hours=2):
        (paid,) = subscription.invoices.filter(paid_minor__gt=0)
        assert paid.paid_minor == (450 if off else 900)
        assert len(mails("trial_ending")) == 1


def test_a_first_charge_that_never_comes_is_not_announced(shop: Shop) -> None:
    shop.promotion("FREE", percent_off=100)
    subscription = bought(shop, code="FREE", trial_days=7)
    with shop.later(days=4, hours=1):
        assert "trial_will_end" in str([event["type"] for event in shop.sandbox.objects("event")])
        assert mails("trial_ending") == []
    with shop.later(days=7, hours=2):
        assert not subscription.invoices.filter(paid_minor__gt=0).exists()


def test_a_trial_a_day_longer_than_the_notice_is_told_of_a_week_ahead(shop: Shop) -> None:
    subscription = bought(shop, trial_days=8)
    keep_house.call()
    shop.settle()
    (mail,) = mails("trial_ending")
    assert subscription.trial_end is not None
    assert mail.created_at < subscription.trial_end - timedelta(days=7)


def test_where_stripe_does_not_say_the_amount_the_next_round_asks_again(shop: Shop) -> None:
    shop.promotion("HALF", percent_off=50)
    bought(shop, code="HALF", trial_days=7)
    shop.sandbox.fail(500, 99, "/v1/invoices/create_preview")
    with shop.later(days=4, hours=1):
        assert mails("trial_ending") == []
        shop.sandbox.fail(count=0)
        keep_house.call()
        shop.settle()
        (mail,) = mails("trial_ending")
        assert "$4.50" in mail.text


# --- An attempt -------------------------------------------------------------------------------------------------------
def test_an_attempt_is_told_once_also_where_its_payer_then_has_to_confirm(shop: Shop) -> None:
    subscription = bought(shop, "fails_at_renewal")
    with shop.later(days=32):
        assert len(mails("payment_failed")) == 1
        invoice = subscription.invoices.get(status="open")
        assert shop.sandbox.pay_invoice(invoice.stripe_id, "needs_3ds")["outcome"] == "needs_3ds"
        shop.settle()
        invoice.refresh_from_db()
        assert (invoice.status, invoice.attempt_count) == ("open", 1)
        assert mails("action_needed") == []
        shop.sandbox.set_card(
            subscription.customer.stripe_id, "needs_3ds_later"
        )  # tried again at once, with nobody there
        shop.settle()
        (need,) = mails("action_needed")
        assert need.dedupe_key.endswith(":2")
        assert len(mails("payment_failed")) == 1


# --- Leaving ----------------------------------------------------------------------------------------------------------
def left(shop: Shop, end: str) -> Client:
    browser = Client()
    declaration = declared(browser, ADDRESS, end=end)
    assert type_code(browser, declaration, code_sent_to(ADDRESS)).status_code == 200
    shop.settle()
    return browser


def test_a_declared_cancellation_brings_one_mail_and_the_next_by_the_account_its_own(shop: Shop) -> None:
    subscription = bought(shop)
    left(shop, "period_end")
    assert (len(mails("leaving_done")), mails("cancelled")) == (1, [])
    assert subscription.user is not None
    account = make.logged_in(subscription.user)
    account.post(address(subscription, "keep"))
    with shop.later(hours=1):
        account = make.logged_in(subscription.user)
        account.post(address(subscription, "cancel"))
        shop.settle()
        assert (len(mails("leaving_done")), len(mails("cancelled"))) == (1, 1)
    with shop.later(days=32):
        assert len(mails("ended")) == 1


def test_an_end_at_once_that_was_declared_brings_one_mail(shop: Shop, settings: Any) -> None:
    settings.REFUND_WHEN_LEAVING = True
    subscription = bought(shop)
    left(shop, "at_once")
    subscription.refresh_from_db()
    assert subscription.status == "canceled"
    assert (len(mails("leaving_done")), mails("ended"), mails("cancelled")) == (1, [], [])


def test_what_staff_had_to_settle_is_told_like_any_end(shop: Shop) -> None:
    subscription = bought(shop)
    declaration = declared(Client(), ADDRESS)
    assert code_sent_to(ADDRESS)
    declaration.contracts.create(subscription=subscription, currency="USD", is_at_once=True)
    declaration.state = "settled"
    declaration.save()
    shop.end_now(subscription)
    assert len(mails("ended")) == 1
