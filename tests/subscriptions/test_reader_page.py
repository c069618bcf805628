"""The page of a reader in admin: found by whatever a letter quotes, and everything about them on one page."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import StaffAction, User
from subscriptions.alerts import raise_alert
from subscriptions.models import (
    Alert,
    AlertKind,
    Dispute,
    EventOutcome,
    Invoice,
    OutgoingMail,
    StripeCustomer,
    StripeEvent,
    Subscription,
    SyncJob,
)
from tests import make

pytestmark = pytest.mark.django_db

READERS = "/admin/subscriptions/subscription/readers/"
ALERTS = "/admin/subscriptions/alert/"
NAMES = ("Alerts", "Subscriptions", "Grants", "Bought once", "Invoices", "Disputes", "Mails", "Events at Stripe")


@pytest.fixture
def payer() -> User:
    user = make.user("payer@example.org")
    subscription = make.subscription(user)
    Subscription.objects.filter(pk=subscription.pk).update(stripe_id="sub_payer")
    StripeCustomer.objects.filter(pk=subscription.customer_id).update(
        stripe_id="cus_payer", billing_email="b@example.org"
    )
    happens(user, 1)
    return user


def happens(user: User, number: int) -> None:
    """A row of each kind that grows with time."""
    subscription = Subscription.objects.select_related("customer").get(user=user)
    customer = subscription.customer
    Invoice.objects.create(
        stripe_id=f"in_{number}",
        customer=customer,
        subscription=subscription,
        number=f"NR-{number}",
        status="paid",
        currency="USD",
        total_minor=8900,
        tax_minor=1421,
        paid_minor=8900,
        hosted_url="https://invoice.stripe.com/i/one",
    )
    Dispute.objects.create(
        stripe_id=f"dp_{number}",
        customer=customer,
        subscription=subscription,
        charge_id=f"ch_{number}",
        payment_intent=f"pi_{number}",
        amount_minor=8900,
        currency="USD",
        status="under_review",
        opened_at=timezone.now(),
    )
    StripeEvent.objects.create(
        event_id=f"evt_{number}",
        type="invoice.paid",
        livemode=False,
        created=timezone.now(),
        customer_id=customer.stripe_id,
        outcome=EventOutcome.BOOKED,
    )
    OutgoingMail.objects.create(dedupe_key=f"receipt:{number}", user=user, subject=f"Receipt {number}", text="Thanks.")
    raise_alert(AlertKind.DISPUTE, str(number), f"Contested {number}.", customer)
    make.grant(user, ends_at=timezone.now() + timedelta(days=9), reason=f"Gave a talk {number}.")


def page_of(user: User) -> str:
    return f"{READERS}{user.pk}/"


def text(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return html.unescape(response.content.decode())


def member(role: str) -> Client:
    user = make.user(f"{role}@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return make.logged_in(user)


# --- The page --------------------------------------------------------------------------------------------------------


def test_everything_about_a_reader_is_on_one_page(superuser: Client, payer: User) -> None:
    page = text(superuser, page_of(payer))
    for words in (
        *(
            "payer@example.org",
            "sub_payer",
            "$89 a year",
            "active",
            "NR-1",
            "$14.21",
            "https://invoice.stripe.com/i/one",
        ),
        *("under_review", "Receipt 1", "invoice.paid", "Contested 1.", "Gave a talk 1.", "cus_payer at Stripe", "paid"),
        *("Give back…", "Cancel…", "Give a grant", "Sync now"),
    ):
        assert words in page, words
    assert superuser.get(page_of(payer))["Cache-Control"].startswith("private, no-store")


@pytest.mark.parametrize(
    ("role", "seen"),
    [("editors", None), ("support", set(NAMES) - {"Events at Stripe"}), ("publishers", set(NAMES))],
)
def test_each_role_sees_what_it_may_look_at(payer: User, role: str, seen: set[str] | None) -> None:
    client = member(role)
    if seen is None:
        assert client.get(page_of(payer)).status_code == 403
        assert client.get(READERS).status_code == 403
        assert client.post(f"{page_of(payer)}sync/").status_code == 403
        return
    page = text(client, page_of(payer))
    assert {name for name in NAMES if f"<h2>{name}</h2>" in page} == seen


def test_the_page_takes_as_many_queries_however_much_there_is(superuser: Client, payer: User) -> None:
    superuser.get(page_of(payer))
    counts = []
    for numbers in ((), range(2, 9)):
        for number in numbers:
            happens(payer, number)
        with CaptureQueriesContext(connection) as queries:
            assert superuser.get(page_of(payer)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] < 40


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "Reads everything until"),
        ({"status": "canceled"}, "Holds nothing any more: what there was has ended."),
        ({"suspended_at": timezone.now}, "the subscription is suspended, a payment was contested."),
        ({"status": "unpaid"}, "the last payment did not go through, and grace is over."),
    ],
)
def test_one_sentence_says_what_they_hold(superuser: Client, change: dict[str, Any], sentence: str) -> None:
    user = make.user()
    make.subscription(user, **{name: value() if callable(value) else value for name, value in change.items()})
    assert sentence in text(superuser, page_of(user))


def test_a_reader_with_nothing_has_a_page_too(superuser: Client) -> None:
    page = text(superuser, page_of(make.user("new@example.org")))
    assert "Holds nothing but the account." in page
    assert "Sync now" not in page


def test_sync_now_asks_for_each_customer_and_is_logged(superuser: Client, payer: User) -> None:
    before = SyncJob.objects.get().generation
    assert superuser.post(f"{page_of(payer)}sync/").status_code == 302
    assert SyncJob.objects.get().generation == before + 1
    assert StaffAction.objects.filter(object_type="subscriptions.stripecustomer").count() == 1
    assert superuser.get(f"{page_of(payer)}sync/").status_code == 405


def test_the_account_in_admin_leads_to_the_page(superuser: Client, payer: User) -> None:
    for url in ("/admin/accounts/user/", f"/admin/accounts/user/{payer.pk}/change/"):
        assert f'href="{page_of(payer)}"' in text(superuser, url)


# --- Finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *("payer@example.org", " Payer@Example.org ", "b@example.org", "cus_payer", "sub_payer", "in_1", "nr-1"),
        *("dp_1", "ch_1", "pi_1"),
    ],
)
def test_a_reader_is_found_by_whatever_a_letter_quotes(superuser: Client, payer: User, words: str) -> None:
    make.subscription(make.user("other@example.org"))
    response = superuser.post(READERS, {"words": words})
    assert (response.status_code, response["Location"]) == (302, page_of(payer))


@pytest.mark.parametrize("words", ["payer", "cus_", "nobody@example.org", "%", "NR"])
def test_nobody_is_found_by_a_part(superuser: Client, payer: User, words: str) -> None:
    response = superuser.post(READERS, {"words": words})
    assert "Nobody is found by this." in html.unescape(response.content.decode())


# --- Alerts ----------------------------------------------------------------------------------------------------------


def test_open_alerts_come_first_and_are_counted_in_the_head(superuser: Client, payer: User) -> None:
    for number in (2, 3):
        raise_alert(AlertKind.DISPUTE, str(number), f"Contested {number}.")
    Alert.objects.filter(key="dispute:3").update(acknowledged_at=timezone.now())
    response = superuser.get(ALERTS)
    assert [row.text for row in response.context["cl"].result_list] == ["Contested 2.", "Contested 1.", "Contested 3."]
    assert "2 open alerts" in text(superuser, "/admin/")
    assert f'href="{page_of(payer)}"' in text(superuser, ALERTS)
    Alert.objects.update(acknowledged_at=timezone.now())
    assert "No open alerts" in text(superuser, "/admin/")


def test_who_may_not_see_alerts_is_told_of_none(payer: User) -> None:
    assert "open alert" not in text(member("editors"), "/admin/")


def test_what_an_alert_says_is_never_taken_for_html(superuser: Client) -> None:
    raise_alert(AlertKind.DISPUTE, "1", "<b>bold</b> https://dashboard.stripe.com/payments/pi_1")
    page = superuser.get(ALERTS).content.decode()
    assert "&lt;b&gt;bold" in page
    assert 'href="https://dashboard.stripe.com/payments/pi_1"' in page
