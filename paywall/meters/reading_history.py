"""What a registered reader has opened with reads: listed, erased, forgotten. Erasing takes away the article and never
the read: a spent one stays spent until its day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import FETCH_PEERS, Q
from django.utils import timezone

from paywall.meters.periods import local_day
from paywall.models import MeteredRead

PAGE_SIZE = 20
KEPT_FOR = timedelta(days=400)  # after its period, about thirteen months


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page, the latest first; `older` is the number below which the next begins, 0 on the last."""

    reads: list[MeteredRead]
    older: int


def history_of(user_id: int, before: int) -> HistoryPage:
    """What the reader opened, below the number `before`, or from the top where it is 0."""
    reads = MeteredRead.objects.filter(user_id=user_id).listed().order_by("-pk")
    if before:
        reads = reads.filter(pk__lt=before)
    told = reads.select_related("article__section").prefetch_related("article__bylines__author")
    rows = list(told.fetch_mode(FETCH_PEERS)[: PAGE_SIZE + 1])
    return HistoryPage(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else 0)


def erased_and_spent(user_id: int, now: datetime) -> int:
    """How many reads still count whose article the reader has erased."""
    return MeteredRead.objects.filter(user_id=user_id, article=None).counted(local_day(now)).count()


def erase(user_id: int, now: datetime, read_id: int | None = None) -> int:
    """Erase one read of this reader, or all; says how many. What still counts stays spent until its day, without the
    article and the moment; the rest goes.
    """
    today = local_day(now)
    reads = MeteredRead.objects.filter(user_id=user_id).listed()
    if read_id is not None:
        reads = reads.filter(pk=read_id)
    midnight = timezone.make_aware(datetime.combine(today, time()))
    blanked = reads.counted(today).update(article=None, read_at=midnight)
    return blanked + reads.filter(renews_on__lte=today).delete()[0]


def forget_old(now: datetime) -> int:
    """Remove what nobody needs any more: erased reads once they no longer count, all others after KEPT_FOR."""
    today = local_day(now)
    is_over = Q(article=None, renews_on__lte=today) | Q(renews_on__lte=today - KEPT_FOR)
    return MeteredRead.objects.filter(is_over).delete()[0]
