"""Which articles have come out, in the order in which that was found: what mails count from, instead of dates.

A date can be set into the past or the future; an arrival happens once. What is dated more than WINDOW before it is
found belongs to the library (an import, a piece from long ago), and is told to nobody as new.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from articles.models import Article
from articles.models.article import ArticleQuerySet
from newsletters.models import Arrival

WINDOW = timedelta(days=7)
MOST = 2000  # articles noted at once; further ones at the next time
LOCK = "newsletters.arrivals"


def note_arrivals(now: datetime | None = None) -> int:
    """Give each article that is out and new its number; the last number given to any, 0 where there is none.

    One at a time, until the caller's transaction ends: so no number is seen before all lower ones are.
    """
    moment = now or timezone.now()
    if not_noted(moment).exists():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])
            new = not_noted(moment).order_by("published_at", "pk").values_list("pk", flat=True)[:MOST]
            Arrival.objects.bulk_create([Arrival(article_id=pk, arrived_at=moment) for pk in new])
    return last_arrival()


def not_noted(now: datetime) -> ArticleQuerySet:
    known = Exists(Arrival.objects.filter(article=OuterRef("pk")))
    return Article.objects.published(now).filter(published_at__gt=now - WINDOW).exclude(known)


def last_arrival() -> int:
    number: int | None = Arrival.objects.aggregate(number=Max("pk"))["number"]
    return number or 0
