"""Two subscriptions of one reader: two tabs in which both paid, or a gate that did not know who asked.

The older one stays. The newer is cancelled and its payment returned where the setting says so; a person is told in
any case.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils import timezone

from accounts.models import User
from subscriptions.alerts import raise_alert
from subscriptions.models import AlertKind, Invoice, StripeCustomer, Subscription
from subscriptions.outgoing import queue_mail
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeRefused
from subscriptions.sync import mark_dirty

RUNNING = ("active", "trialing")
WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))


def find_doubles(customer: StripeCustomer) -> None:
    """Look at the readers who hold a subscription of this customer. Locks them, so that no two syncs miss a pair."""
    owners = Subscription.objects.filter(customer=customer, user__isnull=False).values("user_id")
    for user in User.objects.filter(pk__in=owners).order_by("pk").select_for_update(no_key=True):
        own = Subscription.objects.filter(user=user, customer__livemode=customer.livemode)
        running = list(own.filter(status__in=RUNNING).order_by("started_at", "pk"))
        for newer in running[1:]:
            tell(running[0], newer)


def tell(older: Subscription, newer: Subscription) -> None:
    """Raise the alert. What ends anyway is not told apart from what goes on: then a person decides which one stays."""
    is_new = raise_alert(
        AlertKind.DOUBLE_SUBSCRIPTION,
        newer.stripe_id,
        f"Reader {newer.user_id} holds {older.stripe_id} and since {newer.started_at:%d %B %Y} {newer.stripe_id} too.",
    )
    if is_new and settings.REFUND_SECOND_SUBSCRIPTION and older.ends_at is None:
        return_second.enqueue(subscription_pk=newer.pk, kept_pk=older.pk)


@task
def return_second(*, subscription_pk: int, kept_pk: int, attempt: int = 0) -> None:
    """Cancel the newer subscription at once and return what was paid for it. Repeated until Stripe has done it."""
    newer = Subscription.objects.select_related("customer__sync_job", "user", "plan").get(pk=subscription_pk)
    older = Subscription.objects.get(pk=kept_pk)
    if older.status not in RUNNING or older.ends_at is not None:
        return  # the one to be kept ends: the alert stays for a person
    try:
        returned = give_back(newer)
    except StripeFailed:
        if attempt >= len(WAITS):
            raise
        again = return_second.using(run_after=timezone.now() + WAITS[attempt])
        again.enqueue(subscription_pk=subscription_pk, kept_pk=kept_pk, attempt=attempt + 1)
        return
    with transaction.atomic():
        mark_dirty(newer.customer_id)
        if newer.user is not None:
            context = {"subscription": newer, "kept": older, "plan": newer.plan, "invoices": returned}
            queue_mail(f"second_payment_returned:{newer.stripe_id}", newer.user, "second_payment_returned", context)


def give_back(newer: Subscription) -> list[Invoice]:
    """Returns the invoices whose payments went back. Each call has its own key: a repetition returns nothing twice."""
    gateway = Gateway()
    try:
        gateway.cancel_subscription(newer.stripe_id, key=f"{settings.STRIPE_APP}:cancel-second:{newer.stripe_id}")
    except StripeRefused as error:
        if error.code != "resource_missing":  # it was cancelled already
            raise
    paid = list(Invoice.objects.filter(subscription=newer, paid_minor__gt=0))
    for invoice in paid:
        for intent in gateway.payment_intents_of(invoice.stripe_id):
            gateway.refund(intent, key=f"{settings.STRIPE_APP}:refund-second:{intent}")
    return paid
