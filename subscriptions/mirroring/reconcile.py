"""Finds what was missed: events that never arrived, and what differs from Stripe's lists all the same, as told in
docs/adr/0058-drift-found-from-lists.md. What is mended is mended by a sync; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from subscriptions.mirroring import drift
from subscriptions.mirroring.events import book
from subscriptions.models import LIVE_STATES, CheckoutAttempt, EventCursor, StripeCustomer, Subscription
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Gateway, StripeMissing
from subscriptions.sync import SyncBusy, run_sync, sync_customer, waiting_jobs

# An event may appear in the list after one that was made later. Reading some again does no harm: each is booked once.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=30)  # as long as Stripe keeps events
BATCH = 100
REFUNDS = timedelta(days=35)  # a card's bank may send one back for so long
DISPUTES = timedelta(days=200)  # longer than one takes to be decided
EVERYBODY = timedelta(days=30)


def catch_up() -> int:
    """Book all events since the cursor, and queue the syncs that were left; says how many events were read.

    Raises StripeFailed, and then begins at the same cursor again.
    """
    livemode = settings.STRIPE_LIVEMODE
    cursor = EventCursor.objects.filter(livemode=livemode).first()
    now = timezone.now()
    since = min(cursor.created, now) - OVERLAP if cursor else now - FIRST_LOOK
    newest, count = None, 0
    for event in Gateway().events_since(int(since.timestamp())):
        book(event)
        newest = newest or datetime.fromtimestamp(event["created"], UTC)
        count += 1
    if newest is not None:
        EventCursor.objects.update_or_create(livemode=livemode, defaults={"created": newest})
    for job in waiting_jobs(now):  # a worker that was killed leaves a sync that nobody does
        run_sync.enqueue(customer_pk=job.customer_id)
    return count


def reconcile() -> Iterator[str]:
    """Bring everything in line with Stripe; one line for each thing that was not. A second run says nothing.

    Needs memory for one page of Stripe's lists at a time. Raises StripeFailed; what was mended stays so.
    """
    catch_up()
    for job in waiting_jobs(timezone.now()):
        yield from bring(job.customer)
    started_at = timezone.now()
    gateway = Gateway()
    for page in batched(gateway.subscriptions(), BATCH, strict=False):
        yield from mend(drift.by_subscriptions(page))
        Subscription.objects.filter(stripe_id__in=[row["id"] for row in page]).update(listed_at=timezone.now())
    for page in batched(gateway.refunds_since(seconds_of(started_at - REFUNDS)), BATCH, strict=False):
        yield from mend(drift.by_refunds(page))
    for page in batched(gateway.disputes_since(seconds_of(started_at - DISPUTES)), BATCH, strict=False):
        yield from mend(drift.by_disputes(page))
    yield from mend_unlisted(started_at)
    yield from mend_unseen(started_at)


def seconds_of(moment: datetime) -> int:
    return int(moment.timestamp())


def mend(stripe_ids: Iterable[str]) -> Iterator[str]:
    """Sync those of these customers that are this site's."""
    known = StripeCustomer.objects.filter(stripe_id__in=stripe_ids, livemode=settings.STRIPE_LIVEMODE)
    for customer in known.order_by("stripe_id"):
        yield from bring(customer)


def mend_unlisted(started_at: datetime) -> Iterator[str]:
    """A live subscription that Stripe's list does not have: its customer was removed, or the key is another's."""
    here = Subscription.objects.of_this_mode().filter(customer__deleted_at=None)
    unlisted = here.filter(status__in=LIVE_STATUSES).exclude(listed_at__gte=started_at)
    yield from bring_each(StripeCustomer.objects.filter(subscriptions__in=unlisted))


def mend_unseen(started_at: datetime) -> Iterator[str]:
    """Whoever ever bought something and was not asked for in a month, and whoever's payment page must be closed by now:
    what no list tells of is found here.
    """
    here = StripeCustomer.objects.filter(livemode=settings.STRIPE_LIVEMODE, deleted_at=None)
    long_ago = here.filter(Q(synced_at=None) | Q(synced_at__lt=started_at - EVERYBODY))
    yield from bring_each(long_ago.filter(Q(subscriptions__isnull=False) | Q(purchases__isnull=False)))
    closed = CheckoutAttempt.objects.filter(state__in=LIVE_STATES, expires_at__lt=started_at)
    yield from bring_each(here.filter(checkout_attempts__in=closed))


def bring_each(customers: QuerySet[StripeCustomer]) -> Iterator[str]:
    """Sync them, read by a hundred at a time."""
    last = 0
    while page := list(customers.filter(pk__gt=last).order_by("pk").distinct()[:BATCH]):
        for customer in page:
            yield from bring(customer)
        last = page[-1].pk


def bring(customer: StripeCustomer) -> Iterator[str]:
    """Sync one customer; one whom a worker is at just now is in good hands.

    One that Stripe does not know is told of and left as it is: the key may be another account's.
    """
    try:
        yield from sync_customer(customer).changes
    except SyncBusy:
        return
    except StripeMissing:
        yield f"{customer.stripe_id}: not known to the Stripe account of this key; left as it is"
