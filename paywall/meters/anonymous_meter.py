"""Free articles of strangers. The cookie is the name of a meter and no more: what was read, how much is left and until
when stand in the database, so that nothing a browser sends can add to them.

It is soft. Whoever removes the cookie begins anew, as often in a day as ACCOUNT_RATE_LIMITS allows one network; nothing
else is known of a browser, and nothing is looked for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from paywall.access import NO_METER, MeterFacts
from paywall.cookies import METER, read_cookie, set_cookie
from paywall.meters.meter import facts_by, terms_of_meter
from paywall.meters.periods import local_day
from paywall.models import AnonymousMeter, AnonymousRead
from paywall.models.meter import MOST_DAYS

LONGEST = timedelta(days=MOST_DAYS + 1)  # how old a cookie of a meter that has not ended can be


def meter_id_of(request: HttpRequest) -> UUID | None:
    """The meter that the request's cookie names; None without one, and for one that is not ours or was changed."""
    name = read_cookie(request, METER, LONGEST)
    try:
        return UUID(hex=name) if name else None
    except ValueError:
        return None


def remember(response: HttpResponseBase, meter: AnonymousMeter, now: datetime) -> None:
    set_cookie(response, METER, meter.pk.hex, timedelta(days=(meter.renews_on - local_day(now)).days + 1))


def new_meter(now: datetime) -> AnonymousMeter:
    """Begun with its first read; it ends with the period in which that lies."""
    terms, today = terms_of_meter(), local_day(now)
    return AnonymousMeter.objects.create(period=terms.begins_on(today), renews_on=terms.renews_on(today))


def live_meter(meter_id: UUID | None, now: datetime) -> AnonymousMeter | None:
    """The meter, if it has not come to its end."""
    if meter_id is None:
        return None
    return AnonymousMeter.objects.filter(pk=meter_id, renews_on__gt=local_day(now)).first()


def anonymous_facts(meter_id: UUID | None, article_id: int | None, now: datetime) -> MeterFacts:
    """Where a stranger's period stands. Without a cookie it costs no query: so stands the gate that everybody is shown.

    What was opened stays open until the meter's end, also where publishers have switched the offer off meanwhile.
    """
    terms, today = terms_of_meter(), local_day(now)
    fresh = facts_by(replace(terms, allowance=terms.anonymous_allowance), today)
    if meter_id is None:
        return fresh if fresh.allowance else NO_METER
    rows = AnonymousRead.objects.filter(meter_id=meter_id, meter__renews_on__gt=today)
    read = list(rows.values_list("article_id", "meter__renews_on"))
    if not read:
        return fresh
    has_read_this = any(opened_id == article_id for opened_id, _ends_on in read)
    return replace(fresh, used=len(read), has_read_this=has_read_this, renews_on=read[0][1])


def has_opened(meter_id: UUID, article_id: int, now: datetime) -> bool:
    rows = AnonymousRead.objects.filter(meter_id=meter_id, article_id=article_id)
    return rows.filter(meter__renews_on__gt=local_day(now)).exists()


def spend_anonymously(meter: AnonymousMeter, article_id: int, now: datetime) -> bool:
    """Spend one read of this meter on the article; whether it is open then. Counted under a lock of the meter's row."""
    allowance = terms_of_meter().anonymous_allowance
    with transaction.atomic():
        if not AnonymousMeter.objects.select_for_update().filter(pk=meter.pk, renews_on__gt=local_day(now)).exists():
            return False
        if meter.reads.filter(article_id=article_id).exists():
            return True
        if meter.reads.count() >= allowance:
            return False
        meter.reads.create(article_id=article_id)
    return True


def forget_ended(now: datetime) -> int:
    """Remove the meters whose period is over, with their reads; says how many rows went."""
    return AnonymousMeter.objects.filter(renews_on__lte=local_day(now)).delete()[0]
