"""Mail leaves through the task queue: the answer to a request takes equally long whether a mail is sent or not.

A queued row holds the whole text, code included. That is no more than the session row holds, and a code is of use for
a quarter of an hour in one browser only; `accounts.pruning` removes the rows that are done. Addresses never reach the
log.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta

from django.core.mail import EmailMessage
from django.tasks import task
from django.utils import timezone

from accounts.letters import letter

logger = logging.getLogger(__name__)

BEFORE_OTHER_TASKS = 50  # somebody sits before a form and waits for the code
RETRY_AFTER = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=4))  # all within the life of a code


class MailNotSent(Exception):
    """The mail server did not take the mail. Says why without naming the address."""


def enqueue(message: EmailMessage, *, is_decoy: bool = False) -> None:
    """Queue the text of a message to one recipient; the worker makes the HTML beside it (accounts/letters.py). A decoy
    takes as long and is never sent.
    """
    (recipient,) = message.to
    subject, text = str(message.subject), str(message.body)
    task_of_mail = drop if is_decoy else send
    task_of_mail.enqueue(recipient=recipient, sender=message.from_email, subject=subject, text=text)


@task(priority=BEFORE_OTHER_TASKS)
def send(*, recipient: str, sender: str, subject: str, text: str, attempt: int = 0) -> None:
    """Hand the mail to the server; what may pass is tried again later, a refusal is not. Raises MailNotSent."""
    try:
        letter(subject, text, sender, recipient).send()
    except (OSError, smtplib.SMTPException) as error:
        if is_final(error) or attempt >= len(RETRY_AFTER):
            raise MailNotSent(reason(error)) from None
        logger.warning("mail not sent at attempt %d: %s", attempt + 1, reason(error))
        again = send.using(run_after=timezone.now() + RETRY_AFTER[attempt])
        again.enqueue(recipient=recipient, sender=sender, subject=subject, text=text, attempt=attempt + 1)


@task(priority=BEFORE_OTHER_TASKS)
def drop(*, recipient: str, sender: str, subject: str, text: str) -> None:
    """What becomes of a decoy."""


def is_final(error: Exception) -> bool:
    """Whether the server has said that it will never take this mail (a code of 500 and more, RFC 5321 4.2.1)."""
    return bool(codes := smtp_codes(error)) and all(code >= 500 for code in codes)


def smtp_codes(error: Exception) -> list[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _answer in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def reason(error: Exception) -> str:
    return " ".join([type(error).__name__, *map(str, smtp_codes(error))])
