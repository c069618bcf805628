"""A reader's invoices: their own alone, page after page, with Stripe's own amounts and links."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from subscriptions.account.invoice_pages import ON_A_PAGE
from subscriptions.models import Card, CheckoutAttempt, Invoice, Lead, Plan, PlanPrice, Purchase, Subscription
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADDRESS = "/account/invoices/"


@pytest.fixture
def reader() -> User:
    return make.user("reader@example.org")


def invoice(row: Subscription, number: str, **fields: Any) -> Invoice:
    given = {"status": "paid", "currency": "USD", "total_minor": 8900, "finalized_at": NOON, "number": number}
    return Invoice.objects.create(stripe_id=f"in_{number}", customer=row.customer, subscription=row, **(given | fields))


def words(client: Client, address: str = ADDRESS) -> str:
    response = client.get(address)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return html.unescape(response.content.decode())


def test_an_invoice_is_shown_with_number_day_amount_tax_state_and_both_links(reader: User) -> None:
    links = {"hosted_url": "https://pay.example.org/i/1", "pdf_url": "https://pay.example.org/i/1.pdf"}
    times = {"period_start": NOON, "period_end": NOON + timedelta(days=365), "description": "1 × Annual"}
    invoice(make.subscription(reader), "N-1", tax_minor=1421, **links, **times)
    text = words(make.logged_in(reader))
    assert "$89, paid" in text
    assert "23 November 2026 · Number N-1" in text
    assert "For 23 November 2026 to 23 November 2027: 1 × Annual" in text
    assert "Tax in it: $14.21" in text
    assert 'href="https://pay.example.org/i/1"' in text
    assert 'href="https://pay.example.org/i/1.pdf"' in text


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "open"}, "$89, not paid yet"),
        ({"total_minor": 0}, "$0, nothing due"),
        ({"status": "void"}, "$89, void"),
        ({"status": "uncollectible"}, "$89, not collected"),
        ({"status": "thawing"}, "$89, thawing"),
        ({"currency": "JPY", "total_minor": 1200}, "¥1,200, paid"),
    ],
)
def test_the_state_is_said_in_words(fields: dict[str, Any], state: str, reader: User) -> None:
    invoice(make.subscription(reader), "N-1", **fields)
    assert state in words(make.logged_in(reader))


def test_others_invoices_and_those_of_the_other_mode_are_not_there(reader: User, settings: Any) -> None:
    invoice(make.subscription(make.user()), "N-other")
    invoice(make.subscription(reader), "N-own")
    text = words(make.logged_in(reader))
    assert "N-own" in text
    assert "N-other" not in text
    settings.STRIPE_LIVEMODE = True
    assert "You have no invoices yet." in words(make.logged_in(reader))


def test_a_stranger_is_asked_to_log_in() -> None:
    response = Client().get(ADDRESS)
    assert (response.status_code, response["Location"]) == (302, f"/account/login/?next={ADDRESS}")


def test_many_are_shown_page_by_page(reader: User) -> None:
    row = make.subscription(reader)
    for number in range(ON_A_PAGE + 1):
        invoice(row, f"N-{number:02d}", finalized_at=NOON + timedelta(days=number))
    client = make.logged_in(reader)
    first, last = words(client), words(client, f"{ADDRESS}?page=2")
    assert first.count("Number N-") == ON_A_PAGE
    assert 'rel="next" href="?page=2"' in first
    assert "Number N-00" in last
    assert last.count("Number N-") == 1
    assert words(client, f"{ADDRESS}?page=nonsense").count("Number N-") == ON_A_PAGE


def bought(reader: User, kind: str, number: str = "", **fields: Any) -> Purchase:
    """Something that was paid for once, a week after NOON unless told otherwise."""
    terms = {"kind": kind, "amount_minor": 300, "button": "Buy"}
    plan = Plan.objects.create(key=f"{kind}-{number or 0}", name=f"One {kind}", **terms)
    price = PlanPrice.objects.create(
        plan=plan, stripe_id=f"price_{plan.key}", product_id="prod_1", currency="USD", amount_minor=300
    )
    lead = Lead.objects.create(email=reader.email, plan=plan, user=reader)
    customer = make.stripe_customer(reader)
    attempt = CheckoutAttempt.objects.create(
        user=reader, price=price, lead=lead, customer=customer, next_path="/2026/harbour/"
    )
    paid_at = fields.pop("paid_at", NOON + timedelta(days=7))
    given = {"amount_minor": 300, "currency": "USD", "starts_at": paid_at, "invoice_number": number}
    return Purchase.objects.create(
        attempt=attempt, customer=customer, user=reader, price=price, paid_at=paid_at, **(given | fields)
    )


def test_what_was_paid_once_stands_among_the_invoices_by_its_day(reader: User) -> None:
    row = make.subscription(reader)
    invoice(row, "N-early")
    invoice(row, "N-late", finalized_at=NOON + timedelta(days=30))
    ends_at = NOON + timedelta(days=8)
    bought(
        reader, "pass", "P-1", scope="library", ends_at=ends_at, tax_minor=48, invoice_url="https://pay.example.org/p/1"
    )
    text = words(make.logged_in(reader))
    assert "$3, paid" in text
    assert "30 November 2026 · Number P-1" in text
    assert "One pass, until 1 December 2026 at" in text
    assert "Tax in it: $0.48" in text
    assert 'href="https://pay.example.org/p/1"' in text
    assert text.index("N-late") < text.index("P-1") < text.index("N-early")


def test_an_article_leads_to_itself_and_a_gift_is_its_givers(reader: User) -> None:
    bought(reader, "article")
    bought(reader, "gift")
    text = words(make.logged_in(reader))
    assert 'One article. <a href="/2026/harbour/">To the article</a>' in text
    assert text.count("To the article") == 1
    assert "One gift" in text


@pytest.mark.parametrize(
    ("fields", "said", "unsaid"),
    [
        ({"refunded_minor": 100}, "Given back: $1", "nothing due"),
        ({"refunded_minor": 300, "revoked_at": NOON}, "Given back: $3", "nothing due"),
        ({"amount_minor": 0}, "$0, nothing due", "Given back"),
        ({}, "$3, paid", "Given back"),
    ],
)
def test_what_went_back_of_a_purchase_is_said(fields: dict[str, Any], said: str, unsaid: str, reader: User) -> None:
    bought(reader, "pass", scope="library", **fields)
    text = words(make.logged_in(reader))
    assert said in text
    assert unsaid not in text


def test_what_went_back_of_an_invoice_is_said(reader: User) -> None:
    invoice(make.subscription(reader), "N-1", refunded_minor=500)
    assert "Given back: $5" in words(make.logged_in(reader))


def test_others_purchases_and_those_of_the_other_mode_are_not_there(reader: User, settings: Any) -> None:
    bought(make.user(), "pass", "P-other", scope="library")
    bought(reader, "gift", "P-own")
    text = words(make.logged_in(reader))
    assert "P-own" in text
    assert "P-other" not in text
    settings.STRIPE_LIVEMODE = True
    assert "You have no invoices yet." in words(make.logged_in(reader))


def test_who_bought_once_alone_finds_the_page_from_the_account(reader: User) -> None:
    browser = make.logged_in(reader)
    assert ADDRESS not in words(browser, "/account/")
    bought(reader, "gift", "P-1")
    text = words(browser, "/account/")
    assert "<p>Last payment: $3 on 30 November 2026.</p>" in text
    assert f'href="{ADDRESS}">All invoices</a>' in text


def test_the_account_page_names_the_card_and_the_last_invoice(reader: User) -> None:
    row = make.subscription(reader)
    assert "Card and invoices</h2>" not in words(make.logged_in(reader), "/account/")
    for number, day in (("N-1", 0), ("N-2", 31)):
        invoice(row, number, finalized_at=NOON + timedelta(days=day))
    label = {"method_id": "pm_1", "kind": "card", "brand": "visa", "last4": "4242", "exp_month": 3, "exp_year": 2031}
    Card.objects.create(subscription=row, **label)
    text = words(make.logged_in(reader), "/account/")
    assert "<p>Paid with: Visa ending 4242, good until 03/2031.</p>" in text
    assert "<p>Last invoice: N-2, 24 December 2026, $89, paid.</p>" in text
    assert f'href="{ADDRESS}">All invoices</a>' in text
    assert "pm_1" not in text
