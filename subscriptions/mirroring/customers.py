"""Who is who at Stripe. A customer is found by the id that was stored when it was made, never by its address: a
look-up by address would hand one person's subscription to another.
"""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import User
from subscriptions.models import CheckoutAttempt, StripeCustomer, SyncJob
from subscriptions.stripe_gateway import Gateway


def customers_of(user: User) -> QuerySet[StripeCustomer]:
    """The reader's own customer in the mode of the site's key: one or none."""
    return StripeCustomer.objects.filter(user=user, livemode=settings.STRIPE_LIVEMODE, deleted_at=None)


def customer_for(attempt: CheckoutAttempt, gateway: Gateway) -> StripeCustomer:
    """The customer with whom the attempt pays: the reader's own, or for a stranger a new one of this attempt alone.

    A stranger is not shown the customer of whoever holds the address that was typed: its payment page would tell of
    their cards and their name. Raises StripeFailed.
    """
    if attempt.customer is not None:
        return attempt.customer
    own = customers_of(attempt.user).first() if attempt.user is not None else None
    customer = own or make_customer(attempt, gateway)
    attempt.customer = customer
    attempt.save(update_fields=["customer"])
    return customer


def make_customer(attempt: CheckoutAttempt, gateway: Gateway) -> StripeCustomer:
    """Made under a key of its own, so that two clicks make one; stored before anything can be paid with it."""
    key = f"{settings.STRIPE_APP}:customer:{attempt.uuid}"
    tags = {"app": settings.STRIPE_APP}
    answer = gateway.create_customer(email=attempt.email, metadata=tags, key=key)
    try:
        with transaction.atomic():
            made, is_new = StripeCustomer.objects.get_or_create(
                stripe_id=answer["id"], defaults={"user": attempt.user, "livemode": answer["livemode"]}
            )
            if is_new:
                SyncJob.objects.create(customer=made)
    except IntegrityError:  # the reader's customer was made a moment ago by another request
        return StripeCustomer.objects.get(user=attempt.user, livemode=answer["livemode"], deleted_at=None)
    return made
