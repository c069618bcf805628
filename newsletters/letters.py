"""Sending what newsletters/daily.py has chosen: headline, standfirst, authors and a link for each article, and never a
word of a teaser or a body, so that a mail holds nothing that is not open to everybody.

A worker takes a letter before it speaks to the mail server. One that was in the hand of a worker when it was killed is
not sent again, since nobody knows whether it arrived: here a reader rather misses a mail than gets it twice.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Exists, OuterRef, QuerySet
from django.tasks import TaskResultStatus, task
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import letters
from accounts.mail import is_final, reason, smtp_codes
from articles.marks import Mark, marks_of
from articles.models import Article
from newsletters.models import Letter, LetterState
from newsletters.stopping import DAILY, stop_url
from paywall.ways_in import mail_links

logger = logging.getLogger(__name__)

BEHIND_OTHER_TASKS = -10  # nobody sits and waits for it
BATCH = 20  # letters in one task, so that a code that is asked for meanwhile waits for no more of them
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=6),
)
LONGEST_TRY = timedelta(hours=1)  # far beyond what one letter takes: a worker this late is dead
KEPT_FOR = timedelta(days=30)
LONGEST_SUBJECT = 200


class ServerAway(Exception):
    """The mail server does not answer, or takes nothing from anybody just now."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a letter says of one article."""

    article: Article
    url: str
    mark: Mark
    is_own: bool = False  # the address is this reader's alone, and opens the article without a login


def queue_letters(written: Sequence[Letter]) -> None:
    """Have them sent by the queue, in the caller's transaction."""
    for some in batched(written, BATCH, strict=False):
        send_letters.enqueue(pks=[letter.pk for letter in some])


@task(priority=BEHIND_OTHER_TASKS)
def send_letters(*, pks: list[int], attempt: int = 0) -> None:
    """Send those that wait; `attempt` counts the tries before this one. What may pass is tried again ever later."""
    entries = entries_of(Letter.objects.filter(pk__in=pks, state=LetterState.WAITING), timezone.now())
    put_off: list[int] = []
    is_away = False
    for pk in pks:
        letter = take(pk, attempt)
        message = None if letter is None else message_for(letter, entries)
        if letter is None or message is None:
            continue
        try:
            if is_away:
                raise ServerAway
            message.send()
        except (OSError, smtplib.SMTPException, ServerAway) as error:
            is_away = is_away or not smtp_codes(error)
            if has_failed(letter, error):
                put_off.append(pk)
        else:
            settle(letter, LetterState.SENT)
    if put_off:
        again = send_letters.using(run_after=timezone.now() + WAITS[attempt])
        again.enqueue(pks=put_off, attempt=attempt + 1)


def entries_of(waiting: QuerySet[Letter], now: datetime) -> dict[int, Entry]:
    """By number, the articles of these letters that are out at this moment."""
    wanted = {article for ids in waiting.values_list("article_ids", flat=True) for article in ids}
    rows = Article.objects.published(now).filter(pk__in=wanted).defer("teaser").prefetch_related("bylines__author")
    out = list(rows)
    marks = marks_of(out, now)
    return {
        article.pk: Entry(article, settings.SITE_URL + article.get_absolute_url(), marks.of(article)) for article in out
    }


def take(pk: int, attempt: int) -> Letter | None:
    """The letter, if it is this worker's to send: only one gets it."""
    waiting = Letter.objects.filter(pk=pk, state=LetterState.WAITING, attempts=attempt)
    if not waiting.update(state=LetterState.TAKEN, attempts=attempt + 1, changed_at=timezone.now()):
        return None
    return Letter.objects.select_related("user").get(pk=pk)


def message_for(letter: Letter, entries: Mapping[int, Entry]) -> EmailMultiAlternatives | None:
    """The mail; None where its reader wants none any more or nothing is left to tell, and then the letter is done."""
    told = [entries[article] for article in letter.article_ids if article in entries]
    if told and is_wanted(letter):
        return message_to(letter, with_own_links(letter, told))
    settle(letter, LetterState.DROPPED)
    return None


def with_own_links(letter: Letter, entries: list[Entry]) -> list[Entry]:
    """For who holds the library each closed article opens by the mail; all others get the addresses that all have."""
    urls = mail_links.urls_for(letter.user_id, [entry.article for entry in entries], timezone.now())
    return [
        replace(entry, url=urls[entry.article.pk], is_own=True) if entry.article.pk in urls else entry
        for entry in entries
    ]


def is_wanted(letter: Letter) -> bool:
    """Whether the reader still has the mail on, an account that is open, and an address that they have confirmed."""
    wanted = Letter.objects.filter(pk=letter.pk, user__is_active=True, user__daily_mail__is_on=True)
    return wanted.filter(confirmed()).exists()


def confirmed() -> Exists:
    """Whether the user of a row has confirmed the address to which we write."""
    return Exists(EmailAddress.objects.filter(user=OuterRef("user"), email=OuterRef("user__email"), verified=True))


def message_to(letter: Letter, entries: list[Entry]) -> EmailMultiAlternatives:
    """The mail, with the headers by which mail programs know a list and offer the way out (RFC 2369, 2919, 8058)."""
    stop = stop_url(letter.user_id)
    context = {
        "entries": entries,
        "others": letter.others,
        "days": mail_links.LASTS.days if any(entry.is_own for entry in entries) else 0,
        "archive_url": settings.SITE_URL + reverse("articles:archive"),
        "following_url": settings.SITE_URL + reverse("newsletters:following"),
        "stop_url": stop,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    subject = render_to_string("newsletters/mail/daily_subject.txt", context)
    headers = {
        "List-Id": f"<{DAILY}.{urlsplit(settings.SITE_URL).hostname}>",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }
    text = render_to_string("newsletters/mail/daily.txt", context).strip() + "\n"
    return letters.letter(" ".join(subject.split())[:LONGEST_SUBJECT], text, None, letter.user.email, headers)


def settle(letter: Letter, state: LetterState) -> None:
    Letter.objects.filter(pk=letter.pk).update(state=state, changed_at=timezone.now())


def has_failed(letter: Letter, error: Exception) -> bool:
    """Note that it was not taken; whether it is to be tried again."""
    if is_final(error) or letter.attempts > len(WAITS):
        settle(letter, LetterState.FAILED)
        logger.error("letter %d given up at attempt %d: %s", letter.pk, letter.attempts, reason(error))
        return False
    settle(letter, LetterState.WAITING)
    logger.warning("letter %d not sent at attempt %d: %s", letter.pk, letter.attempts, reason(error))
    return True


def tidy() -> None:
    """Queue letters that wait though no task will come for them, give up those that a dead worker had in hand, and
    forget old ones.
    """
    now = timezone.now()
    lost = Letter.objects.filter(state=LetterState.TAKEN, changed_at__lt=now - LONGEST_TRY)
    if number := lost.update(state=LetterState.FAILED, changed_at=now):
        logger.error("%d letters given up: their worker is lost", number)
    Letter.objects.filter(day__lt=timezone.localdate(now - KEPT_FOR)).delete()
    queue_forgotten()


def queue_forgotten() -> None:
    """A task that ended before its time has left its letters waiting."""
    awaited = pks_of_tasks()
    waiting = Letter.objects.filter(state=LetterState.WAITING).exclude(pk__in=awaited)
    by_attempt: dict[int, list[int]] = {}
    for pk, attempts in waiting.values_list("pk", "attempts"):
        by_attempt.setdefault(attempts, []).append(pk)
    for attempt, pks in by_attempt.items():
        for some in batched(pks, BATCH, strict=False):
            send_letters.enqueue(pks=list(some), attempt=attempt)


def pks_of_tasks() -> set[int]:
    """The letters that a task waits to send, or is sending."""
    going_on = (TaskResultStatus.READY, TaskResultStatus.RUNNING)
    tasks = DBTaskResult.objects.filter(task_path=send_letters.module_path, status__in=going_on)
    arguments: Iterable[dict[str, Any]] = tasks.values_list("args_kwargs", flat=True)
    return {pk for one in arguments for pk in one["kwargs"]["pks"]}
