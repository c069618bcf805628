"""Tells a CDN in front of the site which pages have changed, by the surrogate keys that the pages carried. The worker
runs it; without CDN_PURGE_URL there is nobody to tell, and the outbox is emptied.
"""

from __future__ import annotations

import logging
import threading
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from http.client import HTTPException

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from articles.caching import EVERYWHERE
from articles.models import CachePurge
from articles.page_store import EVERYTHING

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds
ANSWER_LIMIT = 5  # seconds
MOST_AT_ONCE = 50  # rows
MOST_KEYS = 200  # in one request; Fastly takes 256
PUT_OFF = timedelta(minutes=1)
# A page that was being made while its keys were purged may reach the CDN after the purge, so each is told once more.
TOLD_AGAIN_AFTER = timedelta(seconds=10)
# By then the longest s-maxage is long over, and whoever cares for the CDN has been told in the log.
MOST_ATTEMPTS = 12
LONGEST_PAUSE = timedelta(minutes=5)


class PurgeRefused(Exception):
    """The CDN did not take the purge. Says why, without its address."""


class PurgeSender:
    """A background part of the worker."""

    def __init__(self, _worker_id: str = "") -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cdn purges", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(ANSWER_LIMIT + 1)

    def _run(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            try:
                tell_purges()
            except Exception as error:  # the database is away, mostly; what is due stays due, and the thread goes on
                logger.warning("purges of the CDN wait: %s", type(error).__name__)
                connection.close()
        connection.close()


def tell_purges() -> int:
    """Tell the CDN what is due; the number of rows that were dealt with. Several workers may do so at once.

    What is about to be told is put off first, so that no lock is held meanwhile: if this process dies, it is due again.
    """
    now = timezone.now()
    if not settings.CDN_PURGE_URL:
        return CachePurge.objects.filter(due_at__lte=now).delete()[0]
    with transaction.atomic():
        waiting = CachePurge.objects.select_for_update(skip_locked=True).filter(due_at__lte=now).order_by("pk")
        due = list(waiting[:MOST_AT_ONCE])
        CachePurge.objects.filter(pk__in=[purge.pk for purge in due]).update(due_at=now + PUT_OFF)
    if due:
        tell(due, now)
    return len(due)


def tell(due: list[CachePurge], now: datetime) -> None:
    """One request for all. What was taken is told once more later, then forgotten; what was not is tried again."""
    try:
        send(keys_of(due))
    except PurgeRefused as refusal:
        logger.warning("the CDN did not take a purge: %s", refusal)
        for purge in due:
            purge.attempts += 1
            purge.due_at = now + min(timedelta(seconds=2**purge.attempts), LONGEST_PAUSE)
        lost = [purge.pk for purge in due if purge.attempts >= MOST_ATTEMPTS]
    else:
        lost = [purge.pk for purge in due if purge.is_repeated]
        for purge in due:
            purge.is_repeated, purge.attempts, purge.due_at = True, 0, now + TOLD_AGAIN_AFTER
    CachePurge.objects.bulk_update(due, ["is_repeated", "attempts", "due_at"])
    CachePurge.objects.filter(pk__in=lost).delete()


def keys_of(due: list[CachePurge]) -> list[str]:
    """What to tell. No page carries the key for everything, and no CDN takes any number of keys; but each page carries
    those of what stands on every page.
    """
    named = {key for purge in due for key in purge.keys.split()}
    return list(EVERYWHERE) if EVERYTHING in named or len(named) > MOST_KEYS else sorted(named)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Elsewhere nobody has purged anything, and our secret is none of their business."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


def send(keys: list[str]) -> None:
    """A POST with the keys as Fastly and others read them: https://www.fastly.com/documentation/reference/api/purging/.

    The header of CDN_PURGE_HEADER says who we are. Raises PurgeRefused.
    """
    name, _, value = settings.CDN_PURGE_HEADER.partition(":")
    headers = {"Surrogate-Key": " ".join(keys), **({name.strip(): value.strip()} if name else {})}
    request = urllib.request.Request(settings.CDN_PURGE_URL, data=b"", headers=headers, method="POST")  # noqa: S310 - env
    try:
        urllib.request.build_opener(NoRedirects).open(request, timeout=ANSWER_LIMIT).close()
    except urllib.error.HTTPError as error:
        raise PurgeRefused(f"it answered {error.code}") from None
    except (OSError, ValueError, HTTPException) as error:
        raise PurgeRefused(type(error).__name__) from None
