"""What is sold, in which currency and for whom: cases 14, 15 and 72 of the billing specification, over HTTP."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from subscriptions.catalogue import sync_plans
from subscriptions.models import (
    AttemptState,
    CheckoutAttempt,
    Invoice,
    Lead,
    OutgoingMail,
    Plan,
    PlanAmount,
    PlanPrice,
    StripeCustomer,
    Subscription,
    SyncJob,
)
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.fixture
def euros(shop: Shop) -> Shop:
    """Both plans in euros too, and the annual one by the month as well."""
    annual, monthly = Plan.objects.get(key="annual"), Plan.objects.get(key="monthly")
    PlanAmount.objects.create(plan=annual, amount_minor=7900, currency="EUR", interval="year")
    PlanAmount.objects.create(plan=annual, amount_minor=1000, currency="EUR", interval="month")
    PlanAmount.objects.create(plan=monthly, amount_minor=800, currency="EUR", interval="month")
    sync_plans()
    shop.settle()
    return shop


def text_of(client: Client, **query: str) -> str:
    return client.get("/subscribe/", query).content.decode()


def fields_of(text: str) -> dict[str, Any]:
    """The hidden fields of the options' form, as a browser sends them."""
    form = text[text.index('action="/subscribe/start/"') :].partition("</form>")[0]
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    return found


def send(client: Client, text: str, **fields: Any) -> Any:
    form = fields_of(text) | {"email": ADDRESS, "plan": "annual"} | fields
    return client.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})


# --- Archived prices and changed ones ---------------------------------------------------------------------------------
@pytest.mark.case(14)
@pytest.mark.parametrize("kind", ["prices", "products"])
def test_an_archived_price_is_a_friendly_error_and_is_replaced(shop: Shop, article: Any, kind: str) -> None:
    price = PlanPrice.objects.get(plan__key="annual")
    archived = price.stripe_id if kind == "prices" else price.product_id
    getattr(shop.at_stripe(), kind).update(archived, {"active": False})
    response = shop.start(Client(), ADDRESS)
    assert response.status_code == 409
    assert "cannot be bought just now" in response.content.decode()
    assert "Nothing was charged" in response.content.decode()
    shop.settle()
    browser = Client()
    assert shop.subscribe(browser, ADDRESS).status == "active"
    assert reads(browser, article)


@pytest.mark.parametrize("kind", ["prices", "products"])
def test_what_stripe_tells_of_the_catalogue_mends_it_before_anybody_is_refused(shop: Shop, kind: str) -> None:
    price = PlanPrice.objects.get(plan__key="annual")
    archived = price.stripe_id if kind == "prices" else price.product_id
    getattr(shop.at_stripe(), kind).update(archived, {"active": False})
    shop.settle()
    assert shop.start(Client(), ADDRESS).status_code == 303


@pytest.mark.case(14)
def test_who_has_an_archived_price_renews_at_it(shop: Shop, article: Any) -> None:
    reader = make.logged_in(make.user(ADDRESS))
    subscription = shop.subscribe(reader)
    former = subscription.price_id
    Plan.objects.filter(key="annual").update(amount_minor=9900)
    sync_plans()
    shop.at_stripe().prices.update(former, {"active": False})
    shop.settle()
    shop.sandbox.advance_to_period_end(subscription.stripe_id)
    shop.settle()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.price_id, subscription.amount_minor) == ("active", former, 8900)
    assert subscription.plan == Plan.objects.get(key="annual")
    assert {row.amount_minor: row.is_active for row in PlanPrice.objects.filter(plan__key="annual")} == {
        8900: False,
        9900: True,
    }
    assert [price["active"] for price in shop.sandbox.objects("price") if price["id"] != former] == [True, True]
    assert "$99" in text_of(Client())


def test_what_was_made_at_stripe_is_left_alone_the_second_time(euros: Shop) -> None:
    before = len(euros.sandbox.objects("price"))
    assert before == 5
    assert sync_plans() == []
    assert len(euros.sandbox.objects("price")) == before
    assert {price["tax_behavior"] for price in euros.sandbox.objects("price")} == {"inclusive"}


def test_a_price_that_is_taken_away_is_no_longer_sold_and_nothing_at_stripe_is_deleted(euros: Shop) -> None:
    taken = PlanPrice.objects.get(plan__key="monthly", currency="EUR")
    PlanAmount.objects.filter(plan__key="monthly").delete()
    assert sync_plans() == [f"monthly: {taken.stripe_id} (€8 a month) is no longer sold"]
    assert sync_plans() == []
    assert len(euros.sandbox.objects("price")) == 5


def test_a_form_with_a_price_that_is_no_more_is_refused_with_the_new_one(shop: Shop) -> None:
    browser = Client()
    shown = text_of(browser)
    Plan.objects.filter(key="annual").update(amount_minor=9900, trial_days=30)
    sync_plans()
    response = send(browser, shown)
    text = response.content.decode()
    assert response.status_code == 409
    assert "has changed since this page was shown. It is now: 30 days free, then $99 a year until you cancel." in text
    assert f'value="{ADDRESS}"' in text
    assert not Lead.objects.exists()
    assert shop.sandbox.objects("checkout.session") == []
    assert send(browser, text).status_code == 303


# --- Currencies -------------------------------------------------------------------------------------------------------
def test_one_currency_is_shown_and_the_others_are_links(euros: Shop) -> None:
    text = text_of(Client())
    assert "$89" in text
    assert "€" not in text
    assert 'href="/subscribe/?currency=eur"' in text
    page = Client().get("/subscribe/?currency=eur")
    assert "s-maxage" in page["Cache-Control"]
    text = page.content.decode()
    assert all(price in text for price in ("€79", "€10", "€8", "Saves €41 a year"))
    assert "$" not in text
    assert 'href="/subscribe/?currency=usd"' in text
    assert "$89" in text_of(Client(), currency="xyz")


@pytest.mark.parametrize(
    ("option", "charged"), [("annual", (7900, "year")), ("annual.month", (1000, "month")), ("monthly", (800, "month"))]
)
def test_the_price_that_was_shown_is_the_price_that_is_charged(
    euros: Shop, option: str, charged: tuple[int, str]
) -> None:
    browser = Client()
    response = send(browser, text_of(browser, currency="eur"), plan=option)
    assert response.status_code == 303
    euros.pay(CheckoutAttempt.objects.get())
    euros.settle()
    subscription = Subscription.objects.get()
    assert (subscription.amount_minor, subscription.interval, subscription.currency) == (*charged, "EUR")
    assert subscription.plan is not None
    assert subscription.plan.key == option.partition(".")[0]
    assert Invoice.objects.get().paid_minor == charged[0]


def pays_in_euros(shop: Shop) -> Client:
    """A reader whose subscription in euros has ended."""
    reader = make.logged_in(make.user(ADDRESS))
    response = send(reader, text_of(reader, currency="eur"))
    attempt = CheckoutAttempt.objects.get(session_url=response["Location"])
    shop.pay(attempt)
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.subscription is not None
    shop.end_now(attempt.subscription)
    return reader


@pytest.mark.case(15)
def test_who_has_paid_in_a_currency_is_shown_that_one_and_another_is_refused(euros: Shop) -> None:
    reader = pays_in_euros(euros)
    for text in (text_of(reader), text_of(reader, currency="usd")):
        assert "€79" in text
        assert "$89" not in text
        assert "currency=" not in text
    sessions = len(euros.sandbox.objects("checkout.session"))
    response = send(reader, text_of(Client()))  # a tab from before
    text = response.content.decode()
    assert response.status_code == 409
    assert "You have paid in another currency before (Euro)" in text
    assert "€79" in text
    assert len(euros.sandbox.objects("checkout.session")) == sessions
    assert send(reader, text).status_code == 303


@pytest.mark.case(15)
def test_a_currency_that_is_sold_no_more_is_refused_in_words(euros: Shop) -> None:
    reader = pays_in_euros(euros)
    PlanAmount.objects.all().delete()
    sync_plans()
    response = send(reader, text_of(reader))
    assert response.status_code == 409
    assert "This is not sold in yours: please write to us." in response.content.decode()


@pytest.mark.case(15)
def test_a_currency_that_only_stripe_knows_of_is_refused_in_the_same_words(euros: Shop) -> None:
    reader = pays_in_euros(euros)
    # It runs again at Stripe, and nothing of that is known here: a worker is at this customer just now.
    euros.sandbox.ledger.get(Subscription.objects.get().stripe_id)["status"] = "active"
    StripeCustomer.objects.update(currency="")
    SyncJob.objects.update(lease=uuid.uuid4(), lease_until=timezone.now() + timedelta(minutes=1))
    response = send(reader, text_of(Client()))
    text = response.content.decode()
    assert response.status_code == 409
    assert "You have paid in another currency before (Euro)" in text
    assert "Below are the options in yours." in text
    assert "€79" in text
    assert not CheckoutAttempt.objects.filter(price__currency="USD").exclude(state=AttemptState.FAILED).exists()


# --- Offers by link ---------------------------------------------------------------------------------------------------
@pytest.fixture
def student(shop: Shop) -> Plan:
    plan = Plan(
        key="student", name="Student", amount_minor=300, interval="month", button="For students", is_by_link=True
    )
    plan.renew_secret()
    plan.save()
    sync_plans()
    return plan


def test_an_offer_by_link_stands_beside_the_others_for_who_has_its_address(shop: Shop, student: Plan) -> None:
    assert "Student" not in text_of(Client())
    page = Client().get("/subscribe/", {"offer": student.offer_secret})
    text = page.content.decode()
    assert all(name in text for name in ("Student", "Annual", "Monthly", "$3"))
    assert page["Cache-Control"] == "private, no-store"
    assert page["X-Robots-Tag"] == "noindex"
    browser = Client()
    response = send(browser, text, plan="student")
    assert response.status_code == 303
    shop.pay(CheckoutAttempt.objects.get())
    shop.settle()
    assert Subscription.objects.get().plan == student


@pytest.mark.parametrize("secret", ["", "student", "former"])
def test_an_offer_is_not_sold_without_its_secret(shop: Shop, student: Plan, secret: str) -> None:
    former = student.offer_secret
    text = text_of(Client(), offer=former)
    student.renew_secret()
    student.save()
    sent = {"former": former}.get(secret, secret)
    page = Client().get("/subscribe/", {"offer": sent})
    assert page.status_code == (404 if sent else 200)
    assert ("has ended" in page.content.decode()) is bool(sent)
    assert "Student" not in page.content.decode()
    response = send(Client(), text, plan="student", offer=sent)
    assert response.status_code == 400
    assert not Lead.objects.exists()


def test_a_refused_form_of_an_offer_keeps_the_offer(shop: Shop, student: Plan) -> None:
    browser = Client()
    text = text_of(browser, offer=student.offer_secret)
    refused = send(browser, text, plan="student", email="no address").content.decode()
    assert "Student" in refused
    assert send(browser, refused, plan="student").status_code == 303


# --- What the invoice says --------------------------------------------------------------------------------------------
@pytest.mark.case(72)
@pytest.mark.parametrize(
    ("currency", "amount", "country", "total", "tax", "words"),
    [
        ("JPY", 1200, "JP", 1200, 109, ("¥1,200", "Tax in it: ¥109")),
        ("USD", 900, "DE", 900, 144, ("$9", "Tax in it: $1.44")),
        ("USD", 900, "US", 900, 0, ("$9",)),
    ],
)
def test_amount_and_tax_are_shown_as_the_invoice_says(
    shop: Shop, settings: Any, currency: str, amount: int, country: str, total: int, tax: int, words: tuple[str, ...]
) -> None:
    settings.STRIPE_TAX = True
    Plan.objects.filter(key="monthly").update(currency=currency, amount_minor=amount)
    sync_plans()
    attempt = shop.checkout(Client(), ADDRESS, "monthly")
    assert shop.sandbox.asks_for_country(attempt.session_id or "")
    shop.sandbox.pay(attempt.session_id or "", country=country, tax_id="123456789")
    shop.settle()
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, invoice.tax_minor, invoice.currency, invoice.paid_minor) == (
        total,
        tax,
        currency,
        total,
    )
    receipt = OutgoingMail.objects.get(dedupe_key=f"receipt:{invoice.stripe_id}")
    assert all(word in receipt.text for word in words)
    assert ("Tax in it" in receipt.text) is bool(tax)
    assert sum("receipt" in letter.subject.lower() for letter in mail.outbox) == 1


@pytest.mark.case(72)
def test_an_invoice_of_nothing_is_kept_as_nothing_and_is_no_payment(shop: Shop) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=7)
    subscription = shop.subscribe(Client(), ADDRESS, "monthly")
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, invoice.paid_minor, invoice.status) == (0, 0, "paid")
    assert not subscription.has_been_paid


def test_without_tax_stripe_is_asked_for_none(shop: Shop) -> None:
    attempt = shop.checkout(Client(), ADDRESS)
    session = shop.sandbox.get(attempt.session_id or "")
    assert session["automatic_tax"]["enabled"] is False
    assert session["tax_id_collection"]["enabled"] is False
    assert not shop.sandbox.asks_for_country(attempt.session_id or "")
