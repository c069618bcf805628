"""Promotion codes: case 18, what each gives and why one is refused, with nothing changed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from subscriptions.catalogue import sync_plans
from subscriptions.models import (
    CheckoutAttempt,
    Grant,
    Invoice,
    Lead,
    OutgoingMail,
    Plan,
    PlanAmount,
    Subscription,
    TrialUse,
)
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


def send(shop: Shop, client: Client, **fields: str) -> HttpResponse:
    form = {"email": ADDRESS, "plan": "annual", "next": "/", "code": "SPRING", **fields}
    return client.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})


def said(response: HttpResponse) -> str:
    found = re.search(r'name="agreed" value="([^"]*)"', response.content.decode())
    assert found is not None, response.content.decode()
    return found[1]


def agree(shop: Shop, client: Client, **fields: str) -> CheckoutAttempt:
    """Both steps: the code, and yes to what it gives."""
    sentence = said(send(shop, client, **fields))
    response = send(shop, client, **fields, agreed=sentence)
    assert response.status_code == 303, response.content.decode()[:2000]
    return CheckoutAttempt.objects.get(session_url=response["Location"])


@pytest.mark.case(18)
def test_a_code_over_everything_gives_access_without_a_payment_or_a_mail_about_one(shop: Shop, article: Any) -> None:
    shop.promotion(percent_off=100, duration="forever")
    browser = Client()
    attempt = agree(shop, browser)
    assert not attempt.needs_card
    assert not shop.sandbox.asks_for_card(attempt.session_id or "")
    shop.pay(attempt)
    shop.settle()
    assert Subscription.objects.get().status == "active"
    assert reads(browser, article)
    assert Invoice.objects.get().total_minor == 0
    assert not OutgoingMail.objects.filter(dedupe_key__startswith="receipt:").exists()
    assert shop.sandbox.objects("charge") == []


@pytest.mark.parametrize(
    ("plan", "coupon", "sentence", "charged"),
    [
        ("annual", {"percent_off": 50, "duration": "once"}, "You pay $44.50 for the first year, then $89 a year", 4450),
        ("monthly", {"percent_off": 33.3, "duration": "once"}, "You pay $6 for the first month, then $9 a month", 600),
        (
            "monthly",
            {"amount_off": 250, "currency": "usd", "duration": "repeating", "duration_in_months": 3},
            "You pay $6.50 for each of the first 3 months, then $9 a month until you cancel.",
            650,
        ),
        ("annual", {"percent_off": 10, "duration": "forever"}, "You pay $80.10 a year instead of $89 a year", 8010),
        (
            "annual",
            {"percent_off": 10, "duration": "repeating", "duration_in_months": 24},
            "You pay $80.10 for each of the first 2 years, then $89 a year until you cancel.",
            8010,
        ),
    ],
)
def test_what_a_code_gives_is_said_before_and_charged_after(
    shop: Shop, plan: str, coupon: dict[str, Any], sentence: str, charged: int
) -> None:
    shop.promotion(**coupon)
    browser = Client()
    first = send(shop, browser, plan=plan, code=" spring ")
    assert first.status_code == 200
    assert sentence in said(first)
    assert not Lead.objects.exists()
    assert shop.sandbox.objects("checkout.session") == []
    attempt = agree(shop, browser, plan=plan)
    shop.pay(attempt)
    shop.settle()
    assert Invoice.objects.get().paid_minor == charged


def test_a_code_on_a_trial_says_both(shop: Shop) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=14)
    shop.promotion(percent_off=50, duration="once")
    sentence = said(send(shop, Client(), plan="monthly"))
    assert sentence == "First 14 days free. You pay $4.50 for the first month, then $9 a month until you cancel."


@pytest.mark.parametrize("needs_card", [True, False])
def test_who_never_pays_has_no_trial_that_would_end_it(shop: Shop, needs_card: bool) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=7, trial_needs_card=needs_card)
    shop.promotion(percent_off=100, duration="forever")
    browser = make.logged_in(make.user(ADDRESS))
    assert said(send(shop, browser, plan="monthly")) == "You pay nothing instead of $9 a month, until you cancel."
    attempt = agree(shop, browser, plan="monthly")
    assert (attempt.trial_days, attempt.needs_card) == (0, False)
    shop.pay(attempt)
    shop.settle()
    assert Subscription.objects.get().status == "active"
    assert not TrialUse.objects.exists(), "the trial is left for a subscription that costs something"
    for _month in range(2):
        shop.sandbox.advance(days=32)
        shop.settle()
        row = Subscription.objects.get()
        assert (row.status, row.ended_at) == ("active", None)
    assert shop.sandbox.objects("charge") == []


@pytest.mark.parametrize("duration", ["forever", "once"])
def test_who_never_pays_gives_no_card_behind_a_gift_either(shop: Shop, duration: str) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=7, trial_needs_card=False)
    shop.promotion(percent_off=100, duration=duration)
    user, now = make.user(ADDRESS), timezone.now()
    Grant.objects.create(user=user, source="gift", starts_at=now - timedelta(1), ends_at=now + timedelta(20))
    attempt = agree(shop, make.logged_in(user), plan="monthly")
    assert attempt.begins_at is not None
    assert shop.sandbox.asks_for_card(attempt.session_id or "") is (duration == "once")
    shop.pay(attempt)
    shop.settle()
    shop.sandbox.advance(days=22)
    shop.settle()
    assert Subscription.objects.get().status == "active"


@pytest.mark.parametrize(
    ("needs_card", "sentence", "status"),
    [
        (
            True,
            "First 7 days free. You pay nothing for each of the first 3 months, then $9 a month until you cancel.",
            "active",
        ),
        (
            False,
            (
                "First 7 days free. It goes on only if you add a card by then. You pay nothing for each of the first 3 "
                "months, then $9 a month until you cancel."
            ),
            "canceled",
        ),
    ],
)
def test_free_months_after_a_trial_go_on_as_it_was_said(
    shop: Shop, needs_card: bool, sentence: str, status: str
) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=7, trial_needs_card=needs_card)
    shop.promotion(percent_off=100, duration="repeating", duration_in_months=3)
    browser = make.logged_in(make.user(ADDRESS))
    assert said(send(shop, browser, plan="monthly")) == sentence
    attempt = agree(shop, browser, plan="monthly")
    assert (attempt.trial_days, attempt.needs_card) == (7, needs_card)
    shop.pay(attempt)
    shop.settle()
    shop.sandbox.advance(days=8)
    shop.settle()
    assert Subscription.objects.get().status == status


def test_months_that_run_out_before_a_payment_are_not_promised(shop: Shop) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=45)
    shop.promotion(percent_off=50, duration="repeating", duration_in_months=3)
    browser = make.logged_in(make.user(ADDRESS))
    sentence = said(send(shop, browser, plan="monthly"))
    assert sentence.endswith("You pay $4.50 for each of the first 2 months, then $9 a month until you cancel.")
    shop.pay(agree(shop, browser, plan="monthly"))
    shop.settle()
    for _month in range(4):
        shop.sandbox.advance_to_period_end(Subscription.objects.get().stripe_id)
        shop.settle()
    assert [row.paid_minor for row in Invoice.objects.order_by("finalized_at")] == [0, 450, 450, 900, 900]


def test_a_code_whose_months_are_over_before_the_first_payment_is_refused(shop: Shop) -> None:
    shop.promotion(percent_off=50, duration="repeating", duration_in_months=3)
    user, now = make.user(ADDRESS), timezone.now()
    grant = Grant.objects.create(user=user, source="gift", starts_at=now, ends_at=now + timedelta(120))
    browser = make.logged_in(user)
    refused = send(shop, browser, plan="monthly")
    assert refused.status_code == 400
    assert "counts for 3 months from today. Your first payment is later." in refused.content.decode()
    Grant.objects.filter(pk=grant.pk).update(ends_at=now + timedelta(80))
    assert "You pay $4.50 for the first month, then $9 a month" in said(send(shop, browser, plan="monthly"))


# --- Currencies -------------------------------------------------------------------------------------------------------
@pytest.fixture
def euros(shop: Shop) -> Shop:
    """The monthly plan in euros and francs too."""
    plan = Plan.objects.get(key="monthly")
    PlanAmount.objects.create(plan=plan, amount_minor=800, currency="EUR", interval="month")
    PlanAmount.objects.create(plan=plan, amount_minor=850, currency="CHF", interval="month")
    sync_plans()
    shop.settle()
    return shop


IN_EUROS = {"amount_off": 200, "currency": "usd", "currency_options": {"eur": {"amount_off": 150}}, "duration": "once"}


@pytest.mark.parametrize(
    ("currency", "left"), [("usd", "You pay $7 for"), ("eur", "You pay €6.50 for"), ("chf", "payments in CHF")]
)
def test_an_amount_counts_in_each_currency_that_stripe_has_it_for(euros: Shop, currency: str, left: str) -> None:
    euros.promotion(**IN_EUROS)
    browser = Client()
    asked = send(euros, browser, plan="monthly", currency=currency.upper())
    assert left in asked.content.decode()
    assert asked.status_code == (400 if currency == "chf" else 200)
    if currency != "chf":
        euros.pay(agree(euros, browser, plan="monthly", currency=currency.upper()))
        euros.settle()
        assert Invoice.objects.get().paid_minor == (650 if currency == "eur" else 700)


@pytest.mark.parametrize(
    ("currency", "least", "said_of_it"),
    [
        ("usd", 900, "You pay $6.75 for"),
        ("eur", 800, "You pay €6 for"),
        ("eur", 801, "counts for payments from €8.01."),
        ("chf", 800, "does not count for payments in CHF."),
    ],
)
def test_a_least_amount_counts_in_each_currency_that_stripe_has_it_for(
    euros: Shop, currency: str, least: int, said_of_it: str
) -> None:
    euros.promotion(minimum=900, minimum_in={"eur": {"minimum_amount": least}})
    browser = Client()
    assert said_of_it in send(euros, browser, plan="monthly", currency=currency.upper()).content.decode()
    if said_of_it.startswith("You pay"):
        euros.pay(agree(euros, browser, plan="monthly", currency=currency.upper()))
        euros.settle()
        assert Invoice.objects.get().paid_minor == (600 if currency == "eur" else 675)


def expire(shop: Shop, code: dict[str, Any]) -> None:
    shop.sandbox.ledger.get(code["id"])["expires_at"] = 1


def use_up(shop: Shop, code: dict[str, Any]) -> None:
    shop.sandbox.ledger.get(code["id"]).update(max_redemptions=1, times_redeemed=1)


def switch_off(shop: Shop, code: dict[str, Any]) -> None:
    shop.sandbox.ledger.get(code["id"])["active"] = False


@pytest.mark.parametrize(
    ("given", "spoil", "sentence"),
    [
        (None, None, "We do not know the code “SPRING”."),
        ({}, expire, "The code “SPRING” counted until"),
        ({}, use_up, "The code “SPRING” has been used up."),
        ({}, switch_off, "The code “SPRING” does not count any more."),
        ({"products": ["monthly"]}, None, "The code “SPRING” does not count for “Annual”."),
        (
            {"amount_off": 100, "currency": "eur"},
            None,
            "The code “SPRING” does not count for payments in USD.",
        ),
        ({"minimum": 10000}, None, "The code “SPRING” counts for payments from $100."),
        ({"customer": "other@example.org"}, None, "We do not know the code “SPRING”."),
    ],
    ids=[
        "unknown",
        "expired",
        "used up",
        "switched off",
        "another plan",
        "another currency",
        "too little",
        "not yours",
    ],
)
def test_a_code_that_gives_nothing_is_refused_in_a_sentence_and_changes_nothing(
    shop: Shop, given: dict[str, Any] | None, spoil: Any, sentence: str
) -> None:
    if given is not None:
        code = shop.promotion(**given)
        if spoil is not None:
            spoil(shop, code)
    response = send(shop, Client())
    text = response.content.decode()
    assert response.status_code == 400
    assert sentence in text
    assert f'value="{ADDRESS}"' in text
    assert 'value="SPRING"' in text
    assert '<details class="gate__code" open' in text
    assert not Lead.objects.exists()
    assert not CheckoutAttempt.objects.exists()
    assert len(shop.sandbox.objects("customer")) == (1 if given and "customer" in given else 0)
    # The same form with a code that counts goes on.
    shop.promotion("SUMMER", percent_off=50, duration="once")
    assert send(shop, Client(), code="SUMMER").status_code == 200


def test_a_code_for_a_first_payment_is_not_for_who_has_paid(shop: Shop) -> None:
    shop.promotion(percent_off=50, duration="once", first_time=True)
    client = make.logged_in(make.user(ADDRESS))
    assert "You pay $44.50" in said(send(shop, client))
    subscription = shop.subscribe(client)
    shop.end_now(subscription)
    response = send(shop, client)
    assert response.status_code == 400
    assert "counts for a first payment alone" in response.content.decode()


def test_what_was_agreed_to_and_is_no_more_is_said_anew(shop: Shop) -> None:
    code = shop.promotion(percent_off=50, duration="once")
    browser = Client()
    sentence = said(send(shop, browser))
    shop.sandbox.ledger.get(code["promotion"]["coupon"])["percent_off"] = 10
    response = send(shop, browser, agreed=sentence)
    assert response.status_code == 200
    assert "You pay $80.10" in said(response)
    assert shop.sandbox.objects("checkout.session") == []


def test_a_code_for_the_free_option_is_refused(shop: Shop) -> None:
    response = send(shop, Client(), plan="free")
    assert response.status_code == 400
    assert "A code counts for an option that costs something." in response.content.decode()
    assert not Lead.objects.exists()


def test_a_code_by_link_stands_in_the_field_and_asks_nobody(shop: Shop) -> None:
    calls = len(shop.sandbox.calls)
    page = Client().get("/subscribe/", {"code": 'SPRING"><b>'})
    text = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex"
    assert 'value="SPRING&quot;&gt;&lt;b&gt;"' in text
    assert '<details class="gate__code" open' in text
    assert len(shop.sandbox.calls) == calls
    assert '<details class="gate__code">' in Client().get("/subscribe/").content.decode()


def test_stripe_has_a_field_of_its_own_unless_a_code_was_typed_here(shop: Shop) -> None:
    shop.promotion(percent_off=50, duration="once")
    attempt = shop.checkout(Client(), ADDRESS)
    assert shop.sandbox.apply_code(attempt.session_id or "", "spring") == ""
    shop.pay(attempt)
    shop.settle()
    assert Invoice.objects.get().paid_minor == 4450
    second = agree(shop, Client(), email="other@example.org")
    assert shop.sandbox.apply_code(second.session_id or "", "spring") != ""


def test_where_stripe_does_not_answer_nothing_typed_is_lost(shop: Shop) -> None:
    shop.promotion(percent_off=50, duration="once")
    shop.sandbox.fail(status=429, count=1)
    response = send(shop, Client())
    assert response.status_code == 503
    assert '<input type="hidden" name="code" value="SPRING">' in response.content.decode()
    assert not Lead.objects.exists()
