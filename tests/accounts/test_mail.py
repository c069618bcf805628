"""Mail leaves through the queue, is tried again when the server is away, and names nobody in the log."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail as outgoing
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import mail
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

PASSING = [
    ConnectionRefusedError(111, "refused"),
    TimeoutError(),
    smtplib.SMTPServerDisconnected("gone"),
    smtplib.SMTPResponseException(451, b"try later"),
    smtplib.SMTPRecipientsRefused({"reader@example.org": (450, b"greylisted")}),
]
FINAL = [
    smtplib.SMTPRecipientsRefused({"reader@example.org": (550, b"no such user reader@example.org")}),
    smtplib.SMTPSenderRefused(553, b"who are you", "post@example.org"),
]


def run_for(minutes: int) -> None:
    start = timezone.now()
    for seconds in range(0, minutes * 60, 15):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            make.run_tasks()


def test_nothing_is_sent_within_the_request(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    assert outgoing.outbox == []
    make.run_tasks()
    assert len(outgoing.outbox) == 1
    assert outgoing.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_a_server_that_is_away_for_a_while_gets_the_mail_once(
    error: Exception, mail_server: list[BaseException], stranger: Client
) -> None:
    mail_server += [error, error]
    doors.ask_at_login(stranger, "reader@example.org")
    run_for(minutes=6)
    assert [letter.to for letter in outgoing.outbox] == [["reader@example.org"]]


def test_a_server_that_stays_away_ends_it_while_the_code_is_still_good(
    mail_server: list[BaseException], stranger: Client
) -> None:
    mail_server += [ConnectionRefusedError()] * 99
    doors.ask_at_login(stranger, "reader@example.org")
    run_for(minutes=6)
    assert len(mail_server) == 99 - 4
    assert DBTaskResult.objects.failed().count() == 1
    assert not DBTaskResult.objects.filter(status="READY").exists()


@pytest.mark.parametrize("error", FINAL, ids=lambda error: type(error).__name__)
def test_a_refusal_is_final_and_is_noted_without_the_address(
    error: Exception, mail_server: list[BaseException], stranger: Client, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.append(error)
    doors.ask_at_login(stranger, "reader@example.org")
    run_for(minutes=6)
    assert outgoing.outbox == []
    failed = DBTaskResult.objects.failed().get()
    assert failed.exception_class_path == "accounts.mail.MailNotSent"
    assert "reader@" not in failed.traceback
    assert "reader@" not in caplog.text


def test_the_wait_for_a_code_is_not_behind_other_tasks() -> None:
    assert mail.send.priority > 0


def test_all_tries_lie_within_the_life_of_a_code(settings: Any) -> None:
    assert sum(mail.RETRY_AFTER, timedelta()) < timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT / 2)
