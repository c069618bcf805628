"""The consent ledger: what was shown, word for word; added to and never changed; given to the reader as they like."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from articles.models import Page
from subscriptions.agreed.agreements import Shown, note_change, note_quote, wished_to_begin
from subscriptions.agreed.consent import CONSENT_WORDING, begin_wording
from subscriptions.contracts.changing import Quote
from subscriptions.leads import capture_lead
from subscriptions.models import Agreement, CheckoutAttempt, Lead, Plan
from tests import make
from tests.shop import Shop

pytestmark = pytest.mark.django_db

ADDRESS = "new@example.org"


def lead_of(email: str = ADDRESS, plan: str = "annual") -> Lead:
    return capture_lead(email, Plan.objects.get(key=plan), source_path="/")


def attempt_of(lead: Lead, **fields: Any) -> CheckoutAttempt:
    return CheckoutAttempt.objects.create(lead=lead, price=make.plan_price(lead.plan.key), next_path="/", **fields)


def test_the_gate_is_noted_with_the_words_beside_the_field() -> None:
    lead = lead_of(plan="free")
    row = Agreement.objects.get()
    assert (row.kind, row.lead, row.wording) == ("gate", lead, str(CONSENT_WORDING))
    assert row.wording_version == lead.consent_version
    assert not row.begins_at_once


def test_a_form_sent_at_the_gate_notes_what_it_said() -> None:
    form = {"email": ADDRESS, "plan": "free", "next": "/"}
    Client().post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})
    assert Agreement.objects.get().lead == Lead.objects.get()


def test_going_to_the_payment_page_is_noted_with_price_small_print_and_terms() -> None:
    Page.objects.update_or_create(slug="terms", defaults={"title": "Terms", "is_published": True})
    Plan.objects.filter(key="annual").update(small_print="Charged {price}. Cancel at any time.")
    attempt = attempt_of(lead_of())
    row = Agreement.objects.get(kind="checkout")
    assert row.attempt == attempt
    assert (row.amount_minor, row.currency, row.interval) == (8900, "USD", "year")
    assert row.small_print == "Charged $89 a year. Cancel at any time."
    assert begin_wording() in row.wording
    assert begin_wording() in Client().get("/subscribe/").content.decode(), "it says what was shown"
    assert "Annual: $89 a year" in row.wording
    assert row.terms_version == Page.objects.get(slug="terms").updated_on.isoformat()


@pytest.mark.django_db(transaction=True)
def test_every_form_that_buys_says_what_is_noted(shop: Shop) -> None:
    shop.once("pass", pass_hours=24)
    shop.once("gift", gift_months=12)
    pages = [Client().get(path).content.decode() for path in ("/subscribe/", "/gift-subscription/")]
    forms = [form for page in pages for form in re.findall(r"<form .*?</form>", page, flags=re.DOTALL)]
    forms = [form for form in forms if 'name="plan"' in form]
    assert len(forms) == 3, "the options, the passes and the gifts"
    assert all(begin_wording() in form for form in forms)


def test_a_lead_that_is_not_kept_leaves_no_agreement() -> None:
    with transaction.atomic():
        lead_of()
        transaction.set_rollback(True)
    assert not Agreement.objects.exists()


def test_a_change_of_plan_is_noted() -> None:
    subscription = make.subscription(make.user())
    row = note_change(subscription, make.plan_price("monthly"), Shown("You pay $9 today.", "2026-11-23"))
    assert (row.kind, row.user, row.plan_name) == ("change", subscription.user, "Monthly")


def test_the_figures_that_a_subscriber_agreed_to_are_noted() -> None:
    subscription = make.subscription(make.user(), plan="monthly")
    agreed = Quote(True, "USD", 8000, 900, 0, 8900, 1_795_392_000)
    wording = note_quote(subscription, make.plan_price("annual"), agreed, "$9 a month").wording
    for said in ("Instead of $9 a month you pay $89 a year", "Due today: $80", "Next payment: $89 on"):
        assert said in wording


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subscriptions_agreement SET wording = 'nothing'",
        "UPDATE subscriptions_agreement SET amount_minor = 1",
        "UPDATE subscriptions_agreement SET user_id = NULL, made_at = now()",
        "DELETE FROM subscriptions_agreement",
    ],
)
def test_what_was_agreed_to_is_changed_by_nobody(statement: str) -> None:
    lead_of()
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_link_to_a_reader_can_be_cut_and_not_moved() -> None:
    first, second = make.user(), make.user()
    note_change(make.subscription(first), make.plan_price(), Shown("You pay.", "1"))
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        Agreement.objects.update(user=second)
    Agreement.objects.update(user=None)
    assert Agreement.objects.get().user is None


def test_wished_to_begin_is_what_the_ledger_says_of_this_purchase() -> None:
    bought, unknown = make.subscription(make.user()), make.subscription(make.user())
    attempt_of(lead_of(), subscription=bought)
    assert wished_to_begin(bought)
    assert not wished_to_begin(unknown), "who cannot be shown to have wished it pays nothing"


def test_a_reader_sees_and_takes_along_what_is_theirs_alone() -> None:
    reader = make.user(ADDRESS)
    Lead.objects.filter(pk=lead_of().pk).update(user=reader)
    lead_of("other@example.org", "monthly")
    browser = make.logged_in(reader)
    page = browser.get("/account/agreements/")
    text = browser.get("/account/agreements/agreements.txt")
    assert "attachment" in text["Content-Disposition"]
    for answer in (page, text):
        said = answer.content.decode()
        assert str(CONSENT_WORDING) in said
        assert "Annual" in said
        assert "Monthly" not in said
        assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["", "agreements.txt"])
def test_a_stranger_is_sent_to_the_login(path: str) -> None:
    assert Client().get(f"/account/agreements/{path}").status_code == 302
