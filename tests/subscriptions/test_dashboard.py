"""The dashboard in admin: equal to what an independent count of Stripe's own objects says, and quick at any number."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from subscriptions.catalogue import sync_plans
from subscriptions.figures import dashboard
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Plan, PlanAmount, StripeCustomer, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop

PAGE = "/admin/subscriptions/dashboard/"
ZONE = ZoneInfo("Pacific/Auckland")  # where a month begins half a day before it does in UTC


# --- An independent count: from Stripe's objects, by nothing of the site ----------------------------------------------


def month_of(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(ZONE):%Y-%m}"


def reckoned(shop: Shop) -> dict[str, Any]:
    """Everything that the dashboard says, by other means."""
    now = shop.sandbox.now()
    invoices = invoices_by_subscription(shop)
    incomes: dict[str, Fraction] = defaultdict(Fraction)
    states: Counter[tuple[str, str]] = Counter()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    payers: dict[str, list[int]] = defaultdict(list)
    for subscription in sorted(shop.sandbox.objects("subscription"), key=lambda one: int(one["created"])):
        own = invoices[subscription["id"]]
        paid = [row["status_transitions"]["paid_at"] for row in own if row["amount_paid"] > 0]
        pause = subscription["metadata"].get("paused_from")
        is_resting = pause is not None and int(pause) <= now
        if subscription["trial_start"]:
            counts["trials"][month_of(subscription["trial_start"])] += 1
            if paid:
                counts["converted"][month_of(subscription["trial_start"])] += 1
        if paid:
            earlier = [at for at in payers[subscription["customer"]] if at < min(paid)]
            counts["reactivated" if earlier else "new"][month_of(min(paid))] += 1
            payers[subscription["customer"]].append(min(paid))
            if subscription["ended_at"]:
                counts[f"gone_{why_gone(shop, subscription, own)}"][month_of(subscription["ended_at"])] += 1
            elif is_resting:
                counts["gone_paused"][month_of(int(pause))] += 1
        state = state_of(subscription, is_resting=is_resting)
        if state:
            states[(subscription["currency"].upper(), state)] += 1
        if state in ("active", "ending", "grace") and subscription["status"] != "trialing":
            incomes[subscription["currency"].upper()] += monthly(subscription, own)
    return {
        "incomes": {currency: int(amount + Fraction(1, 2)) for currency, amount in incomes.items()},
        "states": dict(states),
        "counts": {name: dict(found) for name, found in counts.items()},
    }


def invoices_by_subscription(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """Oldest first."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for invoice in shop.sandbox.objects("invoice"):
        details = (invoice["parent"] or {}).get("subscription_details")
        if details:
            found[details["subscription"]].append(invoice)
    return found


def state_of(subscription: dict[str, Any], *, is_resting: bool) -> str:
    if subscription["status"] == "paused" or is_resting:
        return "paused"
    if subscription["status"] == "past_due":
        return "grace"
    if subscription["status"] not in ("active", "trialing"):
        return ""
    return "ending" if subscription["cancel_at"] or subscription["cancel_at_period_end"] else subscription["status"]


def why_gone(shop: Shop, subscription: dict[str, Any], invoices: list[dict[str, Any]]) -> str:
    last = max((row for row in invoices if row["amount_paid"]), key=lambda row: int(row["created"]))
    intents = {
        row["payment"]["payment_intent"]
        for row in shop.sandbox.objects("invoice_payment")
        if row["invoice"] == last["id"]
    }
    charges = [one for one in shop.sandbox.objects("charge") if one["payment_intent"] in intents]
    details = subscription["cancellation_details"]
    if any(one["refunded"] for one in charges):
        return "returned"
    if details["reason"] == "payment_failed":
        return "payment"
    return "price" if details["feedback"] == "too_expensive" else "wish"


def monthly(subscription: dict[str, Any], invoices: list[dict[str, Any]]) -> Fraction:
    whole = Fraction(0)
    for item in subscription["items"]["data"]:
        share = Fraction(1)
        for invoice in invoices:  # oldest first: the last one counts
            for line in invoice["lines"]["data"]:
                same = line["pricing"]["price_details"]["price"] == item["price"]["id"]
                if same and line["amount"] > 0 and invoice["status"] in ("paid", "open"):
                    off = sum(one["amount"] for one in line["discount_amounts"])
                    share = 1 - Fraction(off, line["amount"])
        months = {"month": 1, "year": 12}[item["price"]["recurring"]["interval"]]
        whole += Fraction(item["price"]["unit_amount"] * item["quantity"], months) * share
    return whole


def shown(found: dashboard.Figures) -> dict[str, Any]:
    """What the dashboard says, in the form of the count."""
    states: Counter[tuple[str, str]] = Counter()
    for plan in found.plans:
        for state, number in zip(dashboard.State.values, plan.numbers, strict=True):
            states[(plan.currency, state)] += number
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for row in dashboard.month_rows(found):
        for name, number in zip(dashboard.MONTH_HEAD[1:-1], row[1:-1], strict=True):
            if number:
                counts[name.replace("trials_", "")][str(row[0])] = int(str(number))
    return {
        "incomes": {line.currency: line.monthly_minor for line in found.incomes},
        "states": {key: number for key, number in states.items() if number},
        "counts": dict(counts),
    }


# --- A life of many readers -------------------------------------------------------------------------------------------


@pytest.fixture
def in_auckland(settings: Any) -> None:
    settings.TIME_ZONE = ZONE.key


@pytest.fixture
def counted_shop(shop: Shop) -> Shop:
    """With a plan to try for a week, prices in euro and a plan for groups; nothing is told by events."""
    annual = Plan.objects.get(key="annual")
    PlanAmount.objects.create(plan=annual, amount_minor=7900, currency="EUR", interval="year")
    terms = {"kind": "recurring", "amount_minor": 700, "currency": "USD", "interval": "month", "button": "Try"}
    Plan.objects.create(key="weekly-trial", name="Tried", trial_days=7, position=8, **terms)
    shop.group_plan()
    sync_plans()
    return shop


def took(shop: Shop, name: str, plan: str, card: str = "succeeds", code: str = "", **fields: str) -> str:
    """A subscription of a reader, by its id at Stripe."""
    user = make.User.objects.filter(email=f"{name}@example.org").first() or make.user(f"{name}@example.org")
    response = shop.start_with(make.logged_in(user), plan, fields)
    assert response.status_code == 303, response.content.decode()[-3000:]
    session = next(one for one in shop.sandbox.objects("checkout.session") if one["url"] == response["Location"])
    assert not code or shop.sandbox.apply_code(session["id"], code) == ""
    shop.sandbox.pay(session["id"], card=card)
    return str(shop.sandbox.get(session["id"])["subscription"])


def lived(shop: Shop) -> None:
    """Half a year of readers who come, try, pause, change, fail to pay, and leave for every reason."""
    stripe = shop.at_stripe()
    took(shop, "steady", "annual")
    took(shop, "european", "annual", currency="EUR")
    ending = took(shop, "ending", "monthly")
    dear = took(shop, "dear", "monthly")
    resting = took(shop, "resting", "monthly")
    back = took(shop, "back", "monthly")
    returned = took(shop, "returned", "annual")
    took(shop, "failing", "monthly", card="fails_at_renewal")
    grown = took(shop, "grown", "team", **{"seats-team": "3"})
    took(shop, "tried", "weekly-trial")
    untried = took(shop, "untried", "weekly-trial")
    shop.promotion("SPRING", duration="forever")
    took(shop, "thrifty", "annual", code="SPRING")
    Gateway().update_subscription(untried, {"cancel_at_period_end": True})
    stripe.subscriptions.update(dear, {"cancel_at_period_end": True})
    stripe.subscriptions.update(dear, {"cancellation_details": {"feedback": "too_expensive"}})
    stripe.subscriptions.update(back, {"cancel_at_period_end": True})
    shop.sandbox.advance(days=40)
    took(shop, "back", "monthly")
    took(shop, "late", "monthly", card="fails_at_renewal")
    item = shop.sandbox.get(grown)["items"]["data"][0]["id"]
    more: Any = {"items": [{"id": item, "quantity": 5}], "proration_behavior": "always_invoice"}
    stripe.subscriptions.update(grown, more)
    now = shop.sandbox.now()
    marks = {"paused_from": str(now + 30 * 86400), "paused_until": str(now + 200 * 86400)}
    stripe.subscriptions.update(resting, {"metadata": marks, "pause_collection": {"behavior": "void"}})
    charge = next(one for one in shop.sandbox.objects("charge") if one["customer"] == customer_of(shop, returned))
    stripe.refunds.create({"charge": charge["id"]})
    stripe.subscriptions.cancel(returned)
    shop.sandbox.advance(days=32)
    took(shop, "fresh", "weekly-trial", card="other")  # else it were a second trial
    stripe.subscriptions.update(ending, {"cancel_at_period_end": True})


def customer_of(shop: Shop, subscription_id: str) -> str:
    return str(shop.sandbox.get(subscription_id)["customer"])


@pytest.mark.django_db(transaction=True)
def test_the_dashboard_says_what_stripes_own_objects_say(counted_shop: Shop, in_auckland: None) -> None:
    counted_shop.sandbox.delivery.mode = "drop"
    lived(counted_shop)
    list(reconcile())
    found = dashboard.figures(datetime.fromtimestamp(counted_shop.sandbox.now(), UTC), 12)
    expected = reckoned(counted_shop)
    assert shown(found) == expected
    assert expected["counts"].keys() >= {
        *("new", "reactivated", "trials", "converted"),
        *("gone_wish", "gone_price", "gone_payment", "gone_returned", "gone_paused"),
    }
    assert {state for _currency, state in expected["states"]} == set(dashboard.State.values)
    assert expected["incomes"].keys() == {"USD", "EUR"}
    assert found.months[0].subscribers == sum(
        1 for one in counted_shop.sandbox.objects("subscription") if one["status"] in ("active", "past_due", "paused")
    )


# --- The page ---------------------------------------------------------------------------------------------------------


def many(count: int) -> None:
    """So many subscriptions of as many customers, begun over two years, one in ten of them ended."""
    price = make.plan_price("annual")
    now = timezone.now()
    customers = StripeCustomer.objects.bulk_create(
        StripeCustomer(stripe_id=f"cus_many{number}", livemode=False) for number in range(count)
    )
    Subscription.objects.bulk_create(
        Subscription(
            stripe_id=f"sub_many{number}",
            customer=customer,
            plan=price.plan,
            price_id=price.stripe_id,
            status="canceled" if number % 10 == 0 else "active",
            currency="USD",
            amount_minor=8900,
            yearly_minor=8900,
            interval="year",
            started_at=now - timedelta(days=number % 700),
            first_paid_at=now - timedelta(days=number % 700),
            ended_at=now - timedelta(hours=1) if number % 10 == 0 else None,
        )
        for number, customer in enumerate(customers)
    )


def csv_of(client: Client, table: str, **asked: str) -> list[list[str]]:
    response: Any = client.get(f"{PAGE}csv/{table}/", asked)
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


@pytest.mark.django_db
@pytest.mark.usefixtures("at_noon")
def test_the_queries_are_as_many_for_one_as_for_hundreds(superuser: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert superuser.get(PAGE).status_code == 200
        return len(found)

    many(1)
    queries()  # the first request finds caches empty
    few = queries()
    Subscription.objects.all().delete()
    StripeCustomer.objects.all().delete()
    many(300)
    assert queries() == few


@pytest.mark.django_db
@pytest.mark.usefixtures("at_noon")
def test_tables_and_files_say_the_same(superuser: Client) -> None:
    many(20)
    text = " ".join(superuser.get(PAGE).content.decode().split())
    assert '<td class="number">18</td><td class="number">$133.50</td>' in text
    assert csv_of(superuser, "income") == [["currency", "subscriptions", "monthly_minor"], ["USD", "18", "13350"]]
    plans = csv_of(superuser, "plans")
    assert dict(zip(*plans, strict=True))["active"] == "18"
    months = csv_of(superuser, "months")
    assert (len(months), len(csv_of(superuser, "months", months="24"))) == (13, 25)
    newest = dict(zip(months[0], months[1], strict=True))
    assert (newest["month"], newest["gone_other"], newest["subscribers"]) == ("2026-11", "2", "18")
    assert "<svg" in text
    assert "<script" not in text.partition("<main")[2].partition("Monthly income")[2]


@pytest.mark.django_db
def test_who_may_not_see_figures_is_refused(superuser: Client) -> None:
    for client in (make.logged_in(make.editor()), make.logged_in(make.user("support@example.org", is_staff=True))):
        assert client.get(PAGE).status_code == 403
        assert client.get(f"{PAGE}csv/months/").status_code == 403
    assert superuser.get(f"{PAGE}csv/secrets/").status_code == 404
    assert superuser.get(PAGE, {"months": "7"}).status_code == 400
    assert superuser.get("/admin/").content.decode().count(PAGE) >= 1
