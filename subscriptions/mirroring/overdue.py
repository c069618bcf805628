"""A subscription whose period is long over without a word from Stripe: ask once, and let its reader read meanwhile."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscriptions.models import Subscription, SyncJob
from subscriptions.sync import mark_dirty


@transaction.atomic
def ask_stripe_soon(subscription: Subscription, now: datetime) -> None:
    """Queue one sync, whoever of many readers' requests comes first; from then on the last minutes of access run.

    The job is locked before the subscription, as a sync does that is just saving; in another order they would block
    each other.
    """
    SyncJob.objects.select_for_update().get(customer_id=subscription.customer_id)
    is_first = Subscription.objects.filter(pk=subscription.pk, overdue_since=None).update(overdue_since=now)
    if is_first:
        mark_dirty(subscription.customer_id)
