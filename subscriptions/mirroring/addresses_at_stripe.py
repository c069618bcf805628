"""The address at Stripe follows the login, never the other way round: what is changed there is where invoices go."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.tasks import task

from accounts.models import User
from subscriptions.models import StripeCustomer
from subscriptions.retries import put_off
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeMissing
from subscriptions.sync import mark_dirty

WAITS = (
    timedelta(seconds=30),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
)


def follow_login(user: User, former: str) -> None:
    """Queue, in the caller's transaction, what tells Stripe of the reader's new address."""
    is_theirs = Q(user=user) | Q(subscriptions__user=user)
    own = StripeCustomer.objects.filter(is_theirs, livemode=settings.STRIPE_LIVEMODE, deleted_at=None)
    for pk in own.distinct().values_list("pk", flat=True):
        tell_address.enqueue(customer_pk=pk, user_pk=user.pk, former=former)


@task
def tell_address(*, customer_pk: int, user_pk: int, former: str, attempt: int = 0) -> None:
    """Write the login as it is by now, if Stripe still has the former one; another was set there on purpose, such as
    that of an accounts department. Doing it twice changes nothing.
    """
    customer = StripeCustomer.objects.filter(pk=customer_pk, deleted_at=None).first()
    user = User.objects.filter(pk=user_pk, is_active=True).first()
    if customer is None or user is None:
        return
    gateway = Gateway()
    try:
        if str(gateway.customer(customer.stripe_id).get("email") or "").lower() in ("", former):
            gateway.update_customer(customer.stripe_id, {"email": user.email})
    except StripeMissing:
        return
    except StripeFailed:
        if not put_off(tell_address, attempt, waits=WAITS, customer_pk=customer_pk, user_pk=user_pk, former=former):
            raise
        return
    mark_dirty(customer.pk)
