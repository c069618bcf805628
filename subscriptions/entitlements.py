"""What a reader holds now, computed from records: the union of all of them, each judged by itself. Nothing here is
stored.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Model

from subscriptions.models import LIBRARY_SCOPE, AttemptState, CheckoutAttempt, Grant, Subscription
from subscriptions.overdue import ask_stripe_soon
from subscriptions.statuses import Rules, Standing, SubscriptionFacts, entitlement

NEVER_BEGUN = ("incomplete", "incomplete_expired")
GRANT_FIELDS = ("scope", "starts_at", "ends_at", "revoked_at")
SUBSCRIPTION_FIELDS = ("id", "customer_id", *(field.name for field in fields(SubscriptionFacts)))
RECORDS = f"""SELECT
    ARRAY(
        SELECT jsonb_build_object({", ".join(f"'{name}', held.{name}" for name in GRANT_FIELDS)})
          FROM subscriptions_grant AS held
         WHERE held.user_id = %(user)s AND held.starts_at <= %(now)s
    ), ARRAY(
        SELECT jsonb_build_object({", ".join(f"'{name}', held.{name}" for name in SUBSCRIPTION_FIELDS)})
          FROM subscriptions_subscription AS held
          JOIN subscriptions_stripecustomer AS customer ON customer.id = held.customer_id
         WHERE held.user_id = %(user)s AND customer.livemode = %(livemode)s
    )
"""  # noqa: S608 - names of fields alone
PASS_HOURS = 24  # how long the browser that paid reads without a login


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Scopes that are open, each with the moment (UTC) at which it closes; None: no end is known."""

    scopes: tuple[tuple[str, datetime | None], ...] = ()
    has_lapsed: bool = False
    has_subscription: bool = False  # the library is open by a subscription, whose end is no day to be named

    @property
    def has_library(self) -> bool:
        return any(scope == LIBRARY_SCOPE for scope, _ in self.scopes)

    @property
    def library_until(self) -> datetime | None:
        """When the library closes; None where it never does (or is not open at all)."""
        ends = [until for scope, until in self.scopes if scope == LIBRARY_SCOPE]
        known = [until for until in ends if until is not None]
        return max(known) if known and len(known) == len(ends) else None

    def __or__(self, other: Entitlement) -> Entitlement:
        scopes = self.scopes + other.scopes
        has_library = any(scope == LIBRARY_SCOPE for scope, _ in scopes)
        return Entitlement(
            scopes,
            has_lapsed=(self.has_lapsed or other.has_lapsed) and not has_library,
            has_subscription=self.has_subscription or other.has_subscription,
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
    live = tuple((grant.scope, grant.ends_at) for grant in grants if grant.is_live(now))
    lapsed = any(grant.scope == LIBRARY_SCOPE and not grant.is_live(now) for grant in grants)
    return Entitlement(live, lapsed) | judged(subscriptions, now)


def records_of(user_id: int, now: datetime) -> tuple[list[Grant], list[Subscription]]:
    """The grants that have begun and the subscriptions of this mode, with what judging them needs and no more.

    Each page view asks it, so it is SQL: to compile a query set of this kind takes twenty times as long as the answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, {"user": user_id, "now": now, "livemode": settings.STRIPE_LIVEMODE})
        grants, subscriptions = cursor.fetchone()
    return read_records(Grant, grants), read_records(Subscription, subscriptions)


def read_records[M: Model](model: type[M], rows: list[str]) -> list[M]:
    """Records to be read, not saved, from rows in JSON."""
    fields_of = {field.attname: field for field in model._meta.concrete_fields}
    return [
        model(**{name: fields_of[name].to_python(value) for name, value in json.loads(row).items()}) for row in rows
    ]


def entitlement_by_pass(attempts: Iterable[uuid.UUID], now: datetime) -> Entitlement:
    """What the browser that made these checkout attempts may read: what it paid for, for a day.

    A second subscription that the site ended and returned keeps its day: who paid is not turned away, and a stranger
    who paid does not learn from the page that the address had a subscription.
    """
    paid = CheckoutAttempt.objects.filter(
        pk__in=list(attempts),
        state=AttemptState.PAID,
        paid_at__gt=now - timedelta(hours=PASS_HOURS),
        subscription__customer__livemode=settings.STRIPE_LIVEMODE,
    ).select_related("subscription")
    held = judged([attempt.subscription for attempt in paid if attempt.subscription is not None], now)
    days = tuple((LIBRARY_SCOPE, end_of_day(attempt)) for attempt in paid if is_returned(attempt))
    return Entitlement(held.scopes, has_subscription=held.has_subscription) | Entitlement(days)


def is_returned(attempt: CheckoutAttempt) -> bool:
    return attempt.subscription is not None and attempt.subscription.returned_at is not None


def end_of_day(attempt: CheckoutAttempt) -> datetime | None:
    return None if attempt.paid_at is None else attempt.paid_at + timedelta(hours=PASS_HOURS)


def judged(subscriptions: Iterable[Subscription], now: datetime) -> Entitlement:
    """The union of subscriptions; one that should long have been renewed is asked about, once."""
    scopes = []
    lapsed = False
    for subscription in subscriptions:
        standing = standing_of(subscription, now)
        if standing.needs_sync:
            ask_stripe_soon(subscription, now)
        if standing.granted:
            scopes.append((LIBRARY_SCOPE, standing.until))
        lapsed = lapsed or (not standing.granted and subscription.status not in NEVER_BEGUN)
    return Entitlement(tuple(scopes), lapsed and not scopes, has_subscription=bool(scopes))
