"""What has to be done again and again, as one task that queues itself: news of Stripe's that was missed, the nightly
comparison with Stripe, mail that still waits, the daily mail, tasks of dead workers, pruning. What each of them does is
the business of its own module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.tasks import TaskResultStatus, task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import pruning
from articles.models import CachePurge
from newsletters import daily, letters
from newsroom import lost_tasks
from paywall import funnel
from paywall.meters import anonymous_meter, reading_history
from paywall.ways_in import gifts, institutions, mail_links
from subscriptions import catalogue, outgoing
from subscriptions.account import due_notices
from subscriptions.contracts import price_moves
from subscriptions.mirroring import reconcile
from subscriptions.paid_once import gift_cards, subscription_gifts

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
PURGES_KEPT_FOR = timedelta(hours=1)
NIGHT_HOUR = 3  # in the publication's time


@task
def keep_house(*, last_night: str = "") -> None:
    """One round. `last_night` is the date (ISO 8601) of the last nightly work that this chain of rounds has done.

    The next round is queued first, so that neither an error nor the death of the worker can end the chain.
    """
    now = timezone.localtime()
    tonight = now.date().isoformat()
    is_night = has_night_come(now, last_night)
    queue_round(run_after=now + EVERY, last_night=tonight if is_night else last_night)
    if settings.STRIPE_SECRET_KEY:
        attempt("catch up with Stripe's events", reconcile.catch_up)
        attempt("bring the plans to Stripe", catalogue.sync_plans)
        attempt("have subscribers moved to new prices", price_moves.queue_moves)
        attempt("have notices of what is due written", due_notices.queue_notices)
        if is_night:
            attempt("compare with Stripe", compare_with_stripe)
    attempt("put back the tasks of dead workers", lost_tasks.settle)
    attempt("send the cards of gifts and begin gifts that waited", look_after_gifts)
    attempt("send the mail that waits", outgoing.send_waiting)
    attempt("have the daily mail written", daily.queue_letters_of_today)
    attempt("look after the daily mail", letters.tidy)
    attempt("prune", pruning.prune)
    attempt("forget reads", forget_reads)
    attempt("forget ended gifts and links in mails", forget_links)
    attempt("forget dead workers", lost_tasks.forget_workers)
    attempt("forget purges that nobody sent", forget_purges)
    attempt("forget old counts of the funnel", funnel.prune)


def forget_purges() -> None:
    """What was due an hour ago and was sent by no worker would purge pages that no CDN keeps any more."""
    CachePurge.objects.filter(due_at__lt=timezone.now() - PURGES_KEPT_FOR).delete()


def forget_reads() -> None:
    """What readers opened long ago or have erased, the meters of strangers whose period is over, and the visits to
    institutions that open nothing any more.
    """
    now = timezone.now()
    reading_history.forget_old(now)
    anonymous_meter.forget_ended(now)
    institutions.forget_visits(now)


def forget_links() -> None:
    now = timezone.now()
    gifts.forget_ended(now)
    mail_links.forget_ended(now)


def look_after_gifts() -> None:
    now = timezone.now()
    gift_cards.send_cards(now)
    subscription_gifts.begin_waiting(now)


def compare_with_stripe() -> None:
    for change in reconcile.reconcile():
        logger.warning("missed by the events of Stripe: %s", change)


def has_night_come(now: datetime, last_night: str) -> bool:
    """Whether the nightly work of the day is due: in the first round from NIGHT_HOUR on. A worker that was away in that
    hour does it when it is back.
    """
    return now.hour >= NIGHT_HOUR and last_night != now.date().isoformat()


def queue_round(*, run_after: datetime | None = None, last_night: str = "") -> None:
    """Queue a round, unless one is waiting already: several workers at once still leave a single one waiting."""
    waiting = DBTaskResult.objects.filter(task_path=keep_house.module_path, status=TaskResultStatus.READY)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [keep_house.module_path])
        if not waiting.exists():
            keep_house.using(run_after=run_after).enqueue(last_night=last_night)


def attempt(what: str, work: Callable[[], object]) -> None:
    """Do it and log its failure: whatever goes wrong in one work must not keep the others from being done."""
    try:
        work()
    except Exception:
        logger.exception("housekeeping could not %s", what)
