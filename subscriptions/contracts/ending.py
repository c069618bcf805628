"""A cancellation that must not be half done: where a planned change has to be dropped first, it is queued before that
and repeated until Stripe has ended the subscription with its period, or its reader wants something else.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime

from django.tasks import task

from subscriptions.alerts import raise_alert
from subscriptions.leaving.deeds import WAITS, end_with_period
from subscriptions.leaving.reasons import UNSAID, Reason
from subscriptions.models import Agreement, AgreementKind, AlertKind, Subscription
from subscriptions.retries import put_off
from subscriptions.stripe_gateway import Answer, Gateway, StripeFailed
from subscriptions.sync import mark_dirty

logger = logging.getLogger(__name__)


def queue_if_planned(subscription: Subscription, answer: Answer, now: datetime, reason: Reason = UNSAID) -> bool:
    """Whether the cancellation is carried out by the queue, should the request fail on its way: without its schedule,
    and not ended, the subscription would renew at the price that the reader had left.
    """
    if not answer.get("schedule"):
        return False
    soon = end_later.using(run_after=now + WAITS[0])
    soon.enqueue(subscription_pk=subscription.pk, wished_at=now.isoformat(), **asdict(reason))
    return True


@task
def end_later(*, subscription_pk: int, wished_at: str, attempt: int = 0, feedback: str = "", comment: str = "") -> None:
    """Until Stripe has done it, as the request may have; after the last try a person is told."""
    subscription = Subscription.objects.select_related("customer").get(pk=subscription_pk)
    if has_gone_on(subscription, datetime.fromisoformat(wished_at)):
        return
    gateway, reason = Gateway(), Reason(feedback, comment)
    try:
        end_with_period(gateway.subscription(subscription.stripe_id), gateway, reason)
    except StripeFailed as error:
        logger.warning("the end of %s is put off: %s", subscription.stripe_id, error)
        wish = {"subscription_pk": subscription_pk, "wished_at": wished_at, **asdict(reason)}
        if put_off(end_later, attempt, waits=WAITS[1:], **wish):
            return
        raise_alert(
            AlertKind.LEAVING,
            f"{subscription.stripe_id}:{wished_at}",
            f"The reader cancelled {subscription.stripe_id}, and Stripe did not carry it out: {error}. End it by hand.",
            subscription.customer,
        )
    mark_dirty(subscription.customer_id)


def has_gone_on(subscription: Subscription, wished_at: datetime) -> bool:
    """Whether the reader has agreed to go on since."""
    since = Agreement.objects.filter(kind=AgreementKind.CHANGE, subscription=subscription, made_at__gt=wished_at)
    return since.exists()
