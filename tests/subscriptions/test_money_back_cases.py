"""Payments that go back: what still opens, and who is told. Over HTTP, against the stand-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.models import Alert, AlertKind, Grant, Invoice, OutgoingMail, Subscription
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads
from tests.subscriptions.test_delivery_cases import sell_elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> Client:
    return make.logged_in(make.user("reader@example.org"))


def texts(kind: AlertKind) -> list[str]:
    return list(Alert.objects.filter(kind=kind).order_by("pk").values_list("text", flat=True))


# --- Refunds made at Stripe ------------------------------------------------------------------------------------------


def give_back(shop: Shop, subscription: Subscription, amount: int | None = None) -> str:
    charge = Gateway().charges_of(subscription.customer.stripe_id)[0]
    made = Gateway().refund(charge["payment_intent"], key=f"by-hand-{amount}", amount=amount)
    shop.settle()
    return str(made["id"])


@pytest.mark.case(70)
@pytest.mark.parametrize(
    ("amount", "kind", "returned"),
    [(None, AlertKind.RENEWAL_RETURNED, "$9"), (500, AlertKind.PARTLY_RETURNED, "$5")],
)
def test_a_renewal_that_goes_back_ends_nothing_and_is_told(
    shop: Shop, reader: Client, article: Any, amount: int | None, kind: AlertKind, returned: str
) -> None:
    subscription = shop.subscribe(reader, plan="monthly")
    with shop.later(days=32):
        first, renewal = Invoice.objects.order_by("finalized_at")
        give_back(shop, subscription, amount)
        assert reads(reader, article)
        first.refresh_from_db()
        renewal.refresh_from_db()
        assert (first.refunded_minor, renewal.refunded_minor) == (0, amount or renewal.paid_minor)
        subscription.refresh_from_db()
        assert (subscription.status, subscription.ends_at) == ("active", None)
        (told,) = texts(kind)
        assert told.startswith(f"{returned} of invoice {renewal.number} went back.")
        mail = OutgoingMail.objects.get(dedupe_key__startswith="payment_returned:")
        assert returned in mail.text
        assert "goes on unchanged" in mail.text
        sync_customer(subscription.customer)
        assert Alert.objects.count() == 1
        assert OutgoingMail.objects.filter(dedupe_key__startswith="payment_returned:").count() == 1


@pytest.mark.case(70)
@pytest.mark.parametrize(
    ("amount", "kind", "returned"),
    [(None, AlertKind.RENEWAL_RETURNED, "$89"), (500, AlertKind.PARTLY_RETURNED, "$5")],
)
def test_a_first_payment_that_goes_back_ends_nothing_and_is_told(
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
