"""Plans in admin: prices in several currencies, what Stripe says of them, trials, and the address of an offer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.test import Client
from django_tasks_db.models import DBTaskResult

from accounts.models import PUBLISHERS
from subscriptions.models import Plan, PlanAmount, PlanPrice
from tests import make
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

MORE = ("trial_days", "least_seats", "most_seats", "pass_hours", "gift_months")
NAMES = (
    "name",
    "kind",
    "amount_minor",
    "currency",
    "interval",
    "description",
    "button",
    "small_print",
    "position",
    *MORE,
)


@pytest.fixture
def publisher() -> Client:
    user = make.user("publisher@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=PUBLISHERS))
    return make.logged_in(user)


def save(client: Client, plan: Plan, amounts: list[tuple[int, str, str]] = [], **fields: Any) -> Any:  # noqa: B006
    """The plan's form with these further prices, all of them new."""
    form: dict[str, Any] = {name: getattr(plan, name) for name in NAMES}
    form |= {"is_offered": "on", "trial_needs_card": "on", "is_at_gate": "on"}
    form |= {"prices-TOTAL_FORMS": "0", "prices-INITIAL_FORMS": "0"}
    form |= {"amounts-TOTAL_FORMS": str(len(amounts)), "amounts-INITIAL_FORMS": "0"}
    for row, (amount, currency, interval) in enumerate(amounts):
        form |= {f"amounts-{row}-amount_minor": amount, f"amounts-{row}-currency": currency}
        form |= {f"amounts-{row}-interval": interval, f"amounts-{row}-plan": plan.pk}
    return client.post(f"/admin/subscriptions/plan/{plan.pk}/change/", form | fields)


def told(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_a_saved_price_is_made_at_stripe_and_the_former_one_is_kept(shop: Shop, publisher: Client) -> None:
    plan = Plan.objects.get(key="monthly")
    response = save(publisher, plan, [(800, "EUR", "month"), (8000, "EUR", "year")], amount_minor="1000")
    assert response.status_code == 302
    sold = PlanPrice.objects.filter(plan=plan, is_active=True)
    assert {(price.amount_minor, price.currency, price.interval) for price in sold} == {
        (1000, "USD", "month"),
        (800, "EUR", "month"),
        (8000, "EUR", "year"),
    }
    assert all(price.stripe_id in told(response) for price in sold)
    assert PlanPrice.objects.get(plan=plan, is_active=False).amount_minor == 900
    assert {shop.sandbox.get(price.stripe_id)["active"] for price in PlanPrice.objects.filter(plan=plan)} == {True}


def test_where_stripe_is_away_it_is_said_and_tried_again(shop: Shop, publisher: Client) -> None:
    plan = Plan.objects.get(key="monthly")
    DBTaskResult.objects.all().delete()
    shop.sandbox.fail(status=429, count=1)
    response = save(publisher, plan, amount_minor="1000")
    assert "Stripe does not answer just now." in told(response)
    assert "not available yet" in shop.start(Client(), "new@example.org", "monthly").content.decode()
    shop.settle()
    assert shop.start(Client(), "new@example.org", "monthly").status_code == 303


def test_a_price_that_stripe_refuses_is_said_in_words(shop: Shop, publisher: Client) -> None:
    response = save(publisher, Plan.objects.get(key="monthly"), [(100, "QQQ", "month")], amount_minor="1999999999")
    assert "Stripe does not take a price of “Monthly”" in told(response)


def test_a_word_that_stripe_does_not_know_of_asks_nobody(shop: Shop, publisher: Client) -> None:
    calls = len(shop.sandbox.calls)
    assert save(publisher, Plan.objects.get(key="monthly"), button="Go").status_code == 302
    assert len(shop.sandbox.calls) == calls


@pytest.mark.parametrize(
    ("amounts", "fields", "sentence"),
    [
        ([(800, "USD", "month")], {}, "the currency and interval of the plan"),
        ([(800, "EUR", "")], {}, "A subscription recurs every month or every year"),
        ([], {"trial_days": "3"}, "a trial is at least as long"),
        ([(800, "eur", "month")], {}, "Three capital letters"),
    ],
)
def test_what_cannot_be_sold_is_refused_at_its_field(
    publisher: Client, amounts: list[tuple[int, str, str]], fields: dict[str, str], sentence: str
) -> None:
    response = save(publisher, Plan.objects.get(key="monthly"), amounts, **fields)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not PlanAmount.objects.exists()


def test_an_offer_has_a_secret_address_that_can_be_renewed(publisher: Client) -> None:
    plan = Plan.objects.get(key="monthly")
    save(publisher, plan, is_by_link="on")
    plan.refresh_from_db()
    first = plan.offer_secret
    assert len(first) == 43
    page = publisher.get(f"/admin/subscriptions/plan/{plan.pk}/change/").content.decode()
    assert f"/subscribe/?offer={first}" in page
    save(publisher, plan, is_by_link="on")
    plan.refresh_from_db()
    assert plan.offer_secret == first
    save(publisher, plan, is_by_link="on", renew_offer="on")
    plan.refresh_from_db()
    assert plan.offer_secret not in ("", first)
    assert Client().get("/subscribe/", {"offer": first}).status_code == 404
    assert Client().get("/subscribe/", {"offer": plan.offer_secret}).status_code == 200
