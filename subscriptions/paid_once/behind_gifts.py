"""Subscriptions that were sold to begin when a gift ends, looked at from the gift. They open nothing before; here is
asked which of them has lost its gift. What that leads to is done in `subscriptions/paid_once/unbacked.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from subscriptions.models import LIBRARY_SCOPE, Grant, GrantSource, Subscription
from subscriptions.statuses import BEFORE_BEGINNING, LIVE_STATUSES

OTHER_CLOCK = timedelta(minutes=5)  # by which Stripe's may be behind, which counts whole seconds too


def waiting() -> QuerySet[Subscription]:
    """Those whose first payment is to come, whoever's."""
    return Subscription.objects.of_this_mode().filter(status="trialing", begins_at__isnull=False)


def waits(user_id: int, now: datetime) -> bool:
    """Whether a subscription of the whole library is to begin, so that a further gift has to wait for its end."""
    own = waiting().filter(user=user_id, begins_at__gt=now)
    return own.exclude(plan__allowance__isnull=False).exists()


def unbacked(user_id: int, now: datetime) -> QuerySet[Subscription]:
    """The reader's that wait for the end of a gift which is not given any more. Not those that a gift still carries to
    their day, be it another one.
    """
    gifts = Grant.objects.of_this_mode().filter(source=GrantSource.GIFT, scope=LIBRARY_SCOPE, revoked_at=None)
    carrying = gifts.filter(user=OuterRef("user"), ends_at__gte=OuterRef("begins_at") - BEFORE_BEGINNING)
    own = waiting().filter(user=user_id, begins_at__gt=now + BEFORE_BEGINNING)
    return own.exclude(Exists(carrying)).order_by("pk")


def goes_on_paid(user_id: int) -> Subscription | None:
    """What the reader has subscribed to since, of the whole library and without waiting for a gift."""
    own = Subscription.objects.of_this_mode().filter(user=user_id, status__in=LIVE_STATUSES)
    begun = own.filter(Q(begins_at=None) | ~Q(status="trialing"))
    return begun.select_related("plan").exclude(plan__allowance__isnull=False).order_by("-pk").first()


def ended_since(user_id: int, since: datetime) -> bool:
    """Whether one that had not begun yet has ended since."""
    own = Subscription.objects.of_this_mode().filter(user=user_id, begins_at__gt=since, has_been_paid=False)
    return own.filter(ended_at__gt=since - OTHER_CLOCK).exists()
