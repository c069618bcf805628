"""What is told before it happens, found by our own clock: a trial's end, a yearly renewal, a card's last month. The
notices that Stripe gives come later or not at all; where they come they meet the same keys.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.tasks import TaskResultStatus, task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from subscriptions.account.notices import tell_card_expiring, tell_renewal, tell_trial_ending
from subscriptions.account.sentences import fails_by_card
from subscriptions.answers import id_of, subscription_of
from subscriptions.models import OutgoingMail, StripeCustomer, Subscription
from subscriptions.stripe_gateway import Answer, Gateway, StripeFailed, StripeRefused

logger = logging.getLogger(__name__)

MARGIN = timedelta(days=1)  # so that a day on which no worker ran still leaves the promised notice
SHORT_NOTICE = timedelta(days=3)  # as Stripe's; for trials whose welcome was within the other notice already

type Teller = Callable[[Subscription, int, str], bool]


def queue_notices() -> None:
    """Have the notices of this hour written, unless that is waiting already."""
    if not DBTaskResult.objects.filter(task_path=write_notices.module_path, status=TaskResultStatus.READY).exists():
        write_notices.enqueue()


@task
def write_notices() -> None:
    """Twice does no harm: each mail has a key. What Stripe could not be asked about is left to the next round."""
    now = timezone.now()
    gateway = Gateway()
    for subscription in trials_about_to_end(now):
        tell_amount(subscription, tell_trial_ending, gateway)
    for subscription in renewals_to_come(now):
        tell_amount(subscription, tell_renewal, gateway)
    for subscription in running().filter(card__exp_year__isnull=False):
        if fails_by_card(subscription, now):
            tell_card_expiring(subscription, subscription.card)


def running() -> QuerySet[Subscription]:
    own = Subscription.objects.of_this_mode().filter(user__isnull=False, cancel_at=None, cancel_at_period_end=False)
    return own.filter(ended_at=None, is_collection_paused=False).select_related("user", "plan", "customer", "card")


def trials_about_to_end(now: datetime) -> list[Subscription]:
    """Those whose end is near and not told yet. A trial no longer than TRIAL_NOTICE_DAYS is told of by its welcome, and
    once more shortly before.
    """
    notice = timedelta(days=settings.TRIAL_NOTICE_DAYS) + MARGIN
    ending = running().filter(status="trialing", trial_end__gt=now, trial_end__lte=now + notice)
    return [
        row
        for row in ending
        if row.trial_end is not None
        and (row.trial_end - row.started_at >= notice or row.trial_end - now <= SHORT_NOTICE)
        and not is_told(f"trial_ending:{row.stripe_id}:{int(row.trial_end.timestamp())}")
    ]


def renewals_to_come(now: datetime) -> list[Subscription]:
    latest = now + timedelta(days=settings.RENEWAL_NOTICE_DAYS) + MARGIN
    due = running().filter(status="active", interval="year", period_end__gt=now, period_end__lte=latest)
    return [
        row
        for row in due
        if row.period_end is not None and not is_told(f"renewal:{row.stripe_id}:{int(row.period_end.timestamp())}")
    ]


def is_told(key: str) -> bool:
    return OutgoingMail.objects.filter(dedupe_key=key).exists()


def tell_amount(subscription: Subscription, teller: Teller, gateway: Gateway) -> None:
    """With the amount as Stripe will charge it: discounts, credit and tax in it."""
    try:
        coming = gateway.preview_invoice({"subscription": subscription.stripe_id})
    except StripeRefused as error:
        logger.warning("no coming invoice of %s: %s", subscription.stripe_id, error)
    except StripeFailed as error:
        logger.warning("the coming invoice of %s could not be asked for: %s", subscription.stripe_id, error)
    else:
        tell_coming(subscription, coming, teller)


@transaction.atomic
def tell_coming(subscription: Subscription, coming: Answer, teller: Teller) -> None:
    teller(subscription, int(coming["amount_due"]), str(coming["currency"]).upper())


def hear_of_trial_end(event: dict[str, Any], customer: StripeCustomer | None) -> None:
    """Stripe says so three days ahead, and not what it will charge: that is asked for by the queue."""
    subscription = told_subscription(customer, id_of(event["data"]["object"]))
    if subscription is not None:
        tell_trial_end.enqueue(subscription_pk=subscription.pk)


@task
def tell_trial_end(*, subscription_pk: int) -> None:
    """Where Stripe does not say the amount, the rounds of the last days ask again."""
    for subscription in running().filter(pk=subscription_pk, status="trialing"):
        tell_amount(subscription, tell_trial_ending, Gateway())


def hear_of_renewal(event: dict[str, Any], customer: StripeCustomer | None) -> None:
    """For yearly plans; who pays each month is told by the receipts."""
    coming = event["data"]["object"]
    subscription = told_subscription(customer, subscription_of(coming))
    if subscription is not None and subscription.interval == "year" and isinstance(coming.get("amount_due"), int):
        tell_renewal(subscription, coming["amount_due"], str(coming.get("currency", "")).upper())


def told_subscription(customer: StripeCustomer | None, stripe_id: str) -> Subscription | None:
    return None if customer is None else running().filter(customer=customer, stripe_id=stripe_id).first()
