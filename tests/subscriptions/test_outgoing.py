"""Mails about subscriptions: each is said once, tried again while the server is away, and given up for a reason."""

from __future__ import annotations

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.core import mail as letters
from django.db import connections, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from subscriptions import outgoing
from subscriptions.models import Invoice, OutgoingMail, StripeCustomer, Subscription
from tests import make

REFUSED = smtplib.SMTPRecipientsRefused({"reader@example.org": (550, b"no such user reader@example.org")})


def receipt_context(user: User, **fields: Any) -> dict[str, Any]:
    """As a payment brings it: $89 with $7.12 tax in it, by a subscription that runs for a month."""
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    plan = make.plans()["annual"]
    customer = StripeCustomer(stripe_id="cus_1", user=user, livemode=False)
    subscription = Subscription(
        stripe_id="sub_1",
        customer=customer,
        user=user,
        plan=plan,
        status="active",
        started_at=now,
        period_end=now + timedelta(days=30),
        **fields,
    )
    invoice = Invoice(
        stripe_id="in_1",
        number="NR-0001",
        status="paid",
        currency="USD",
        total_minor=8900,
        paid_minor=8900,
        tax_minor=712,
        hosted_url="https://invoice.stripe.com/i/1",
        paid_at=now,
        subscription=subscription,
    )
    return {"invoice": invoice, "subscription": subscription, "plan": plan}


def queue(user: User | None = None, key: str = "receipt:in_1") -> bool:
    user = user or make.user()
    return outgoing.queue_mail(key, user, "receipt", receipt_context(user))


def run_for(hours: float, step: int = 15) -> None:
    """The worker's next hours, looked at every so many seconds."""
    start = timezone.now()
    for seconds in range(0, int(hours * 3600), step):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            make.run_tasks()


@pytest.mark.django_db
def test_a_receipt_says_what_was_paid_and_what_comes_next(settings: Any) -> None:
    settings.SITE_URL = "https://news.example.org"
    user = make.user("payer@example.org")
    assert queue(user)
    make.run_tasks()
    (letter,) = letters.outbox
    assert letter.to == ["payer@example.org"]
    assert letter.subject == "Your receipt from The Meridian Review: $89"
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"
    for words in (
        f"Subscription: {make.plans()['annual'].name}\nAmount: $89\nTax in it: $7.12\nPaid on: 23 November 2026",
        "Invoice number: NR-0001\nNext payment: 23 December 2026\n",
        "\nhttps://invoice.stripe.com/i/1\n",
        "opened with a code sent to this address:\nhttps://news.example.org/account/login/\n",
        "\nhttps://news.example.org/account/\n",
        "cancel, at any time",
    ):
        assert words in letter.body
    assert "\n\n\n" not in letter.body
    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.attempts, mail.user, mail.text) == ("sent", 1, user, letter.body)
    assert mail.sent_at is not None


@pytest.mark.django_db
def test_a_receipt_leaves_out_what_there_is_not() -> None:
    user = make.user(last_login=timezone.now())
    context = receipt_context(user, cancel_at=datetime(2026, 12, 1, tzinfo=UTC))
    context["plan"] = None
    context["invoice"].tax_minor, context["invoice"].hosted_url, context["invoice"].number = 0, "", ""
    outgoing.queue_mail("receipt:in_1", user, "receipt", context)
    text = OutgoingMail.objects.get().text
    assert "Ends on: 1 December 2026" in text
    for words in ("Tax", "Subscription:", "Next payment", "invoice", "Invoice", "code", "None", "&"):
        assert words not in text


@pytest.mark.django_db
def test_a_returned_second_payment_is_explained() -> None:
    user = make.user()
    context = receipt_context(user)
    kept = Subscription(stripe_id="sub_0", started_at=datetime(2026, 10, 1, tzinfo=UTC))
    context = {"subscription": context["subscription"], "kept": kept, "plan": None, "invoices": [context["invoice"]]}
    assert outgoing.queue_mail("second_payment_returned:sub_1", user, "second_payment_returned", context)
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Your second payment to The Meridian Review goes back to you"
    for words in (
        "since 1 October 2026",
        "on 23 November 2026",
        "Returned: $89 (invoice NR-0001)",
        "goes on unchanged",
    ):
        assert words in mail.text


@pytest.mark.django_db
def test_a_subject_is_one_line_whatever_its_words_are(settings: Any) -> None:
    settings.SITE_NAME = "The Review\r\nBcc: all@example.org\n" + "x" * 400
    queue()
    make.run_tasks()
    (letter,) = letters.outbox
    assert letter.subject.startswith("Your receipt from The Review Bcc: all@example.org xxx")
    assert len(letter.subject) == 300
    assert letter.recipients() == letter.to


@pytest.mark.django_db
def test_a_mail_is_said_once_under_its_key() -> None:
    user = make.user()
    assert [queue(user), queue(user), queue(user, "receipt:in_2")] == [True, False, True]
    make.run_tasks()
    assert queue(user) is False
    make.run_tasks()
    assert len(letters.outbox) == 2


@pytest.mark.django_db
def test_nothing_is_queued_where_the_transaction_around_it_fails() -> None:
    user = make.user()
    with transaction.atomic():
        queue(user)
        transaction.set_rollback(True)
    make.run_tasks()
    assert letters.outbox == []
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db
def test_a_server_that_is_away_for_hours_gets_the_mail_once(mail_server: list[BaseException]) -> None:
    mail_server += [ConnectionRefusedError(111, "refused")] * 5
    queue()
    run_for(hours=2)
    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.attempts, mail.last_error) == ("sent", 6, "")
    assert len(letters.outbox) == 1


@pytest.mark.django_db
def test_a_server_that_stays_away_ends_it_after_the_last_wait(mail_server: list[BaseException]) -> None:
    mail_server += [TimeoutError()] * 99
    queue()
    run_for(hours=8, step=300)
    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.attempts, mail.last_error) == ("failed", 1 + len(outgoing.WAITS), "TimeoutError")
    assert not DBTaskResult.objects.ready().exists()


@pytest.mark.django_db
def test_a_refusal_is_final_and_never_names_the_address(
    mail_server: list[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.append(REFUSED)
    queue()
    run_for(hours=1)
    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.last_error, letters.outbox) == ("failed", "SMTPRecipientsRefused 550", [])
    assert "@" not in caplog.text


@pytest.mark.django_db
def test_a_mail_whose_worker_was_killed_is_sent_after_a_quarter_of_an_hour(mail_server: list[BaseException]) -> None:
    queue()
    mail_server.append(SystemExit())
    task = DBTaskResult.objects.get()
    with pytest.raises(SystemExit):
        outgoing.send_outgoing.func(**task.args_kwargs["kwargs"])
    assert outgoing.send_waiting() == 0  # the task is there still
    DBTaskResult.objects.update(status="RUNNING", started_at=timezone.now() - timedelta(minutes=14))
    assert outgoing.send_waiting() == 0
    DBTaskResult.objects.update(started_at=timezone.now() - timedelta(minutes=16))
    assert outgoing.send_waiting() == 1
    assert outgoing.send_waiting() == 0
    make.run_tasks()
    assert len(letters.outbox) == 1
    assert outgoing.send_waiting() == 0


@pytest.mark.django_db
def test_what_was_given_up_is_sent_at_somebodys_wish_and_what_was_sent_is_not(mail_server: list[BaseException]) -> None:
    mail_server.append(REFUSED)
    queue()
    make.run_tasks()
    queue(key="receipt:in_2")
    make.run_tasks()
    again = outgoing.send_again(OutgoingMail.objects.all())
    assert [mail.dedupe_key for mail in again] == ["receipt:in_1"]
    make.run_tasks()
    assert len(letters.outbox) == 2
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.django_db
def test_a_wish_and_a_later_try_together_send_once(mail_server: list[BaseException]) -> None:
    mail_server.append(TimeoutError())
    queue()
    make.run_tasks()
    assert len(outgoing.send_again(OutgoingMail.objects.all())) == 1
    run_for(hours=0.1)
    assert len(letters.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_of_ten_workers_with_one_mail_one_sends_it() -> None:
    queue()
    mail = OutgoingMail.objects.get()
    barrier = Barrier(10)

    def work() -> None:
        barrier.wait()
        try:
            outgoing.send_outgoing.func(pk=mail.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(work) for _ in range(10)]:
            done.result()
    mail.refresh_from_db()
    assert (len(letters.outbox), mail.state, mail.attempts) == (1, "sent", 1)


@pytest.mark.django_db(transaction=True)
def test_of_ten_syncs_with_one_receipt_one_queues_it() -> None:
    user = make.user()
    barrier = Barrier(10)

    def work() -> bool:
        barrier.wait()
        try:
            return queue(user)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        told = [done.result() for done in [pool.submit(work) for _ in range(10)]]
    assert sorted(told) == [False] * 9 + [True]
    assert (OutgoingMail.objects.count(), DBTaskResult.objects.count()) == (1, 1)
