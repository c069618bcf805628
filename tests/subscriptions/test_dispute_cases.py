"""Payments that are contested at a bank: what stays closed for how long, and who is told. Over HTTP, against the
stand-in.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import (
    Alert,
    AlertKind,
    Dispute,
    EventOutcome,
    Grant,
    OutgoingMail,
    PlanPrice,
    Purchase,
    StripeEvent,
    Subscription,
)
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions import giving
from tests.subscriptions.reading import reads
from tests.subscriptions.test_money_back_cases import texts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> Client:
    return make.logged_in(make.user("reader@example.org"))


@pytest.mark.case(71)
@pytest.mark.parametrize(
    ("status", "then", "still_reads"),
    [
        ("warning_needs_response", "", True),
        ("warning_needs_response", "warning_under_review", True),
        ("warning_needs_response", "warning_closed", True),
        ("warning_needs_response", "needs_response", False),
        ("needs_response", "", False),
        ("needs_response", "under_review", False),
        ("needs_response", "lost", False),
        ("needs_response", "won", True),
    ],
)
def test_a_dispute_suspends_what_its_charge_paid_for_until_it_is_won(
    shop: Shop, reader: Client, article: Any, status: str, then: str, still_reads: bool
) -> None:
    subscription = shop.subscribe(reader)
    assert reads(reader, article)
    dispute = shop.dispute(subscription, status)
    if then:
        shop.decide(dispute, then)
    assert reads(reader, article) is still_reads
    assert Dispute.objects.get().status == (then or status)
    assert Subscription.objects.get().status == "active"


@pytest.mark.case(71)
def test_somebody_is_told_of_a_dispute_with_the_day_of_its_evidence(shop: Shop, reader: Client) -> None:
    subscription = shop.subscribe(reader)
    dispute = shop.dispute(subscription, "warning_needs_response")
    (asked,) = texts(AlertKind.DISPUTE)
    due = Dispute.objects.get().evidence_due_at
    assert due is not None
    assert f"Evidence is due by {timezone.localtime(due).day} " in asked
    assert "stays open" in asked
    shop.decide(dispute, "needs_response")
    assert "is suspended until it is won" in texts(AlertKind.DISPUTE)[1]
    sync_customer(subscription.customer)
    assert len(texts(AlertKind.DISPUTE)) == 2
    assert Alert.objects.filter(customer=subscription.customer).count() == 2


@pytest.mark.case(71)
def test_a_lost_dispute_closes_no_period_that_was_paid_for_since(shop: Shop, reader: Client, article: Any) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    dispute = shop.dispute(subscription)
    shop.decide(dispute, "lost")
    assert not reads(reader, article)
    with shop.later(days=32):
        assert reads(reader, article)


def contest_first(shop: Shop, subscription: Subscription) -> str:
    """The bank contests the oldest payment of the subscription's customer; the dispute's id. Settled."""
    charge = Gateway().charges_of(subscription.customer.stripe_id)[-1]
    made = shop.sandbox.open_dispute(charge["id"])
    shop.settle()
    return str(made["id"])


@pytest.mark.case(71)
def test_a_dispute_of_an_earlier_month_closes_nothing_that_another_charge_paid(
    shop: Shop, reader: Client, article: Any
) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    with shop.later(days=32):
        dispute = contest_first(shop, subscription)
        assert reads(reader, article)
        assert "Monthly, $9 a month: renews on" in reader.get("/account/").content.decode()
        assert "stays open: the time that it paid for is over" in texts(AlertKind.DISPUTE)[0]
        shop.decide(dispute, "lost")
        assert reads(reader, article)
        assert "stays open: the time that it paid for is over" in texts(AlertKind.DISPUTE)[1]


@pytest.mark.case(71)
@pytest.mark.parametrize("then", ["needs_response", "under_review", "lost"])
def test_a_dispute_closes_up_to_the_end_of_the_period_that_its_charge_paid(
    shop: Shop, reader: Client, article: Any, then: str
) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    with shop.later(days=32):
        dispute = shop.dispute(subscription)
        shop.decide(dispute, then)
        subscription.refresh_from_db()
        assert subscription.period_end is not None
        ends = subscription.period_end
        assert f" until {timezone.localtime(ends).day} " in texts(AlertKind.DISPUTE)[0]
        with shop.at(ends - timedelta(hours=1)):
            sync_customer(subscription.customer)
            assert not reads(reader, article)
        with shop.at(ends + timedelta(hours=1)):
            reader = make.logged_in(User.objects.get(email="reader@example.org"))
            assert Dispute.objects.get().status == then
            assert reads(reader, article)


@pytest.mark.case(71)
@pytest.mark.parametrize(
    ("doubted", "still_reads"),
    [(slice(1, 2), True), (slice(0, 1), False), (slice(0, 2), False)],
    ids=["the first", "the second", "both"],
)
def test_a_later_payment_opens_its_own_period_also_where_it_was_made_before_the_dispute(
    shop: Shop, reader: Client, article: Any, doubted: slice, still_reads: bool
) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    annual = PlanPrice.objects.get(plan__key="annual", is_active=True)
    with shop.later(days=3):
        item = Gateway().subscription(subscription.stripe_id)["items"]["data"][0]["id"]
        change: Any = {"items": [{"id": item, "price": annual.stripe_id}], "proration_behavior": "always_invoice"}
        Gateway().update_subscription(subscription.stripe_id, change)
        shop.settle()
        charges = Gateway().charges_of(subscription.customer.stripe_id)
        assert len(charges) == 2
        for charge in charges[doubted]:
            shop.sandbox.open_dispute(charge["id"])
        shop.settle()
        assert reads(reader, article) is still_reads
        sync_customer(subscription.customer)
        assert reads(reader, article) is still_reads


@pytest.mark.case(71)
def test_after_the_contested_period_a_renewal_that_fails_has_its_days_of_grace(
    shop: Shop, reader: Client, article: Any
) -> None:
    attempt = shop.checkout(reader, plan="monthly")
    shop.pay(attempt, "fails_at_renewal")
    shop.settle()
    subscription = Subscription.objects.get()
    dispute = shop.dispute(subscription)
    shop.decide(dispute, "lost")
    assert not reads(reader, article)
    with shop.later(days=32):
        subscription.refresh_from_db()
        assert (subscription.status, subscription.suspended_at) == ("past_due", None)
        assert reads(reader, article)


@pytest.mark.case(71)
def test_a_dispute_closes_no_other_subscription_of_the_same_payer(shop: Shop, reader: Client, settings: Any) -> None:
    settings.REFUND_SECOND_SUBSCRIPTION = False
    yearly = shop.subscribe(reader)
    session = shop.at_stripe().checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": yearly.customer.stripe_id,
            "line_items": [{"price": make.plan_price("monthly").stripe_id, "quantity": 1}],
            "success_url": "https://news.example.org/",
        }
    )
    shop.sandbox.pay(session.id)
    shop.settle()
    monthly = Subscription.objects.get(plan__key="monthly")
    charges = Gateway().charges_of(yearly.customer.stripe_id)
    shop.sandbox.open_dispute(next(row["id"] for row in charges if row["amount"] == monthly.amount_minor))
    shop.settle()
    for row in (yearly, monthly):
        row.refresh_from_db()
    assert yearly.suspended_at is None
    assert monthly.suspended_at is not None


@pytest.mark.case(71)
def test_an_earlier_payment_opens_no_period_that_a_contested_one_paid_for(
    shop: Shop, reader: Client, article: Any
) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    with shop.later(days=32):
        contest_first(shop, subscription)
        shop.dispute(subscription)
        assert not reads(reader, article)


@pytest.mark.case(71)
def test_an_event_about_a_dispute_names_nobody_and_reaches_the_payer(shop: Shop, reader: Client) -> None:
    subscription = shop.subscribe(reader)
    shop.dispute(subscription)
    told = StripeEvent.objects.filter(type="charge.dispute.created").get()
    assert (told.customer_id, told.outcome) == (subscription.customer.stripe_id, EventOutcome.BOOKED)


@pytest.mark.case(71)
def test_a_dispute_of_which_no_event_arrived_is_found_by_reconcile(shop: Shop, reader: Client, article: Any) -> None:
    subscription = shop.subscribe(reader)
    list(reconcile())
    shop.sandbox.delivery.mode = "drop"
    shop.dispute(subscription)
    assert reads(reader, article)
    make.run_tasks()
    found = list(reconcile())
    make.run_tasks()
    found += list(reconcile())
    assert not reads(reader, article), found
    assert list(reconcile()) == []


def test_a_dispute_of_a_payment_of_somebody_elses_customer_changes_nothing(shop: Shop, reader: Client) -> None:
    subscription = shop.subscribe(reader)
    Subscription.objects.filter(pk=subscription.pk).update(status="active")
    stranger = shop.at_stripe().customers.create({"email": "stranger@example.org"})
    StripeEvent.objects.all().delete()
    other = subscription.customer.stripe_id
    subscription.customer.stripe_id = stranger.id
    subscription.customer.save()
    charge = Gateway().charges_of(other)[0]
    shop.sandbox.open_dispute(charge["id"], "needs_response")
    shop.settle()
    assert not Dispute.objects.exists()


@pytest.mark.case(71)
@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("", "a payment for it has been contested at your bank since"),
        ("lost", "your bank took back a payment for it that was contested on"),
        ("won", "renews on"),
    ],
)
def test_the_account_says_why_a_contested_subscription_opens_nothing(
    shop: Shop, reader: Client, then: str, told: str
) -> None:
    dispute = shop.dispute(shop.subscribe(reader))
    if then:
        shop.decide(dispute, then)
    page = reader.get("/account/").content.decode()
    assert f"Annual, $89 a year: {told}" in page
    assert ("renews on" in page) is (then == "won")
    assert ('href="/contact/">How to write to us' in page) is (then != "won")
    assert ("It opens nothing until the bank has decided, or until the next payment." in page) is (then == "")


def contest(shop: Shop, purchase: Purchase) -> str:
    (charge, *_former) = Gateway().charges_of(purchase.customer.stripe_id)
    made = shop.sandbox.open_dispute(charge["id"], "needs_response")
    shop.settle()
    return str(made["id"])


@pytest.mark.case(71)
@pytest.mark.parametrize(("status", "still_reads"), [("under_review", False), ("lost", False), ("won", True)])
@pytest.mark.parametrize("kind", ["pass", "article"])
def test_a_dispute_suspends_what_was_paid_for_once_until_it_is_won(
    shop: Shop, reader: Client, article: Any, kind: str, status: str, still_reads: bool
) -> None:
    shop.once(kind)
    shop.bought(shop.buy(reader, plan=kind, article=str(article.public_id)))
    assert reads(reader, article)
    dispute = contest(shop, Purchase.objects.get())
    assert not reads(reader, article)
    shop.decide(dispute, status)
    assert reads(reader, article) is still_reads
    assert Dispute.objects.get().purchase == Purchase.objects.get()
    sync_customer(Purchase.objects.get().customer)
    assert reads(reader, article) is still_reads


@pytest.mark.case(71)
@pytest.mark.parametrize(("status", "still_reads"), [("lost", False), ("won", True)])
def test_a_dispute_suspends_a_gift_that_was_redeemed_until_it_is_won_and_its_reader_is_told(
    shop: Shop, article: Any, status: str, still_reads: bool
) -> None:
    shop.once("gift", 8900, currency="USD", gift_months=12)
    gift, friend = giving.given(shop), giving.reader()
    giving.redeemed(gift, friend)
    assert reads(friend, article)
    assert gift.purchase is not None
    dispute = contest(shop, gift.purchase)
    assert not reads(friend, article)
    told = OutgoingMail.objects.get(dedupe_key__startswith="gift-ended:")
    assert "is contested at the bank of whoever gave it" in told.text
    assert "returned" not in told.text
    shop.decide(dispute, status)
    assert reads(friend, article) is still_reads
    again = OutgoingMail.objects.filter(dedupe_key__startswith="gift-restored:", recipient=giving.FRIEND)
    assert again.exists() is still_reads


@pytest.mark.case(71)
def test_a_gift_that_is_contested_is_redeemed_once_it_is_won(shop: Shop, article: Any) -> None:
    shop.once("gift", 8900, currency="USD", gift_months=12)
    gift, friend = giving.given(shop), giving.reader()
    assert gift.purchase is not None
    dispute = contest(shop, gift.purchase)
    assert "is contested at a bank" in friend.post(giving.path_of(gift)).content.decode()
    assert not reads(friend, article)
    shop.decide(dispute, "won")
    giving.redeemed(gift, friend)
    assert reads(friend, article)


@pytest.mark.case(71)
def test_a_gift_that_staff_took_back_stays_so_when_its_dispute_is_won(shop: Shop, article: Any) -> None:
    shop.once("gift", 8900, currency="USD", gift_months=12)
    gift, friend = giving.given(shop), giving.reader()
    giving.redeemed(gift, friend)
    Grant.objects.update(revoked_at=timezone.now())
    assert gift.purchase is not None
    shop.decide(contest(shop, gift.purchase), "won")
    assert not reads(friend, article)
