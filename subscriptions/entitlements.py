"""What a reader holds now, computed from records: the union of all of them, each judged by itself. Nothing here is
stored.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Model

from subscriptions.models import LIBRARY_SCOPE, AttemptState, CheckoutAttempt, Grant, Subscription
from subscriptions.overdue import ask_stripe_soon
from subscriptions.statuses import Rules, Standing, SubscriptionFacts, entitlement

type Sold = tuple[Subscription, int | None]  # a subscription and the allowance of its plan, where it has one

NEVER_BEGUN = ("incomplete", "incomplete_expired")
GRANT_FIELDS = ("scope", "starts_at", "ends_at", "revoked_at")
SUBSCRIPTION_FIELDS = ("id", "customer_id", "plan_id", *(field.name for field in fields(SubscriptionFacts)))
ALLOWANCE = "allowance"  # of the plan; where it has none the subscription opens the library
RECORDS = f"""SELECT
    ARRAY(
        SELECT jsonb_build_object({", ".join(f"'{name}', held.{name}" for name in GRANT_FIELDS)})
          FROM subscriptions_grant AS held
         WHERE held.user_id = %(user)s AND held.starts_at <= %(now)s
    ), ARRAY(
        SELECT jsonb_build_object('{ALLOWANCE}', plan.allowance,
                                  {", ".join(f"'{name}', held.{name}" for name in SUBSCRIPTION_FIELDS)})
          FROM subscriptions_subscription AS held
          JOIN subscriptions_stripecustomer AS customer ON customer.id = held.customer_id
          LEFT JOIN subscriptions_plan AS plan ON plan.id = held.plan_id
         WHERE held.user_id = %(user)s AND customer.livemode = %(livemode)s
    )
"""  # noqa: S608 - names of fields alone
PASS_HOURS = 24  # how long the browser that paid reads without a login


@dataclass(frozen=True, slots=True)
class Held:
    """A scope that is open, until a moment (UTC) or, with None, without a known end. `plan_id`: the plan by which it is
    held; None where no plan is known, which counts as any.
    """

    scope: str
    until: datetime | None = None
    plan_id: int | None = None


@dataclass(frozen=True, slots=True)
class Entitlement:
    scopes: tuple[Held, ...] = ()
    has_lapsed: bool = False
    has_subscription: bool = False  # the library is open by a subscription, whose end is no day to be named
    allowance: int | None = None  # articles in a period, the most of what light plans give; None without such a plan

    @property
    def has_library(self) -> bool:
        return any(held.scope == LIBRARY_SCOPE for held in self.scopes)

    @property
    def library_until(self) -> datetime | None:
        """When the library closes; None where it never does (or is not open at all)."""
        ends = [held.until for held in self.scopes if held.scope == LIBRARY_SCOPE]
        known = [until for until in ends if until is not None]
        return max(known) if known and len(known) == len(ends) else None

    def __or__(self, other: Entitlement) -> Entitlement:
        scopes = self.scopes + other.scopes
        has_library = any(held.scope == LIBRARY_SCOPE for held in scopes)
        allowance = max((held.allowance for held in (self, other) if held.allowance is not None), default=None)
        return Entitlement(
            scopes,
            has_lapsed=(self.has_lapsed or other.has_lapsed) and not has_library and allowance is None,
            has_subscription=self.has_subscription or other.has_subscription,
            allowance=allowance,
        )


NOTHING = Entitlement()


def rules() -> Rules:
    return Rules(
        renewal_slack=timedelta(hours=settings.RENEWAL_SLACK),
        grace=timedelta(days=settings.GRACE_DAYS),
        first_payment_grace=timedelta(days=settings.FIRST_PAYMENT_GRACE),
        paused_collection_reads=settings.PAUSED_COLLECTION_READS,
        unpaid_reads=settings.UNPAID_READS,
    )


def facts_of(subscription: Subscription) -> SubscriptionFacts:
    return SubscriptionFacts(**{field.name: getattr(subscription, field.name) for field in fields(SubscriptionFacts)})


def standing_of(subscription: Subscription, now: datetime) -> Standing:
    return entitlement(facts_of(subscription), now, rules())


def entitlement_of(user_id: int, now: datetime) -> Entitlement:
    """What the user with this id holds at `now` (UTC): grants and subscriptions, in one query for every page view."""
    grants, subscriptions = records_of(user_id, now)
    live = tuple(Held(grant.scope, grant.ends_at) for grant in grants if grant.is_live(now))
    lapsed = any(grant.scope == LIBRARY_SCOPE and not grant.is_live(now) for grant in grants)
    return Entitlement(live, lapsed) | judged(subscriptions, now)


def records_of(user_id: int, now: datetime) -> tuple[list[Grant], list[Sold]]:
    """The grants that have begun and the subscriptions of this mode, with what judging them needs and no more.

    Each page view asks it, so it is SQL: to compile a query set of this kind takes twenty times as long as the answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, {"user": user_id, "now": now, "livemode": settings.STRIPE_LIVEMODE})
        grants, subscriptions = cursor.fetchone()
    contracts = [json.loads(row) for row in subscriptions]
    allowances = [contract.pop(ALLOWANCE) for contract in contracts]
    sold = zip(read_records(Subscription, contracts), allowances, strict=True)
    return read_records(Grant, map(json.loads, grants)), list(sold)


def read_records[M: Model](model: type[M], rows: Iterable[dict[str, Any]]) -> list[M]:
    """Records to be read, not saved."""
    fields_of = {field.attname: field for field in model._meta.concrete_fields}
    return [model(**{name: fields_of[name].to_python(value) for name, value in row.items()}) for row in rows]


def entitlement_by_pass(attempts: Iterable[uuid.UUID], now: datetime) -> Entitlement:
    """What the browser that made these checkout attempts may read: what it paid for, for a day.

    A second subscription that the site ended and returned keeps its day: who paid is not turned away, and a stranger
    who paid does not learn from the page that the address had a subscription. A light plan opens nothing by a pass: its
    reads are counted, and seen, on the account alone.
    """
    paid = CheckoutAttempt.objects.filter(
        pk__in=list(attempts),
        state=AttemptState.PAID,
        paid_at__gt=now - timedelta(hours=PASS_HOURS),
        subscription__customer__livemode=settings.STRIPE_LIVEMODE,
    ).select_related("subscription__plan")
    bought = [(attempt, attempt.subscription) for attempt in paid if attempt.subscription is not None]
    held = judged([(subscription, allowance_of(subscription)) for _attempt, subscription in bought], now)
    days = tuple(
        Held(LIBRARY_SCOPE, end_of_day(attempt))
        for attempt, subscription in bought
        if subscription.returned_at is not None and allowance_of(subscription) is None
    )
    paid_for = Entitlement(held.scopes, has_subscription=held.has_subscription, allowance=held.allowance)
    return paid_for | Entitlement(days)


def allowance_of(subscription: Subscription) -> int | None:
    """How many articles a period its plan gives; None for the library, and where no plan is known."""
    return None if subscription.plan is None else subscription.plan.allowance


def end_of_day(attempt: CheckoutAttempt) -> datetime | None:
    return None if attempt.paid_at is None else attempt.paid_at + timedelta(hours=PASS_HOURS)


def judged(subscriptions: Iterable[Sold], now: datetime) -> Entitlement:
    """The union of subscriptions; one that should long have been renewed is asked about, once."""
    scopes = []
    allowances = []
    lapsed = False
    for subscription, allowance in subscriptions:
        standing = standing_of(subscription, now)
        if standing.needs_sync:
            ask_stripe_soon(subscription, now)
        if not standing.granted:
            lapsed = lapsed or subscription.status not in NEVER_BEGUN
        elif allowance is None:
            scopes.append(Held(LIBRARY_SCOPE, standing.until, subscription.plan_id))
        else:
            allowances.append(allowance)
    has_lapsed = lapsed and not scopes and not allowances
    return Entitlement(tuple(scopes), has_lapsed, bool(scopes), allowance=max(allowances, default=None))
