"""Brings a customer's state from Stripe to here. Webhook, welcome page, portal, reconcile and admin all come this way.

Under a lease, a row that names its holder: first the lease, then the fetch, then the save, and that only if the lease
still holds and nothing was told meanwhile. Fetching before the lease would let an older state overwrite a newer one.
The lease is taken and given back in short transactions of their own; while Stripe is asked there is none.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.tasks import task
from django.utils import timezone

from subscriptions.mirroring.mirror import CustomerState, fetch, save
from subscriptions.models import StripeCustomer, SyncJob
from subscriptions.signals import customer_synced
from subscriptions.stripe_gateway import Gateway, StripeBusy, StripeFailed

logger = logging.getLogger(__name__)

SYNC_SECONDS = 30.0  # for all calls of one sync in the queue; where a reader waits, the gateway has its own limit
# Between the last answer and the save. A lease is not much longer than its holder may take: what a killed process has
# left behind keeps a reader who has paid waiting.
MARGIN = timedelta(seconds=10)
LEASE = timedelta(seconds=SYNC_SECONDS) + MARGIN
# Seconds before each repetition of a fetch because something was told meanwhile. A payment is told by a volley of
# events, which is outlasted: nobody who has paid is told to wait only because it goes on for a moment.
PAUSES = (0.05, 0.1, 0.2, 0.3, 0.3, 0.3, 0.3)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)


class SyncBusy(Exception):
    """Somebody else is at it just now."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync has found to be different, one line each; empty where all was as it should be."""

    changes: tuple[str, ...] = ()


@transaction.atomic
def mark_dirty(customer_pk: int) -> None:
    """Note that something happened to a customer, and queue a sync where none is waiting, in the caller's transaction.

    Ten events about one payment queue one sync: while the job is not done, one is queued or at work. A lease that ran
    out tells of a worker that was killed; whatever else gets lost, `catch_up` queues again.
    """
    job = SyncJob.objects.select_for_update().get(customer_id=customer_pk)
    is_waited_for = job.generation > job.done_generation
    is_abandoned = job.lease_until is not None and job.lease_until <= timezone.now()
    SyncJob.objects.filter(pk=job.pk).update(generation=F("generation") + 1)
    if is_abandoned or not is_waited_for:
        run_sync.enqueue(customer_pk=customer_pk)


@transaction.atomic
def sync_soon(customer_pk: int) -> None:
    """Queue a sync because a person asks for it, also where a later try is waiting."""
    SyncJob.objects.filter(customer_id=customer_pk).update(generation=F("generation") + 1, not_before=None)
    run_sync.enqueue(customer_pk=customer_pk)


def sync_customer(customer: StripeCustomer, gateway: Gateway | None = None) -> SyncResult:
    """Fetch and save the customer's state, by the caller's gateway where a reader waits.

    Raises SyncBusy, or StripeFailed, and then nothing was changed.
    """
    gateway = gateway or Gateway(seconds=SYNC_SECONDS)
    length = LEASE if gateway.seconds is None else timedelta(seconds=gateway.seconds) + MARGIN
    lease = uuid.uuid4()
    try:
        for pause in (0.0, *PAUSES):
            time.sleep(pause)
            generation = take_lease(customer.pk, lease, length)
            result = save_under_lease(customer, lease, generation, fetch(gateway, customer))
            if result is not None:
                return result
    except BaseException as error:
        give_back(customer.pk, lease, error)
        raise
    give_back(customer.pk, lease, None)
    raise SyncBusy


@transaction.atomic
def take_lease(customer_pk: int, lease: uuid.UUID, length: timedelta = LEASE) -> int:
    """The generation that the coming fetch will have seen. Raises SyncBusy."""
    now = timezone.now()
    job = SyncJob.objects.select_for_update().get(customer_id=customer_pk)
    is_free = job.lease is None or job.lease_until is None or job.lease_until <= now
    if not is_free and job.lease != lease:
        raise SyncBusy
    job.lease, job.lease_until = lease, now + length
    job.save(update_fields=["lease", "lease_until"])
    return job.generation


@transaction.atomic
def save_under_lease(
    customer: StripeCustomer, lease: uuid.UUID, generation: int, state: CustomerState
) -> SyncResult | None:
    """Save what was fetched; None where the lease was lost or something was told since, and nothing was saved."""
    now = timezone.now()
    job = SyncJob.objects.select_for_update().get(customer=customer)
    if job.lease != lease or job.lease_until is None or job.lease_until <= now or job.generation != generation:
        return None
    changes = save(customer.pk, state, now)
    customer_synced.send(sender=StripeCustomer, customer=customer)
    job.done_generation = generation
    job.lease = job.lease_until = job.not_before = None
    job.attempts, job.last_error = 0, ""
    job.save()
    return SyncResult(tuple(changes))


def give_back(customer_pk: int, lease: uuid.UUID, error: BaseException | None) -> None:
    SyncJob.objects.filter(customer_id=customer_pk, lease=lease).update(
        lease=None, lease_until=None, last_error="" if error is None else f"{type(error).__name__} {error}"[:300]
    )


@task
def run_sync(*, customer_pk: int) -> None:
    """A queued sync. Where Stripe fails it is tried again, ever later, up to an hour apart; access stays as it is."""
    job = SyncJob.objects.select_related("customer").filter(customer_id=customer_pk).first()
    now = timezone.now()
    if job is None or job.done_generation == job.generation or (job.not_before is not None and job.not_before > now):
        return  # done by somebody else, or waiting for a later try that is queued
    try:
        sync_customer(job.customer)
    except SyncBusy:
        try_again(customer_pk, FIRST_WAIT)
    except StripeFailed as error:
        wait = waiting_time(job.attempts)
        if isinstance(error, StripeBusy) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        logger.warning("sync of customer %s put off by %s: %s", job.customer.stripe_id, wait, error)
        try_again(customer_pk, min(wait, LONGEST_WAIT), failed=True)
    except Exception:
        # A mistake of ours. The failed task tells of it; the customer must not be forgotten over it.
        try_again(customer_pk, waiting_time(job.attempts), failed=True)
        raise


def waiting_time(attempts: int) -> timedelta:
    return min(FIRST_WAIT * (1 << min(attempts, 12)), LONGEST_WAIT)


@transaction.atomic
def try_again(customer_pk: int, wait: timedelta, *, failed: bool = False) -> None:
    at = timezone.now() + wait
    if failed:
        SyncJob.objects.filter(customer_id=customer_pk).update(not_before=at, attempts=F("attempts") + 1)
    run_sync.using(run_after=at).enqueue(customer_pk=customer_pk)


def waiting_jobs(now: datetime) -> list[SyncJob]:
    """Customers whose state is known to be old and that nobody is at; a worker that was killed leaves such."""
    return list(
        SyncJob.objects.filter(done_generation__lt=F("generation"), customer__livemode=settings.STRIPE_LIVEMODE)
        .filter(Q(lease=None) | Q(lease_until__lte=now))
        .select_related("customer")
        .order_by("pk")
    )
