"""Mails about a subscription: a row under a key that makes it unique, sent by the queue, seen in admin.

Each try has a number, and only one worker gets a number: it counts `attempts` up in one statement before it speaks to
the mail server, and marks the row as sent afterwards. A worker that is killed between the server's yes and that mark
leaves a row that is sent again later: at least once in that corner, once everywhere else.
"""

from __future__ import annotations

import base64
import logging
import smtplib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.tasks import TaskResultStatus, task
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_tasks_db.models import DBTaskResult

from accounts.letters import letter
from accounts.mail import is_final, reason
from accounts.models import User
from subscriptions.models import MailState, OutgoingMail

logger = logging.getLogger(__name__)

WAITS = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=4),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
)
LONGEST_SUBJECT = 300
SECRET_MARK = "{secret}"  # noqa: S105 - where it goes
LONGEST_TRY = timedelta(minutes=15)  # far beyond the time-outs of the mail server: a worker this late is dead


@transaction.atomic
def queue_mail(key: str, user: User | None, template: str, context: dict[str, Any], *, recipient: str = "") -> bool:
    """Write a mail to the reader and queue it, in the caller's transaction; False where the key was there before.
    `recipient` is an address (normalised) where it is not the reader's, or there is none.

    `template` names two files in templates/subscriptions/mail/: <template>_subject.txt and <template>.txt. Where the
    text says SECRET_MARK the mail, and nothing that is stored, has the secret of its key.
    """
    if OutgoingMail.objects.filter(dedupe_key=key).exists():
        return False
    site = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "user": user}
    folder = "subscriptions/mail"
    subject = render_to_string(f"{folder}/{template}_subject.txt", site | context)
    text = render_to_string(f"{folder}/{template}.txt", site | context)
    mail, is_new = OutgoingMail.objects.get_or_create(
        dedupe_key=key,
        defaults={
            "user": user,
            "recipient": recipient or (user.email if user is not None else ""),
            "subject": one_line(subject),
            "text": text.strip() + "\n",
        },
    )
    if is_new:
        send_outgoing.enqueue(pk=mail.pk)
    return is_new


def one_line(subject: str) -> str:
    """A name that an editor wrote over two lines must not begin a header of its own."""
    return " ".join(subject.split())[:LONGEST_SUBJECT]


def secret_of(key: str) -> str:
    """The secret that stands in the mail with this key: 256 bits, made of the site's own key each time. What follows a
    "#" only tells one mail with the secret from the next.
    """
    digest = salted_hmac("subscriptions.outgoing", key.partition("#")[0], algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def revealed(mail: OutgoingMail) -> str:
    return mail.text.replace(SECRET_MARK, secret_of(mail.dedupe_key))


@task
def send_outgoing(*, pk: int, attempt: int = 0) -> None:
    """Try to send the mail; `attempt` counts the tries before this one. What may pass is tried again ever later."""
    if not OutgoingMail.objects.filter(pk=pk, state=MailState.WAITING, attempts=attempt).update(attempts=attempt + 1):
        return  # another worker has this try, or the mail is done with
    mail = OutgoingMail.objects.get(pk=pk)
    try:
        letter(mail.subject, revealed(mail), None, mail.recipient).send()
    except (OSError, smtplib.SMTPException) as error:
        put_off(mail, error)
        return
    except Exception as error:
        put_off(mail, error)  # a mistake of ours, which the failed task tells of
        raise
    mail.state, mail.sent_at, mail.last_error = MailState.SENT, timezone.now(), ""
    mail.save(update_fields=["state", "sent_at", "last_error"])


@transaction.atomic
def put_off(mail: OutgoingMail, error: Exception) -> None:
    """Note why it failed, without the address, and queue the next try if there is one."""
    mail.last_error = reason(error)
    if is_final(error) or mail.attempts > len(WAITS):
        mail.state = MailState.FAILED
        logger.error("mail %d given up at attempt %d: %s", mail.pk, mail.attempts, mail.last_error)
    else:
        at = timezone.now() + WAITS[mail.attempts - 1]
        send_outgoing.using(run_after=at).enqueue(pk=mail.pk, attempt=mail.attempts)
        logger.warning("mail %d not sent at attempt %d: %s", mail.pk, mail.attempts, mail.last_error)
    mail.save(update_fields=["state", "last_error"])


def send_waiting() -> int:
    """Queue the mails that wait though no worker will come for them: one was killed. The number of those queued."""
    awaited = mails_of_tasks(TaskResultStatus.READY) | mails_in_hand()
    waiting = OutgoingMail.objects.filter(state=MailState.WAITING)
    return len(queue_again(mail for mail in waiting if mail.pk not in awaited))


def send_again(mails: Iterable[OutgoingMail]) -> list[OutgoingMail]:
    """Try mails that wait or were given up now, at somebody's wish; those that are queued.

    What was sent stays sent, and what a worker has in hand is left to it.
    """
    in_hand = mails_in_hand()
    return queue_again(mail for mail in mails if mail.pk not in in_hand)


@transaction.atomic
def queue_again(mails: Iterable[OutgoingMail]) -> list[OutgoingMail]:
    """The count of tries goes on, so that a task which still waits for an earlier number finds nothing to do."""
    queued = []
    for mail in mails:
        same = OutgoingMail.objects.filter(pk=mail.pk, attempts=mail.attempts).exclude(state=MailState.SENT)
        if same.update(state=MailState.WAITING):
            send_outgoing.enqueue(pk=mail.pk, attempt=mail.attempts)
            queued.append(mail)
    return queued


def mails_in_hand() -> set[int]:
    """The mails that a worker is sending at this moment."""
    return mails_of_tasks(TaskResultStatus.RUNNING, started_at__gt=timezone.now() - LONGEST_TRY)


def mails_of_tasks(status: TaskResultStatus, **conditions: Any) -> set[int]:
    tasks = DBTaskResult.objects.filter(task_path=send_outgoing.module_path, status=status, **conditions)
    return {arguments["kwargs"]["pk"] for arguments in tasks.values_list("args_kwargs", flat=True)}
