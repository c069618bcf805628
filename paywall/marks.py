"""What articles ask of everybody, as lists, feeds and mails say it: the same answer that the decision goes by. It opens
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from articles.caching import next_midnight
from articles.marks import Audience, Mark, Marker
from articles.models import Article
from articles.page_store import Lifetime, store
from paywall.asking import Ask, Asking, asking_of
from paywall.meters.meter import terms_of_meter
from paywall.policy import policy_now
from paywall.terms import built, terms_now
from subscriptions.models import Plan

AUDIENCES = {Ask.OPEN: Audience.EVERYBODY, Ask.REGISTRATION: Audience.REGISTERED}


def marker_at(now: datetime) -> Marker:
    """Rules, openings, terms and the meter are looked up once; for topics or authors there is a query where a rule asks
    for them and they are not at hand.
    """
    policy, terms, meter = policy_now(), terms_now(), terms_of_meter()
    is_any_free = meter.allowance > 0 or meter.anonymous_allowance > 0

    def mark_all(articles: Sequence[Article]) -> list[Mark]:
        askings = [asking_of(facts, policy, now) for facts in built(list(articles), terms, policy)]
        return [mark_of(asking, is_any_free=is_any_free) for asking in askings]

    return mark_all


def mark_of(asking: Asking, *, is_any_free: bool) -> Mark:
    """`is_any_free`: whether anybody has free articles at all, with a name or without."""
    audience = AUDIENCES.get(asking.ask, Audience.SUBSCRIBERS)
    until = asking.until if audience is Audience.EVERYBODY else None
    return Mark(audience, until, plan_names(asking.plan_ids), is_metered=asking.ask is Ask.METER and is_any_free)


def plan_names(plan_ids: Collection[int]) -> tuple[str, ...]:
    """In the editors' order; a query only where any is asked for."""
    if not plan_ids:
        return ()
    return tuple(name for pk, name in all_plan_names().items() if pk in plan_ids)


def all_plan_names() -> Mapping[int, str]:
    now = timezone.now()
    return store.kept_or_made(
        "plan names",
        lambda: dict(Plan.objects.order_by("position", "pk").values_list("pk", "name")),
        lambda _names: Lifetime(("plans",), next_midnight(now)),
    )
