"""The consent ledger: what was shown, word for word; added to and never changed; given to the reader as they like."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from articles.models import Page
from subscriptions.agreed.agreements import Offer, Shown, note_change, note_checkout, wished_to_begin
from subscriptions.agreed.consent import BEGIN_VERSION, CONSENT_WORDING, begin_wording, begin_wording_once
from subscriptions.leads import confirm_leads
from subscriptions.models import Agreement, CheckoutAttempt, Lead, Plan
from tests import make
from tests.shop import Shop

pytestmark = pytest.mark.django_db

ADDRESS = "new@example.org"


def attempt_of(lead: Lead, **fields: Any) -> CheckoutAttempt:
    price = make.plan_price(lead.plan.key)
    made = CheckoutAttempt.objects.create(lead=lead, price=price, next_path="/", **fields)
    note_checkout(made, Offer(("Annual", "[Subscribe]"), "", price.amount_minor, price.currency, price.interval))
    return made


def test_the_gate_is_noted_with_the_words_beside_the_field() -> None:
    lead = make.lead(plan="free")
    row = Agreement.objects.get()
    assert (row.kind, row.lead, row.wording) == ("gate", lead, str(CONSENT_WORDING))
    assert row.wording_version == lead.consent_version
    assert not row.begins_at_once


def test_a_form_sent_at_the_gate_notes_what_it_said() -> None:
    form = {"email": ADDRESS, "plan": "free", "next": "/"}
    Client().post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})
    assert Agreement.objects.get().lead == Lead.objects.get()


@pytest.mark.django_db(transaction=True)
def test_going_to_the_payment_page_is_noted_with_price_small_print_and_terms(shop: Shop) -> None:
    Page.objects.update_or_create(slug="terms", defaults={"title": "Terms", "is_published": True})
    Plan.objects.filter(key="annual").update(small_print="Charged {price}. Cancel at any time.")
    attempt = shop.checkout(Client(), ADDRESS)
    row = Agreement.objects.get(kind="checkout")
    assert row.attempt == attempt
    assert (row.amount_minor, row.currency, row.interval) == (8900, "USD", "year")
    assert row.small_print == "Charged $89. Cancel at any time."
    assert begin_wording() in row.wording
    assert row.wording.splitlines()[1:3] == ["Annual", "$89 a year"]
    page = Client().get("/subscribe/").content.decode()
    assert begin_wording() in page, "it says what was shown"
    assert row.small_print in page
    assert row.terms_version == Page.objects.get(slug="terms").updated_on.isoformat()


def test_a_wording_is_not_changed_without_its_version() -> None:
    """Who changes the words gives them the day on which they come into use, and writes both here."""
    withdrawn = "If you withdraw within 14 days, you pay for"
    subscribing = f"By subscribing you ask us to open everything at once. {withdrawn} the time until then alone."
    buying = f"By buying you ask us to open what you buy at once. {withdrawn} what you have had until then alone."
    assert (BEGIN_VERSION, begin_wording(), begin_wording_once()) == ("2026-11-24", subscribing, buying)


def forms_that_sell(client: Client, path: str) -> dict[str, str]:
    """Each form of the page that sells, by the address to which it goes."""
    page = html.unescape(client.get(path).content.decode())
    forms = re.findall(r"<form .*?</form>", page, flags=re.DOTALL)
    return {re.findall('action="([^"]*)"', form)[0]: form for form in forms if 'name="plan"' in form}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_known", "says_consent"), [(False, True), (True, False)])
def test_what_is_noted_is_what_stood_in_the_form(is_known: bool, says_consent: bool, shop: Shop) -> None:
    shop.once("pass", pass_hours=24)
    shop.once("gift", gift_months=12)
    shop.once("article")
    story = make.article()
    client, email = (make.logged_in(make.user(ADDRESS)), "") if is_known else (Client(), ADDRESS)
    sold = (
        ("/subscribe/", "/subscribe/start/", lambda: shop.start(client, email), begin_wording()),
        ("/subscribe/", "/subscribe/buy/", lambda: shop.buy(client, email), begin_wording_once()),
        ("/gift-subscription/", "/gift-subscription/", lambda: shop.give(client), begin_wording_once()),
        (
            f"/access/?article={story.slug}",
            "/subscribe/buy/",
            lambda: shop.buy(client, email, "article", article=str(story.public_id)),
            begin_wording_once(),
        ),
    )
    for path, action, send, begins in sold:
        form = forms_that_sell(client, path)[action]
        assert send().status_code == 303, path
        noted = Agreement.objects.filter(kind="checkout").latest("pk")
        assert begins in noted.wording.splitlines(), path
        assert (begins in form, noted.wording_version, noted.begins_at_once) == (True, BEGIN_VERSION, True), path
        other = begin_wording() if begins == begin_wording_once() else begin_wording_once()
        assert other not in form, path
        assert other not in noted.wording, path
        assert (str(CONSENT_WORDING) in form, str(CONSENT_WORDING) in noted.wording) == (says_consent, says_consent), (
            path
        )
    assert Agreement.objects.filter(kind="gate").exists() is says_consent
    assert all(bool(lead.consent_wording) is says_consent for lead in Lead.objects.all())


@pytest.mark.django_db(transaction=True)
def test_one_article_below_the_gate_has_the_words_of_buying_beside_it(shop: Shop) -> None:
    shop.once("article")
    form = forms_that_sell(Client(), make.article().get_absolute_url())["/subscribe/start/"]
    line = form.partition('name="article"')[2]
    assert begin_wording() in form.partition('name="article"')[0]
    assert begin_wording_once() in line
    assert begin_wording() not in line


def test_where_nothing_can_be_withdrawn_nothing_is_said_of_it(settings: Any) -> None:
    settings.WITHDRAWAL_DAYS = 0
    assert (begin_wording(), begin_wording_once()) == ("", "")
    attempt_of(make.lead())
    assert not Agreement.objects.get(kind="checkout").begins_at_once


def test_a_lead_that_is_not_kept_leaves_no_agreement() -> None:
    with transaction.atomic():
        make.lead()
        transaction.set_rollback(True)
    assert not Agreement.objects.exists()


def test_a_change_of_plan_is_noted() -> None:
    subscription = make.subscription(make.user())
    row = note_change(subscription, make.plan_price("monthly"), Shown("You pay $9 today.", "2026-11-23"))
    assert (row.kind, row.user, row.plan_name) == ("change", subscription.user, "Monthly")


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
    make.lead()
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
    attempt_of(make.lead(), subscription=bought)
    assert wished_to_begin(bought)
    assert not wished_to_begin(unknown), "who cannot be shown to have wished it pays nothing"


def test_a_reader_sees_and_takes_along_what_is_theirs_alone() -> None:
    reader = make.user(ADDRESS)
    Lead.objects.filter(pk=make.lead().pk).update(user=reader)
    make.lead("other@example.org", "monthly")
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


def test_who_proves_a_former_address_of_another_does_not_get_what_was_agreed_to_by_it() -> None:
    former = make.user("now-another@example.org")
    for address, payer in [("former@example.org", former), ("own@example.org", None)]:
        attempt_of(make.lead(address), user=payer)
    heir = make.user("heir@example.org")
    for address in ("former@example.org", "own@example.org"):
        confirm_leads(heir, address)
    assert set(Agreement.objects.of_reader(heir).values_list("lead__email", flat=True)) == {"own@example.org"}


@pytest.mark.parametrize("path", ["", "agreements.txt"])
def test_a_stranger_is_sent_to_the_login(path: str) -> None:
    assert Client().get(f"/account/agreements/{path}").status_code == 302
