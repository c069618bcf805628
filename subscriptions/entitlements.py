"""What a reader holds now, computed from records: the union of all of them, each judged by itself. Nothing here is
stored.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext as _

from subscriptions.halted import Halt, Halted, halted_of
from subscriptions.mirroring.overdue import ask_stripe_soon
from subscriptions.models import (
    LIBRARY_SCOPE,
    AttemptState,
    CheckoutAttempt,
    Grant,
    Purchase,
    Subscription,
)
from subscriptions.statuses import Rules, Standing, SubscriptionFacts, entitlement

type Bought = tuple[Purchase, int]  # what was paid for once, and its plan

NEVER_BEGUN = ("incomplete", "incomplete_expired")
FAILING = ("past_due", "unpaid")
GRANT_FIELDS = ("scope", "starts_at", "ends_at", "revoked_at")
PURCHASE_FIELDS = (*GRANT_FIELDS, "price_id")
JUDGED = tuple(field.name for field in fields(SubscriptionFacts))
SUBSCRIPTION_FIELDS = ("id", "customer_id", "plan_id", "paused_until", *JUDGED)
PLAN = "plan"  # of the price that was paid once
ALLOWANCE = "allowance"  # of the plan; where it has none the subscription opens the library
GROUP = "group"  # the name of the group in which the reader has a seat; null for what is their own
RECORDS = f"""SELECT
    ARRAY(
        SELECT jsonb_build_object({", ".join(f"'{name}', held.{name}" for name in GRANT_FIELDS)})
          FROM subscriptions_grant AS held
         WHERE held.user_id = %(user)s AND held.starts_at <= %(now)s
           AND held.livemode IS DISTINCT FROM NOT %(livemode)s
    ), ARRAY(
        SELECT jsonb_build_object('{ALLOWANCE}', plan.allowance, '{GROUP}', held_by.group_name,
                                  {", ".join(f"'{name}', held.{name}" for name in SUBSCRIPTION_FIELDS)})
          FROM (
            SELECT id, NULL AS group_name FROM subscriptions_subscription WHERE user_id = %(user)s
             UNION ALL
            SELECT of_group.subscription_id, of_group.name
              FROM subscriptions_seat AS seat
              JOIN subscriptions_group AS of_group ON of_group.id = seat.group_id
             WHERE seat.user_id = %(user)s AND seat.state = 'taken'
          ) AS held_by
          JOIN subscriptions_subscription AS held ON held.id = held_by.id
          JOIN subscriptions_stripecustomer AS customer ON customer.id = held.customer_id
          LEFT JOIN subscriptions_plan AS plan ON plan.id = held.plan_id
         WHERE customer.livemode = %(livemode)s
    ), ARRAY(
        SELECT jsonb_build_object('{PLAN}', price.plan_id,
                                  {", ".join(f"'{name}', held.{name}" for name in PURCHASE_FIELDS)})
          FROM subscriptions_purchase AS held
          JOIN subscriptions_stripecustomer AS customer ON customer.id = held.customer_id
          JOIN subscriptions_planprice AS price ON price.id = held.price_id
         WHERE held.user_id = %(user)s AND customer.livemode = %(livemode)s AND held.scope <> ''
    )
"""  # noqa: S608 - names of fields alone
PASS_HOURS = 24  # how long the browser that paid reads without a login


class Sold(NamedTuple):
    """A subscription, the allowance of its plan, where it has one, and the group by which the reader holds it."""

    subscription: Subscription
    allowance: int | None
    via: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A scope that is open, until a moment (UTC) or, with None, without a known end. `plan_id`: the plan by which it is
    held; None where no plan is known, which counts as any. `via`: the group whose owner pays for it.
    """

    scope: str
    until: datetime | None = None
    plan_id: int | None = None
    via: str = ""


@dataclass(frozen=True, slots=True)
class Failing:
    """A subscription of the reader's own whose payment does not go through. `until` (UTC): they read on by it until
    then; None where it opens nothing any more.
    """

    subscription_id: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Entitlement:
    scopes: tuple[Held, ...] = ()
    has_lapsed: bool = False
    has_subscription: bool = False  # the library is open by a subscription, whose end is no day to be named
    allowance: int | None = None  # articles in a period, the most of what light plans give; None without such a plan
    failing: Failing | None = None  # said to nobody but this reader
    halted: Halted | None = None  # a subscription that has not ended and opens nothing

    @property
    def why_closed(self) -> Halted | None:
        """What explains that the library is closed; None where it is open, or what there was has ended."""
        return None if self.has_library else self.halted

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
            failing=self.failing or other.failing,
            halted=self.halted or other.halted,
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
    """What the user with this id holds at `now` (UTC): grants, what was paid for once, own subscriptions and those of
    groups in which they have a seat, in one query for every page view.
    """
    grants, subscriptions, purchases = records_of(user_id, now)
    live = tuple(Held(grant.scope, grant.ends_at) for grant in grants if grant.is_live(now))
    bought = tuple(Held(row.scope, row.ends_at, plan_id) for row, plan_id in purchases if row.is_live(now))
    lapsed = any(grant.scope == LIBRARY_SCOPE and not grant.is_live(now) for grant in grants)
    return Entitlement(live + bought, lapsed) | judged(subscriptions, now)


def records_of(user_id: int, now: datetime) -> tuple[list[Grant], list[Sold], list[Bought]]:
    """The grants that have begun, and subscriptions and purchases, with what judging them needs, no more. Nothing that
    was paid in the other mode, nor a grant by such a gift.

    Each page view asks it, so it is SQL: to compile a query set of this kind takes twenty times as long as the answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, {"user": user_id, "now": now, "livemode": settings.STRIPE_LIVEMODE})
        grants, subscriptions, purchases = cursor.fetchone()
    contracts = [json.loads(row) for row in subscriptions]
    terms = [(contract.pop(ALLOWANCE), named(contract.pop(GROUP))) for contract in contracts]
    sold = [Sold(held, *told) for held, told in zip(read_records(Subscription, contracts), terms, strict=True)]
    paid_once = [json.loads(row) for row in purchases]
    plans = [row.pop(PLAN) for row in paid_once]
    bought = zip(read_records(Purchase, paid_once), plans, strict=True)
    return read_records(Grant, map(json.loads, grants)), sold, list(bought)


def named(group: str | None) -> str:
    """How a reader's group is called in sentences; empty where there is none."""
    return "" if group is None else group or _("your group")


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
        customer__livemode=settings.STRIPE_LIVEMODE,
    ).select_related("subscription__plan", "purchase__price")
    bought = [(attempt, attempt.subscription) for attempt in paid if attempt.subscription is not None]
    held = judged([Sold(subscription, allowance_of(subscription)) for _attempt, subscription in bought], now)
    days = tuple(
        Held(LIBRARY_SCOPE, end_of_day(attempt))
        for attempt, subscription in bought
        if subscription.returned_at is not None and allowance_of(subscription) is None
    )
    days += tuple(bought_for_a_day(attempt, now) for attempt in paid if is_bought(attempt, now))
    paid_for = Entitlement(held.scopes, has_subscription=held.has_subscription, allowance=held.allowance)
    return paid_for | Entitlement(days)


def allowance_of(subscription: Subscription) -> int | None:
    """How many articles a period its plan gives; None for the library, and where no plan is known."""
    return None if subscription.plan is None else subscription.plan.allowance


def is_bought(attempt: CheckoutAttempt, now: datetime) -> bool:
    return hasattr(attempt, "purchase") and attempt.purchase.is_live(now)


def bought_for_a_day(attempt: CheckoutAttempt, now: datetime) -> Held:
    """What was paid for once, in the browser that paid: until it ends, and for a day at most."""
    ends = [end for end in (attempt.purchase.ends_at, end_of_day(attempt)) if end is not None]
    return Held(attempt.purchase.scope, min(ends, default=now), attempt.purchase.price.plan_id)


def end_of_day(attempt: CheckoutAttempt) -> datetime | None:
    return None if attempt.paid_at is None else attempt.paid_at + timedelta(hours=PASS_HOURS)


def judged(subscriptions: Iterable[Sold], now: datetime) -> Entitlement:
    """The union of subscriptions; one that should long have been renewed is asked about, once."""
    scopes = []
    allowances = []
    lapsed = False
    failing = None
    halted = []
    for subscription, allowance, via in subscriptions:
        standing = standing_of(subscription, now)
        if subscription.status in FAILING and not via:
            failing = Failing(subscription.pk, standing.until if standing.granted else None)
        if standing.needs_sync:
            ask_stripe_soon(subscription, now)
        if not standing.granted:
            why = halted_of(subscription, now, via)
            has_begun = subscription.status not in NEVER_BEGUN and (why is None or why.halt is not Halt.WAITING)
            lapsed = lapsed or has_begun
            halted.append(why)
        elif allowance is None:
            scopes.append(Held(LIBRARY_SCOPE, standing.until, subscription.plan_id, via))
        else:
            allowances.append(allowance)
    has_lapsed = lapsed and not scopes and not allowances
    allowance = max(allowances, default=None)
    told = max(filter(None, halted), key=lambda one: one.precedence, default=None)
    return Entitlement(tuple(scopes), has_lapsed, bool(scopes), allowance, failing, told)
