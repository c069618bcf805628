"""Payments that are contested or go back: what still opens, and who is told. Over HTTP, against the stand-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import (
    Alert,
    AlertKind,
    Dispute,
    EventOutcome,
    Grant,
    Invoice,
    OutgoingMail,
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
from tests.subscriptions.test_delivery_cases import sell_elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> Client:
    return make.logged_in(make.user("reader@example.org"))


def texts(kind: AlertKind) -> list[str]:
    return list(Alert.objects.filter(kind=kind).order_by("pk").values_list("text", flat=True))


# --- Disputes --------------------------------------------------------------------------------------------------------


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
    assert ("It opens nothing until the bank has decided." in page) is (then == "")


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


# --- Refunds made at Stripe ------------------------------------------------------------------------------------------


def give_back(shop: Shop, subscription: Subscription, amount: int | None = None) -> str:
    charge = Gateway().charges_of(subscription.customer.stripe_id)[0]
    made = Gateway().refund(charge["payment_intent"], key=f"by-hand-{amount}", amount=amount)
    shop.settle()
    return str(made["id"])


@pytest.mark.case(70)
@pytest.mark.parametrize(
    ("amount", "kind", "returned"),
    [(None, AlertKind.RENEWAL_RETURNED, "$89"), (500, AlertKind.PARTLY_RETURNED, "$5")],
)
def test_a_renewal_that_goes_back_ends_nothing_and_is_told(
    shop: Shop, reader: Client, article: Any, amount: int | None, kind: AlertKind, returned: str
) -> None:
    subscription = shop.subscribe(reader)
    give_back(shop, subscription, amount)
    assert reads(reader, article)
    invoice = Invoice.objects.get()
    assert invoice.refunded_minor == (amount or invoice.paid_minor)
    (told,) = texts(kind)
    assert told.startswith(f"{returned} of invoice {invoice.number} went back.")
    mail = OutgoingMail.objects.get(dedupe_key__startswith="payment_returned:")
    assert returned in mail.text
    assert "goes on unchanged" in mail.text
    sync_customer(subscription.customer)
    assert (Alert.objects.count(), OutgoingMail.objects.filter(dedupe_key__startswith="payment_ret").count()) == (1, 1)


def test_money_that_comes_back_to_stripe_is_told_and_counts_as_not_returned(shop: Shop, reader: Client) -> None:
    subscription = shop.subscribe(reader)
    refund = give_back(shop, subscription)
    shop.sandbox.fail_refund(refund)
    shop.settle()
    assert Invoice.objects.get().refunded_minor == 0
    alert = Alert.objects.get(kind=AlertKind.REFUND_FAILED)
    assert alert.customer == subscription.customer
    assert alert.text.startswith("$89 that were to go back")


# --- What else Stripe bills ------------------------------------------------------------------------------------------


def test_an_invoice_that_cannot_be_finished_is_told_once(shop: Shop, reader: Client) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    shop.sandbox.fail_finalizations(1)
    with shop.later(days=32):
        (told,) = texts(AlertKind.FINALIZATION_FAILED)
        assert "customer_tax_location_invalid" in told
        sync_customer(subscription.customer)
        assert len(texts(AlertKind.FINALIZATION_FAILED)) == 1


def test_an_invoice_that_cannot_be_finished_is_found_by_a_sync_too(shop: Shop, reader: Client) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    shop.sandbox.delivery.mode = "drop"
    shop.sandbox.fail_finalizations(1)
    with shop.later(days=32):
        assert texts(AlertKind.FINALIZATION_FAILED) == []
        sync_customer(subscription.customer)
        assert len(texts(AlertKind.FINALIZATION_FAILED)) == 1


def test_a_foreign_product_of_our_customer_is_told_once_and_opens_nothing(
    shop: Shop, reader: Client, article: Any
) -> None:
    subscription = shop.subscribe(reader)
    shop.end_now(subscription)
    foreign = sell_elsewhere(shop, subscription.customer.stripe_id)
    shop.settle()
    sync_customer(subscription.customer)
    alert = Alert.objects.get(kind=AlertKind.FOREIGN_PRODUCT)
    assert (alert.customer, foreign in alert.text) == (subscription.customer, True)
    assert not reads(reader, article)
    assert Subscription.objects.count() == 1


# --- A grant beside a subscription -----------------------------------------------------------------------------------


@pytest.mark.case(82)
@pytest.mark.parametrize(("days", "still_reads"), [(30, True), (-1, False)])
def test_a_grant_beside_a_subscription_that_is_cancelled_opens_by_its_own_dates(
    shop: Shop, reader: Client, article: Any, days: int, still_reads: bool
) -> None:
    subscription = shop.subscribe(reader)
    assert subscription.user is not None
    ends_at = timezone.now() + timedelta(days=days)
    grant = make.grant(subscription.user, starts_at=timezone.now() - timedelta(days=9), ends_at=ends_at)
    shop.end_now(subscription)
    assert reads(reader, article) is still_reads
    assert Grant.objects.get(pk=grant.pk).ends_at == ends_at
    with shop.later(days=31):
        assert not reads(reader, article)
