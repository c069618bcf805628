"""A gift whose payment was contested or went back, and the subscription that was to begin behind it. Nothing was paid
for that, and it opens nothing: it is ended at Stripe, so that its reader may subscribe anew at once, and is charged
neither today, to which they have not agreed, nor on a day that has lost its meaning.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.tasks import task
from django.utils import timezone

from subscriptions.leaving.deeds import end_now
from subscriptions.models import Gift, StripeCustomer, Subscription
from subscriptions.paid_once.behind_gifts import unbacked, waiting
from subscriptions.retries import put_off
from subscriptions.stripe_gateway import Gateway, StripeFailed
from subscriptions.sync import mark_dirty


def end_unbacked_of(customer: StripeCustomer, now: datetime) -> None:
    """After a sync of who gave the gift, or of who subscribed behind it: they may have paid when it was gone."""
    given = Gift.objects.filter(purchase__customer=customer, purchase__revoked_at__isnull=False)
    recipients = given.filter(redeemed_by__isnull=False).values("redeemed_by")
    concerned = waiting().filter(Q(customer=customer) | Q(user__in=recipients), user__isnull=False)
    for user_id in sorted(set(concerned.values_list("user", flat=True))):
        end_unbacked_of_reader(user_id, now)


def end_unbacked_of_reader(user_id: int, now: datetime) -> None:
    """In the caller's transaction; Stripe is asked by the queue."""
    for pk in unbacked(user_id, now).values_list("pk", flat=True):
        transaction.on_commit(partial(end_unbacked.enqueue, subscription_pk=pk))


@task
def end_unbacked(*, subscription_pk: int, attempt: int = 0) -> None:
    """End it, unless the gift is given again by now, or it has begun. Repeated until Stripe has done it."""
    subscription = Subscription.objects.get(pk=subscription_pk)
    if subscription.user_id is None or subscription not in unbacked(subscription.user_id, timezone.now()):
        return
    gateway = Gateway()
    try:
        answer = gateway.subscription(subscription.stripe_id)
        if answer["status"] == "trialing":
            end_now(answer, gateway, key=f"unbacked:{subscription.stripe_id}")
    except StripeFailed:
        if not put_off(end_unbacked, attempt, subscription_pk=subscription_pk):
            raise
        return
    mark_dirty(subscription.customer_id)
