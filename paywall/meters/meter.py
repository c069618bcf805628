"""The allowance of registered readers and of subscribers whose plan counts. A read is spent in one statement under a
lock of its reader, so that however many ask at once the allowance is never exceeded; reading again is free.

What a read is spent on stays open, and counts, until the day that was named then, whatever is changed meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Count, Min, Q
from django.utils import timezone

from articles.caching import EVERYBODYS_ACCESS, next_midnight
from articles.page_store import Lifetime, store
from paywall.access import MeterFacts
from paywall.meters.periods import MeterTerms, local_day
from paywall.models import Meter, MeteredRead, PeriodKind
from subscriptions.models import Plan

# Whoever waits for the lock counts with what its holder has written: each statement looks anew.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('paywall_meteredread', %(user)s))"
SPEND = """
    INSERT INTO paywall_meteredread (user_id, article_id, period, renews_on, slot, read_at)
    SELECT %(user)s, %(article)s, %(period)s, %(renews_on)s, 1 + (
        SELECT coalesce(max(slot), 0) FROM paywall_meteredread
         WHERE user_id = %(user)s AND renews_on = %(renews_on)s
    ), %(now)s
     WHERE %(allowance)s > (
        SELECT count(*) FROM paywall_meteredread WHERE user_id = %(user)s AND renews_on > %(today)s
    ) AND NOT EXISTS (
        SELECT FROM paywall_meteredread
         WHERE user_id = %(user)s AND article_id = %(article)s AND renews_on > %(today)s
    )
    ON CONFLICT DO NOTHING
"""


def terms_of_meter() -> MeterTerms:
    """What holds for everybody's meter, kept by the web process until it is changed."""
    return store.kept_or_made(
        "meter", recorded_terms, lambda _terms: Lifetime((EVERYBODYS_ACCESS, "plans"), next_midnight(timezone.now()))
    )


def recorded_terms() -> MeterTerms:
    meter = Meter.objects.first() or Meter()
    return MeterTerms(
        allowance=Plan.objects.registration_allowance(),
        anonymous_allowance=meter.anonymous_allowance,
        rolling_days=meter.days if meter.period_kind == PeriodKind.ROLLING else None,
    )


def meter_facts(user_id: int, article_id: int | None, now: datetime, *, of_plan: int | None = None) -> MeterFacts:
    """Where the reader's period stands, in one query beside the terms; with an article, also whether it was opened.
    `of_plan` is the allowance of a light plan that the reader holds: the larger one counts.
    """
    terms, today = terms_of_meter(), local_day(now)
    is_this = Q(article_id=article_id) if article_id is not None else Q(pk=None)
    counts = (
        MeteredRead.objects.filter(user_id=user_id)
        .counted(today)
        .aggregate(used=Count("pk"), this=Count("pk", filter=is_this), next=Min("renews_on"))
    )
    return facts_by(
        terms, today, used=counts["used"], has_read_this=counts["this"] > 0, renews_on=counts["next"], of_plan=of_plan
    )


def facts_by(
    terms: MeterTerms,
    today: date,
    *,
    used: int = 0,
    has_read_this: bool = False,
    renews_on: date | None = None,
    of_plan: int | None = None,
) -> MeterFacts:
    """`renews_on` is the first day on which a spent read comes back; where none is spent, when one of today would."""
    is_plans = of_plan is not None and of_plan >= terms.allowance
    return MeterFacts(
        allowance=of_plan if of_plan is not None and is_plans else terms.allowance,
        used=used,
        has_read_this=has_read_this,
        renews_on=renews_on or terms.renews_on(today),
        is_rolling=terms.is_rolling,
        is_plans=is_plans,
    )


def spend(user_id: int, article_id: int, now: datetime, *, of_plan: int | None = None) -> MeterFacts:
    """Spend one read on the article if one is left, and say where the period stands then. Never more than the
    allowance, however many ask at once.
    """
    facts = meter_facts(user_id, article_id, now, of_plan=of_plan)
    if facts.has_read_this or facts.reads_left == 0:
        return facts
    terms, today = terms_of_meter(), local_day(now)
    values: dict[str, int | date | datetime] = {
        "user": user_id,
        "article": article_id,
        "period": terms.begins_on(today),
        "renews_on": terms.renews_on(today),
        "allowance": facts.allowance,
        "today": today,
        "now": now,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK, values)
        cursor.execute(SPEND, values)
    return meter_facts(user_id, article_id, now, of_plan=of_plan)
