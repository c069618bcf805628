"""How to get to the pages about what a reader pays with and has paid; see tests/page_ways.py."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from subscriptions.models import Card, Invoice, Plan, Subscription
from subscriptions.selling.promotion import Promotion
from tests import make
from tests.page_ways import ARTICLE, subscription_unpaid

OFFER = "o" * 43


def with_cards(client: Client) -> HttpResponse:
    """One that renews with a card, and one more, whose card runs out before."""
    paid = Subscription.objects.get()
    label = {"method_id": "pm_1", "kind": "card", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2040}
    Card.objects.create(subscription=paid, **label)
    invoices_of_a_year(paid)
    soon = timezone.now() + timedelta(days=20)
    paid.pk, paid.stripe_id, paid.period_end = None, "sub_second", soon
    paid.save()
    Card.objects.create(
        subscription=paid, **(label | {"last4": "0341", "exp_month": soon.month, "exp_year": soon.year - 1})
    )
    return client.get("/account/")


def invoices_of_a_year(paid: Subscription) -> None:
    """Each state, one with tax, and more than one page of them."""
    states = ["open", "paid", "void", "uncollectible"]
    for number in range(26):
        made = timezone.now() - timedelta(days=30 * number)
        Invoice.objects.create(
            stripe_id=f"in_{number}",
            customer=paid.customer,
            subscription=paid,
            number=f"HARBOUR-{number:04d}",
            status=states[number] if number < len(states) else "paid",
            currency="USD",
            total_minor=8900 if number != 5 else 0,
            tax_minor=1421 if number % 2 else 0,
            description="1 × Annual (at $89.00 / year)",
            period_start=made,
            period_end=made + timedelta(days=30),
            finalized_at=made,
            hosted_url="https://pay.example.org/invoice",
            pdf_url="https://pay.example.org/invoice.pdf",
        )


def invoices(client: Client) -> HttpResponse:
    invoices_of_a_year(Subscription.objects.get())
    return client.get("/account/invoices/")


def plans_with_a_trial(client: Client) -> HttpResponse:
    """One that asks for a card, and one that does not."""
    Plan.objects.filter(key="annual").update(trial_days=14)
    Plan.objects.filter(key="monthly").update(is_offered=True, trial_days=7, trial_needs_card=False)
    return client.get("/subscribe/")


def plans_with_an_offer(client: Client) -> HttpResponse:
    Plan.objects.filter(key="monthly").update(is_offered=True, is_by_link=True, offer_secret=OFFER)
    return client.get(f"/subscribe/?offer={OFFER}")


def code(client: Client) -> HttpResponse:
    """What Stripe would say of the code is given."""
    make.plan_price("annual")
    promotion = Promotion("promo_1", "SPRING", "You pay $44.50 for the first year, then $89 a year.", is_gift=False)
    form = {"email": "new@example.org", "plan": "annual", "code": "SPRING", "next": ARTICLE}
    given = mock.patch("subscriptions.selling.joining.find_promotion", return_value=promotion)
    with override_settings(STRIPE_SECRET_KEY="sk_test_of_the_pages"), given:
        return client.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})


def article_while_unpaid(client: Client) -> HttpResponse:
    subscription_unpaid(client)
    return client.get(ARTICLE)
