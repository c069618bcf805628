"""When the months of a gift subscription run. A gift is a grant of the library; it changes no contract at Stripe, so
its months wait while the reader has a subscription.
"""

from __future__ import annotations

import calendar
import math
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.entitlements import entitlement_of
from subscriptions.models import (
    LIBRARY_SCOPE,
    Gift,
    Grant,
    GrantSource,
    Purchase,
    StripeCustomer,
    Subscription,
)
from subscriptions.paid_once.behind_gifts import waits
from subscriptions.paid_once.gift_cards import GiftRefused, locked, refuse_unless_open

# Stripe begins a subscription no sooner than 48 hours after its payment page was made (docs.stripe.com/api/checkout/
# sessions/create, trial_end).
SOONEST_FIRST_PAYMENT = timedelta(hours=49)


# --- Redeemed -----------------------------------------------------------------------------------------------------
@transaction.atomic
def redeem(gift_pk: int, user: User, now: datetime) -> Gift:
    """Once, and for good. Its months begin at once, behind what the reader has, or when a subscription that runs has
    ended. Raises GiftRefused, and then nothing has changed.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    gift = locked(gift_pk)
    refuse_unless_open(gift, now)
    if has_endless_library(user.pk, now):
        raise GiftRefused(
            _("The whole library is open to you without an end, so this gift would be lost on you. Nothing was used.")
        )
    gift.redeemed_at, gift.redeemed_by = now, user
    gift.save(update_fields=["redeemed_at", "redeemed_by"])
    begin_if_free(gift, user, now)
    return gift


def library_grants(user_id: int, now: datetime) -> list[Grant]:
    """Those of the whole library that run or are to come, without gifts that were paid in the other mode."""
    rows = Grant.objects.of_this_mode().filter(user=user_id, scope=LIBRARY_SCOPE, revoked_at=None)
    return list(rows.filter(Q(ends_at=None) | Q(ends_at__gt=now)).order_by("starts_at", "pk"))


def has_endless_library(user_id: int, now: datetime) -> bool:
    return any(grant.ends_at is None for grant in library_grants(user_id, now))


def begin_if_free(gift: Gift, user: User, now: datetime) -> bool:
    """Let its months run from the end of what the reader has; False where a subscription runs, or is to begin behind
    another gift, and they wait.
    """
    if entitlement_of(user.pk, now).has_subscription or has_endless_library(user.pk, now) or waits(user.pk, now):
        return False
    starts_at = max([now, *ends_of_library(user.pk, now)])
    ends_at = after_months(starts_at, gift.months) if gift.remainder is None else starts_at + gift.remainder
    gift.begun_at = now
    gift.grant = Grant.objects.create(
        user=user,
        source=GrantSource.GIFT,
        starts_at=starts_at,
        ends_at=ends_at,
        livemode=settings.STRIPE_LIVEMODE,
    )
    gift.save(update_fields=["begun_at", "grant"])
    return True


def ends_of_library(user_id: int, now: datetime) -> list[datetime]:
    """When each of the grants and passes ends that open the library."""
    passes = Purchase.objects.of_this_mode().filter(user=user_id, scope=LIBRARY_SCOPE, revoked_at=None)
    rows = [*library_grants(user_id, now), *passes.filter(ends_at__gt=now)]
    return [row.ends_at for row in rows if row.ends_at is not None]


def after_months(moment: datetime, months: int) -> datetime:
    """The same day and hour of the publication's time so many months later, or the last day of that month."""
    local = timezone.localtime(moment)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def begin_waiting(now: datetime, users: list[int] | None = None) -> int:
    """Begin the gifts that wait behind a subscription which has ended since; of these readers, or of all. How many."""
    waiting = Gift.objects.paid().filter(redeemed_by__isnull=False, begun_at=None)
    if users is not None:
        waiting = waiting.filter(redeemed_by__in=users)
    return sum(begin_one(pk, now) for pk in waiting.order_by("redeemed_at").values_list("pk", flat=True))


@transaction.atomic
def begin_one(pk: int, now: datetime) -> bool:
    owner_id = Gift.objects.filter(pk=pk).values_list("redeemed_by", flat=True).get()
    user = User.objects.select_for_update(no_key=True).filter(pk=owner_id).first()
    gift = locked(pk)
    if user is None or gift.begun_at is not None or gift.purchase is None or gift.purchase.revoked_at is not None:
        return False
    return begin_if_free(gift, user, now)


def begin_waiting_of(customer: StripeCustomer, now: datetime) -> None:
    """Where a customer's subscriptions may have ended just now."""
    readers = set(Subscription.objects.filter(customer=customer, user__isnull=False).values_list("user", flat=True))
    if readers:
        begin_waiting(now, sorted(readers))


# --- A subscription beside it -------------------------------------------------------------------------------------
def gifts_end(user_id: int, now: datetime) -> datetime | None:
    """Until when gifts, one behind the other, open the library without a gap; None where none does now."""
    end: datetime | None = None
    for grant in library_grants(user_id, now):
        if grant.source == GrantSource.GIFT and grant.ends_at is not None and grant.starts_at <= (end or now):
            end = max(end or now, grant.ends_at)
    return end


def first_payment_after_gift(user_id: int, now: datetime) -> datetime | None:
    """When a subscription that is bought now is charged first; None: at once, as there is no gift."""
    end = gifts_end(user_id, now)
    if end is None:
        return None
    soonest = math.ceil((now + SOONEST_FIRST_PAYMENT).timestamp() / 3600) * 3600  # the same for two clicks
    return max(end, datetime.fromtimestamp(soonest, UTC))
