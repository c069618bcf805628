"""Customers, subscriptions, payments, mails and alerts in admin: looked at, with three actions and no other way in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core import mail as letters
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from subscriptions.models import (
    Alert,
    AlertKind,
    CheckoutAttempt,
    EventOutcome,
    Invoice,
    Lead,
    OutgoingMail,
    Plan,
    PlanPrice,
    StripeCustomer,
    StripeEvent,
    Subscription,
    SyncJob,
)
from tests import make

pytestmark = pytest.mark.django_db

LOOKED_AT = ("stripecustomer", "subscription", "checkoutattempt", "stripeevent", "invoice", "outgoingmail", "alert")


def listed(name: str) -> str:
    return f"/admin/subscriptions/{name}/"


def bill(number: int = 1) -> dict[str, Model]:
    """One subscriber with a row of each kind, by the name of the model in admin addresses."""
    user = make.user(f"payer{number}@example.org")
    customer = StripeCustomer.objects.create(
        stripe_id=f"cus_{number}", user=user, livemode=False, billing_email=f"bill{number}@example.org"
    )
    SyncJob.objects.create(customer=customer, generation=1, last_error="StripeAway APIConnectionError")
    subscription = make.subscription(user, customer=customer)
    Subscription.objects.filter(pk=subscription.pk).update(stripe_id=f"sub_{number}")
    subscription.refresh_from_db()
    return {
        "stripecustomer": customer,
        "subscription": subscription,
        "checkoutattempt": started(customer, number),
        "stripeevent": StripeEvent.objects.create(
            event_id=f"evt_{number}",
            type="invoice.paid",
            livemode=False,
            created=timezone.now(),
            object_id=f"in_{number}",
            customer_id=customer.stripe_id,
            outcome=EventOutcome.BOOKED,
        ),
        "invoice": Invoice.objects.create(
            stripe_id=f"in_{number}",
            customer=customer,
            subscription=subscription,
            number=f"NR-{number}",
            status="paid",
            currency="USD",
            total_minor=8900,
            paid_minor=8900,
        ),
        "outgoingmail": OutgoingMail.objects.create(
            dedupe_key=f"receipt:in_{number}", user=user, recipient=user.email, subject="Receipt", text="Thank you."
        ),
        "alert": Alert.objects.create(key=f"unknown_price:{number}", kind=AlertKind.UNKNOWN_PRICE, text="A price."),
    }


def started(customer: StripeCustomer, number: int) -> CheckoutAttempt:
    assert customer.user is not None
    plan = make.plans()["annual"]
    lead = Lead.objects.create(email=customer.user.email, plan=plan, consent_wording="Yes", consent_version="1")
    return CheckoutAttempt.objects.create(
        user=customer.user,
        lead=lead,
        price=make.plan_price("annual"),
        customer=customer,
        next_path="/",
        session_id=f"cs_{number}",
        session_url=f"https://checkout.stripe.com/c/pay/secret{number}",
    )


def act(client: Client, name: str, action: str, *rows: Model, from_page: bool = False) -> Any:
    chosen = {"_selected_action": [str(row.pk) for row in rows]}
    if from_page:
        return client.post(f"{listed(name)}{rows[0].pk}/change/", {"CHANGE_FORM-action": action, **chosen})
    return client.post(listed(name), {"action": action, **chosen})


def found(client: Client, name: str, words: str) -> list[Model]:
    return list(client.get(listed(name), {"q": words}).context["cl"].result_list)


def staff(*codenames: str) -> Client:
    user = make.user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return make.logged_in(user)


@pytest.mark.parametrize("name", LOOKED_AT)
def test_nothing_is_added_changed_or_deleted_by_hand(superuser: Client, name: str) -> None:
    row = bill()[name]
    page = f"{listed(name)}{row.pk}/"
    assert superuser.get(f"{page}change/").status_code == 200
    assert superuser.post(f"{page}change/", {"status": "active", "state": "sent"}).status_code == 403
    assert superuser.get(f"{listed(name)}add/").status_code == 403
    assert superuser.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    act(superuser, name, "delete_selected", row)
    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("name", LOOKED_AT)
def test_money_is_not_the_business_of_editors(editor: Client, name: str) -> None:
    row = bill()[name]
    assert editor.get(listed(name)).status_code == 403
    assert editor.get(f"{listed(name)}{row.pk}/change/").status_code == 403


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_longer_list_takes_no_more_queries(superuser: Client, name: str) -> None:
    counts = []
    for numbers in ((1,), (2, 3, 4, 5)):
        for number in numbers:
            bill(number)
        superuser.get(listed(name))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert superuser.get(listed(name)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stripecustomer", "cus_1"),
        ("stripecustomer", "Payer1@example.org"),
        ("stripecustomer", "bill1@example.org"),
        ("subscription", "sub_1"),
        ("subscription", "cus_1"),
        ("subscription", "payer1@example.org"),
        ("checkoutattempt", "cs_1"),
        ("checkoutattempt", "payer1@example.org"),
        ("invoice", "NR-1"),
        ("invoice", "in_1"),
        ("invoice", "cus_1"),
        ("stripeevent", "evt_1"),
        ("stripeevent", "in_1"),
        ("outgoingmail", "receipt:in_1"),
        ("outgoingmail", "payer1@example.org"),
        ("alert", "unknown_price:1"),
    ],
)
def test_rows_are_found_by_whole_addresses_and_ids_alone(superuser: Client, name: str, words: str) -> None:
    row = bill(1)[name]
    bill(12)
    assert found(superuser, name, words) == [row]
    assert found(superuser, name, words[:-1]) == []


def test_an_attempt_is_found_by_its_own_id_and_keeps_its_payment_page_to_itself(superuser: Client) -> None:
    attempt = bill()["checkoutattempt"]
    bill(2)
    assert found(superuser, "checkoutattempt", str(attempt.pk)) == [attempt]
    page = superuser.get(f"{listed('checkoutattempt')}{attempt.pk}/change/").content.decode()
    assert "cs_1" in page
    assert "secret1" not in page


def test_a_subscription_says_whether_it_reads_now_and_until_when(superuser: Client) -> None:
    subscription = bill()["subscription"]
    assert isinstance(subscription, Subscription)
    page = f"{listed('subscription')}{subscription.pk}/change/"
    assert "until " in superuser.get(page).context["adminform"].model_admin.reads(subscription)
    assert '<td class="field-reads">until ' in superuser.get(listed("subscription")).content.decode()
    Subscription.objects.update(status="unpaid")
    assert '<td class="field-reads">no</td>' in superuser.get(listed("subscription")).content.decode()


def test_looking_at_an_overdue_subscription_asks_stripe_nothing(superuser: Client) -> None:
    bill()
    Subscription.objects.update(period_end=timezone.now() - timedelta(days=9))
    assert '<td class="field-reads">until ' in superuser.get(listed("subscription")).content.decode()
    assert not DBTaskResult.objects.exists()
    assert Subscription.objects.get().overdue_since is None


def test_the_last_error_of_a_sync_stands_with_the_customer(superuser: Client) -> None:
    customer = bill()["stripecustomer"]
    for page in (listed("stripecustomer"), f"{listed('stripecustomer')}{customer.pk}/change/"):
        assert "StripeAway APIConnectionError" in superuser.get(page).content.decode()


@pytest.mark.parametrize("from_page", [True, False])
@pytest.mark.parametrize("name", ["stripecustomer", "subscription"])
def test_a_sync_is_queued_at_somebodys_wish(superuser: Client, name: str, from_page: bool) -> None:
    row = bill()[name]
    assert act(superuser, name, "sync_now", row, from_page=from_page).status_code == 302
    assert SyncJob.objects.get().generation == 2
    assert DBTaskResult.objects.get().task_path == "subscriptions.sync.run_sync"
    assert LogEntry.objects.get(object_id=str(row.pk)).get_change_message() == "Sync asked for."


def test_a_mail_that_was_given_up_is_sent_again(superuser: Client) -> None:
    mail = bill()["outgoingmail"]
    OutgoingMail.objects.update(state="failed", attempts=3, last_error="SMTPRecipientsRefused 550")
    assert "Thank you." in superuser.get(f"{listed('outgoingmail')}{mail.pk}/change/").content.decode()
    act(superuser, "outgoingmail", "send_again", mail)
    make.run_tasks()
    act(superuser, "outgoingmail", "send_again", mail)
    make.run_tasks()
    assert [letter.to for letter in letters.outbox] == [["payer1@example.org"]]
    assert LogEntry.objects.get(object_id=str(mail.pk)).get_change_message() == "Queued again."


def test_an_alert_is_acknowledged_once_with_who_and_when(superuser: Client) -> None:
    alert = bill()["alert"]
    assert isinstance(alert, Alert)
    page = f"{listed('alert')}{alert.pk}/change/"
    noted = {"CHANGE_FORM-action": "acknowledge", "CHANGE_FORM-note": "Told them.", "_selected_action": alert.pk}
    superuser.post(page, noted)
    alert.refresh_from_db()
    assert alert.note == "Told them."
    first = (alert.acknowledged_by, alert.acknowledged_at)
    assert first[0] == User.objects.get(email="root@example.org")
    assert first[1] is not None
    act(make.logged_in(User.objects.create_superuser("other@example.org")), "alert", "acknowledge", alert)
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.acknowledged_at) == first


@pytest.mark.parametrize(
    ("name", "action"),
    [("alert", "acknowledge"), ("outgoingmail", "send_again"), ("subscription", "sync_now")],
)
def test_who_may_only_look_does_nothing(name: str, action: str) -> None:
    row = bill()[name]
    looker, actor = staff(f"view_{name}"), staff(f"view_{name}", f"change_{name}")
    assert looker.get(listed(name)).status_code == 200
    act(looker, name, action, row)
    assert not LogEntry.objects.exists()
    act(actor, name, action, row)
    assert LogEntry.objects.count() == 1


def plan_form(plan: Plan, **fields: Any) -> dict[str, Any]:
    names = ("name", "kind", "amount_minor", "currency", "interval", "description", "button", "small_print", "position")
    names += ("trial_days", "least_seats", "most_seats", "pass_hours", "gift_months")
    management = {f"{rows}-{count}_FORMS": "0" for rows in ("prices", "amounts") for count in ("TOTAL", "INITIAL")}
    return {**{name: getattr(plan, name) for name in names}, "is_offered": "on", **management, **fields}


@pytest.mark.parametrize(
    ("key", "fields", "count"),
    [("sk_test_x", {"amount_minor": 9900}, 1), ("sk_test_x", {"button": "Go"}, 0), ("", {"amount_minor": 9900}, 0)],
    ids=["a price", "a word", "payments closed"],
)
def test_a_changed_price_is_brought_to_stripe(
    superuser: Client,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
    key: str,
    fields: dict[str, Any],
    count: int,
) -> None:
    settings.STRIPE_SECRET_KEY = key
    plan = make.plans()["annual"]
    with django_capture_on_commit_callbacks(execute=True):
        response = superuser.post(f"{listed('plan')}{plan.pk}/change/", plan_form(plan, **fields))
    assert response.status_code == 302
    queued = DBTaskResult.objects.filter(task_path="subscriptions.catalogue.sync_plans_soon")
    assert queued.count() == count


def test_the_prices_of_a_plan_are_shown_and_not_written(superuser: Client) -> None:
    bill()
    plan, price = make.plans()["annual"], PlanPrice.objects.get()
    page = f"{listed('plan')}{plan.pk}/change/"
    assert PlanPrice.objects.get().stripe_id in superuser.get(page).content.decode()
    row = {"prices-TOTAL_FORMS": "1", "prices-INITIAL_FORMS": "1", "prices-0-id": price.pk, "prices-0-plan": plan.pk}
    superuser.post(page, plan_form(plan, **row, **{"prices-0-amount_minor": "1", "prices-0-DELETE": "on"}))
    price.refresh_from_db()
    assert price.amount_minor == 8900
