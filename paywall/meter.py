"""The monthly allowance of registered readers. A read is spent in one statement under unique keys; reading again in the
same month is free.
"""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from paywall.access import MeterFacts
from paywall.models import MeteredRead

# The lowest free slot of the month. Whoever takes it first has it: the loser of a race inserts nothing and asks again.
SPEND = """
    INSERT INTO paywall_meteredread (user_id, article_id, period, slot, read_at)
    SELECT %(user)s, %(article)s, %(period)s, slot, %(now)s
      FROM generate_series(1, %(allowance)s) AS slot
     WHERE NOT EXISTS (
        SELECT 1 FROM paywall_meteredread
         WHERE user_id = %(user)s AND period = %(period)s AND paywall_meteredread.slot = slot.slot
     )
     ORDER BY slot LIMIT 1
    ON CONFLICT DO NOTHING
"""


def period_of(now: datetime) -> date:
    """The first day of the calendar month of `now` in the publication's time zone."""
    return timezone.localtime(now).date().replace(day=1)


def next_period(period: date) -> date:
    return date(period.year + period.month // 12, period.month % 12 + 1, 1)


def meter_facts(user_id: int, article_id: int | None, now: datetime) -> MeterFacts:
    """Where the reader's month stands, in one query; with an article, also whether it was opened."""
    period = period_of(now)
    reads = MeteredRead.objects.filter(user_id=user_id, period=period)
    counts = reads.aggregate(used=Count("pk"), this=Count("pk", filter=Q(article_id=article_id)))
    return MeterFacts(
        allowance=settings.MONTHLY_ALLOWANCE,
        used=counts["used"],
        has_read_this=counts["this"] > 0,
        renews_on=next_period(period),
    )


def spend(user_id: int, article_id: int, now: datetime) -> MeterFacts:
    """Spend one read on the article if one is left, and say where the month stands then. Never more than the allowance,
    however many ask at once.
    """
    facts = meter_facts(user_id, article_id, now)
    for _attempt in range(settings.MONTHLY_ALLOWANCE + 1):
        if facts.has_read_this or facts.reads_left == 0:
            break
        with connection.cursor() as cursor:
            cursor.execute(
                SPEND,
                {
                    "user": user_id,
                    "article": article_id,
                    "period": period_of(now),
                    "now": now,
                    "allowance": settings.MONTHLY_ALLOWANCE,
                },
            )
        facts = meter_facts(user_id, article_id, now)
    return facts
