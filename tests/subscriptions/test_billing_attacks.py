"""What people try at the till: changed forms, others' sessions and addresses; and a Stripe that does not answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import stripe
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.models import (
    AttemptState,
    CheckoutAttempt,
    Lead,
    Plan,
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
VICTIM = "victim@example.org"


def start(client: Client, **form: str) -> Any:
    return client.post(
        "/subscribe/start/",
        {"email": ADDRESS, "plan": "annual", "next": "/"} | form,
        headers={"Sec-Fetch-Site": "same-origin"},
    )


TAMPERED = [
    {"price": "price_of_mine"},
    {"price_id": "price_of_mine"},
    {"amount": "1"},
    {"amount_minor": "1"},
    {"unit_amount": "1"},
    {"quantity": "0"},
    {"quantity": "-1"},
    {"coupon": "FREE"},
    {"promotion_code": "FREE"},
    {"discounts[0][coupon]": "FREE"},
    {"currency": "JPY"},
    {"trial": "365"},
    {"trial_period_days": "365"},
    {"line_items[0][price]": "price_of_mine"},
    {"mode": "setup"},
    {"client_reference_id": "somebody"},
    {"customer": "cus_of_somebody"},
    {"success_url": "https://evil.example/"},
]


@pytest.mark.parametrize("extra", TAMPERED, ids=lambda extra: next(iter(extra)))
def test_whatever_else_stands_in_the_form_is_not_looked_at(shop: Shop, extra: dict[str, str]) -> None:
    response = start(Client(), **extra)
    assert response.status_code == 303
    asked = next(call for call in reversed(shop.sandbox.calls) if call.path == "/v1/checkout/sessions")
    price = PlanPrice.objects.get(plan__key="annual")
    assert asked.params["line_items"] == [{"price": price.stripe_id, "quantity": "1"}]
    assert asked.params["mode"] == "subscription"
    assert set(asked.params) == {
        "mode", "customer", "client_reference_id", "line_items", "metadata", "subscription_data", "success_url",
        "cancel_url", "allow_promotion_codes",
    }  # fmt: skip
    assert asked.params["allow_promotion_codes"] == "true"  # Stripe's own field; no code of the form's choosing
    assert set(asked.params["subscription_data"]) == {"metadata"}, "no trial"
    session = shop.sandbox.objects("checkout.session")[0]
    assert session["amount_total"] == 8900
    assert asked.params["customer"] == StripeCustomer.objects.get().stripe_id
    assert asked.params["client_reference_id"] == str(CheckoutAttempt.objects.get().uuid)


@pytest.mark.parametrize(
    "key", ["", "ANNUAL", "annual ", "gold", "price_1", "1", "annual\x00", "annual' --", "withdrawn"]
)
def test_only_the_key_of_an_offered_plan_sells_anything(shop: Shop, key: str) -> None:
    Plan.objects.create(
        key="withdrawn", name="Old", kind="recurring", amount_minor=1, interval="year", button="Buy", is_offered=False
    )
    assert start(Client(), plan=key).status_code == 400
    assert shop.sandbox.objects("checkout.session") == []


def test_a_price_that_an_editor_has_changed_is_not_sold_at_the_former_amount(shop: Shop) -> None:
    Plan.objects.filter(key="annual").update(amount_minor=9900)
    response = start(Client())
    assert response.status_code == 200
    assert "Nothing was charged" in response.content.decode()
    assert shop.sandbox.objects("checkout.session") == []
    assert Lead.objects.count() == 1


def test_a_reference_to_somebodys_attempt_in_another_session_links_nothing(shop: Shop, article: Any) -> None:
    """As an address of a payment link can be changed: the money is the sender's, the reference is not."""
    browser = Client()
    attempt = shop.checkout(browser, VICTIM)
    client = stripe.StripeClient(shop.sandbox.key, base_addresses={"api": shop.sandbox.url}).v1
    session = client.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": client.customers.create({"email": VICTIM}).id,
            "client_reference_id": str(attempt.uuid),
            "line_items": [{"price": attempt.price.stripe_id, "quantity": 1}],
            "success_url": "https://evil.example/",
        }
    )
    shop.sandbox.pay(session.id)
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.OPEN
    assert not Subscription.objects.exists()
    assert not reads(browser, article)
    assert browser.get("/subscribe/welcome/", {"session_id": session.id}).status_code == 404


@pytest.mark.attack("A10")
def test_paying_with_somebodys_address_opens_neither_their_account_nor_their_customer(shop: Shop, article: Any) -> None:
    victim = make.user(VICTIM)
    shop.subscribe(make.logged_in(victim))
    attacker = Client()
    attempt = shop.checkout(attacker, VICTIM, "monthly")
    assert attempt.customer is not None
    assert attempt.customer.user is None
    assert attempt.user is None
    shop.pay(attempt)
    shop.welcome(attacker, attempt)
    assert "_auth_user_id" not in attacker.session
    assert attacker.get("/account/")["Location"].startswith("/account/login/")
    for subscription in Subscription.objects.all():
        for door in ("portal", "cancel", "keep"):
            response = attacker.post(f"/account/subscription/{subscription.pk}/{door}/")
            assert "/account/login/" in response["Location"]


@pytest.mark.attack("A01")
@pytest.mark.parametrize("is_known", [True, False])
def test_a_known_and_an_unknown_address_look_the_same_until_the_code(shop: Shop, is_known: bool) -> None:
    if is_known:
        make.user(VICTIM)
    buyer = Client()
    attempt = shop.checkout(buyer, VICTIM)
    shop.pay(attempt)
    page = shop.welcome(buyer, attempt).content.decode()
    assert VICTIM in page
    assert "_auth_user_id" not in buyer.session
    owner = User.objects.get(email=VICTIM)
    assert EmailAddress.objects.filter(user=owner, verified=True).exists() is is_known
    assert "code" in page
    response = buyer.post(f"/subscribe/welcome/?session_id={attempt.session_id}")
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/code/confirm/")


@pytest.mark.attack("A17")
def test_another_readers_subscription_cannot_be_managed(shop: Shop) -> None:
    subscription = shop.subscribe(make.logged_in(make.user(VICTIM)))
    calls = len(shop.sandbox.calls)
    other = make.logged_in(make.user("other@example.org"))
    for door in ("portal", "cancel", "keep"):
        assert other.post(f"/account/subscription/{subscription.pk}/{door}/").status_code == 404
    assert other.get(f"/account/subscription/{subscription.pk}/return/").status_code == 404
    assert len(shop.sandbox.calls) == calls


@pytest.mark.attack("A14")
def test_the_doors_of_a_subscription_need_a_token_of_our_form(shop: Shop) -> None:
    user = make.user(VICTIM)
    subscription = shop.subscribe(make.logged_in(user))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    for door in ("portal", "cancel", "keep"):
        assert strict.post(f"/account/subscription/{subscription.pk}/{door}/").status_code == 403
    subscription.refresh_from_db()
    assert subscription.ends_at is None


def test_an_address_changed_at_stripe_changes_no_login(shop: Shop) -> None:
    subscription = shop.subscribe(make.logged_in(make.user(ADDRESS)))
    make.user(VICTIM)
    client = stripe.StripeClient(shop.sandbox.key, base_addresses={"api": shop.sandbox.url}).v1
    client.customers.update(subscription.customer.stripe_id, {"email": VICTIM})
    shop.settle()
    subscription.refresh_from_db()
    assert subscription.user == User.objects.get(email=ADDRESS)
    assert subscription.customer.billing_email == VICTIM


STATES = [
    ("active", True),
    ("past_due", True),
    ("unpaid", False),
    ("incomplete", False),
    ("incomplete_expired", False),
    ("paused", False),
    ("canceled", False),
]


@pytest.mark.parametrize(("status", "is_open"), STATES)
def test_each_status_opens_what_the_table_says(shop: Shop, article: Any, status: str, is_open: bool) -> None:
    user = make.user(ADDRESS)
    subscription = shop.subscribe(make.logged_in(user))
    reader = make.logged_in(user)  # in another browser, without the pass
    assert reads(reader, article)
    shop.sandbox.set_status(subscription.stripe_id, status)
    shop.settle()
    subscription.refresh_from_db()
    assert subscription.status == status
    assert reads(reader, article) is is_open


def test_the_pass_ends_after_a_day_and_with_what_was_bought(shop: Shop, article: Any) -> None:
    browser = Client()
    subscription = shop.subscribe(browser, ADDRESS)
    assert reads(browser, article)
    attempt = CheckoutAttempt.objects.get()
    attempt.paid_at = timezone.now() - timedelta(hours=24, seconds=1)
    attempt.save()
    assert not reads(browser, article)
    attempt.paid_at = timezone.now()
    attempt.save()
    assert reads(browser, article)
    shop.sandbox.set_status(subscription.stripe_id, "canceled")
    shop.settle()
    assert not reads(browser, article)


def test_checkouts_are_limited(shop: Shop) -> None:
    answers = [start(Client(), email=f"card{number}@example.org").status_code for number in range(25)]
    assert answers.count(303) == 20
    assert set(answers[20:]) == {429}
    assert len(shop.sandbox.objects("checkout.session")) == 20


# --- Stripe slow, failing or away ----------------------------------------------------------------------------------


@pytest.fixture(params=["500", "429", "timeout", "away"])
def trouble(request: pytest.FixtureRequest, shop: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Begins and ends the trouble."""

    def begin() -> None:
        monkeypatch.setattr("subscriptions.stripe_gateway.REQUEST_SECONDS", 1.0)
        if request.param == "away":
            settings.STRIPE_API_BASE = "http://127.0.0.1:9"
        else:
            status: Any = request.param if request.param == "timeout" else int(request.param)
            shop.sandbox.fail(status=status, count=100)

    def end() -> None:
        settings.STRIPE_API_BASE = shop.sandbox.url
        shop.sandbox.fail(status=500, count=0)

    return begin, end


def test_with_trouble_at_the_start_nothing_is_sold_and_the_lead_is_kept(shop: Shop, trouble: Any) -> None:
    begin, end = trouble
    browser = Client()
    begin()
    response = start(browser)
    assert response.status_code == 503
    assert "Nothing was charged" in response.content.decode()
    assert Lead.objects.get().email == ADDRESS
    assert shop.sandbox.objects("checkout.session") == []
    end()
    assert start(browser).status_code == 303
    assert len(shop.sandbox.objects("customer")) == StripeCustomer.objects.count()


def test_with_trouble_at_the_welcome_nothing_is_granted_and_nothing_lost(
    shop: Shop, article: Any, trouble: Any
) -> None:
    begin, end = trouble
    shop.sandbox.delivery.mode = "drop"
    browser = Client()
    attempt = shop.checkout(browser, ADDRESS)
    shop.pay(attempt)
    begin()
    response = shop.welcome(browser, attempt)
    assert response.status_code == 200
    assert "waiting for the confirmation" in response.content.decode()
    assert not reads(browser, article)
    job = SyncJob.objects.get()
    assert job.generation > job.done_generation
    assert job.lease is None
    end()
    make.run_tasks()
    assert reads(browser, article)


def test_with_trouble_a_subscriber_reads_and_is_not_sold_a_second_subscription(
    shop: Shop, article: Any, trouble: Any
) -> None:
    begin, _end = trouble
    browser = make.logged_in(make.user(ADDRESS))
    subscription = shop.subscribe(browser)
    begin()
    assert reads(browser, article)
    assert start(browser).status_code == 503
    page = browser.post(f"/account/subscription/{subscription.pk}/cancel/", follow=True).content.decode()
    assert "does not answer" in page
    subscription.refresh_from_db()
    assert subscription.ends_at is None
    assert len(shop.sandbox.objects("checkout.session")) == 1
