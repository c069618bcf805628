"""Finds what was missed: events that never arrived, and subscriptions that differ from Stripe's list all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from subscriptions.answers import id_of, items_of, terms_of
from subscriptions.events import book
from subscriptions.mirror import is_ours
from subscriptions.models import EventCursor, StripeCustomer, Subscription
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Answer, Gateway, StripeMissing
from subscriptions.sync import SyncBusy, run_sync, sync_customer, waiting_jobs

# An event may appear in the list after one that was made later. Reading some again does no harm: each is booked once.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=30)  # as long as Stripe keeps events
BATCH = 100


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

    Needs memory for one page of Stripe's list at a time. Raises StripeFailed; what was mended stays so.
    """
    catch_up()
    for job in waiting_jobs(timezone.now()):
        yield from bring(job.customer)
    started_at = timezone.now()
    page: list[Answer] = []
    for answer in Gateway().subscriptions():
        page.append(answer)
        if len(page) == BATCH:
            yield from mend(page)
            page = []
    yield from mend(page)
    yield from mend_unlisted(started_at)


def mend(page: list[Answer]) -> Iterator[str]:
    """Sync the customers whose listed subscriptions are not as they are stored."""
    customers = {
        row.stripe_id: row
        for row in StripeCustomer.objects.filter(stripe_id__in=[id_of(row["customer"]) for row in page])
    }
    stored = {row.stripe_id: row for row in Subscription.objects.filter(stripe_id__in=[row["id"] for row in page])}
    drifted = {
        id_of(answer["customer"])
        for answer in page
        if id_of(answer["customer"]) in customers and differs(stored.get(answer["id"]), answer) and is_ours(answer)
    }
    for stripe_id in sorted(drifted):
        yield from bring(customers[stripe_id])
    Subscription.objects.filter(stripe_id__in=stored).update(listed_at=timezone.now())


def mend_unlisted(started_at: datetime) -> Iterator[str]:
    """A live subscription that Stripe's list does not have: its customer was removed, or the key is another's."""
    here = Subscription.objects.of_this_mode().filter(customer__deleted_at=None)
    unlisted = here.filter(status__in=LIVE_STATUSES).exclude(listed_at__gte=started_at)
    for customer in StripeCustomer.objects.filter(subscriptions__in=unlisted).distinct():
        yield from bring(customer)


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


def differs(stored: Subscription | None, answer: Answer) -> bool:
    if stored is None:
        return True
    has_changed = any(getattr(stored, name) != value for name, value in terms_of(answer).items())
    return has_changed or all(item["price"]["id"] != stored.price_id for item in items_of(answer))
