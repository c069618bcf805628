"""Case 76 of the billing specification: an account that is erased, its subscription, and what Stripe tells later."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.erasure import ErasurePutOff, erase
from accounts.models import User
from subscriptions.models import Card, Dispute, Invoice, OutgoingMail, Plan, StripeCustomer, Subscription, TrialUse
from tests import make
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


def reader_of(subscription: Subscription) -> User:
    assert subscription.user is not None
    return subscription.user


@pytest.mark.case(76)
def test_the_subscription_is_cancelled_first_and_late_events_do_no_harm(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    customer = StripeCustomer.objects.get()
    shop.sandbox.delivery.mode = "hold"
    erase(reader_of(subscription))
    assert shop.sandbox.get(subscription.stripe_id)["status"] == "canceled"
    deletions = [f"{call.method} {call.path}" for call in shop.sandbox.calls if call.method == "DELETE"]
    assert deletions == [
        f"DELETE /v1/subscriptions/{subscription.stripe_id}",
        f"DELETE /v1/customers/{customer.stripe_id}",
    ]
    before = dict(Subscription.objects.values().get())
    shop.sandbox.delivery.mode = "normal"
    shop.sandbox.delivery.flush()
    shop.settle()
    assert Subscription.objects.values().get() == before
    assert before["status"] == "canceled"
    assert not User.objects.exists(), "no event makes the account anew"
    customer.refresh_from_db()
    assert (customer.user, customer.billing_email) == (None, "")
    assert Invoice.objects.count() == 1, "invoices are kept"
    assert not OutgoingMail.objects.exists(), "nobody is written to"


def test_a_payment_page_that_was_open_is_closed_and_makes_no_new_account(shop: Shop) -> None:
    reader = make.user(ADDRESS)
    attempt = shop.checkout(make.logged_in(reader))
    erase(reader)
    assert shop.sandbox.get(attempt.session_id or "")["status"] == "expired"
    shop.settle()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.user) == ("expired", None)
    assert not User.objects.exists()


def test_where_stripe_is_away_nothing_is_erased_and_another_try_does_it(shop: Shop) -> None:
    reader = reader_of(shop.subscribe(Client(), ADDRESS))
    shop.sandbox.fail(500, 50)
    with pytest.raises(ErasurePutOff):
        erase(reader)
    assert User.objects.filter(pk=reader.pk).exists()
    shop.sandbox.fail(500, 0)
    erase(User.objects.get(pk=reader.pk))
    assert not User.objects.exists()


def test_the_card_goes_and_the_dispute_and_the_mark_of_a_trial_stay_and_name_nobody(shop: Shop) -> None:
    Plan.objects.filter(key="annual").update(trial_days=14)
    attempt = shop.checkout(Client(), ADDRESS)
    shop.pay(attempt)
    shop.settle()
    subscription = Subscription.objects.get()
    with shop.later(days=15):
        shop.decide(shop.dispute(subscription), "won")
        assert Card.objects.count() == Dispute.objects.count() == TrialUse.objects.count() == 1
        erase(reader_of(Subscription.objects.get()))
        assert not Card.objects.exists()
        assert Dispute.objects.get().subscription == subscription
        assert TrialUse.objects.get().user is None


@pytest.mark.parametrize("gives_back", [True, False])
def test_what_is_not_used_goes_back_where_the_setting_says_so(shop: Shop, settings: Any, gives_back: bool) -> None:
    settings.REFUND_WHEN_LEAVING = gives_back
    subscription = shop.subscribe(Client(), ADDRESS)
    shop.sandbox.advance(days=100)
    shop.settle()
    erase(reader_of(subscription))
    returned = [int(refund["amount"]) for refund in shop.sandbox.objects("refund")]
    assert bool(returned) is gives_back
    assert all(0 < amount < subscription.amount_minor for amount in returned)


def test_the_same_address_begins_anew_without_what_was_before(shop: Shop) -> None:
    erase(reader_of(shop.subscribe(Client(), ADDRESS)))
    shop.settle()
    anew = shop.subscribe(Client(), ADDRESS, "monthly")
    assert Subscription.objects.filter(user=anew.user).count() == 1
    assert StripeCustomer.objects.filter(user=anew.user).count() == 1
