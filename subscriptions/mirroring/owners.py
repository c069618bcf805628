"""Whose something is that was paid for. That account is nobody's login yet: only the code that is sent to the address
opens it.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from accounts.codes import account_for
from accounts.models import User
from subscriptions.alerts import raise_alert
from subscriptions.mirroring.customers import customers_of
from subscriptions.models import AlertKind, AttemptState, CheckoutAttempt, StripeCustomer
from subscriptions.signals import payment_received


def hand_over(attempt: CheckoutAttempt, customer: StripeCustomer, sold_id: str, now: datetime) -> User:
    """Mark the attempt as paid; what was bought, `sold_id` at Stripe, belongs to the account of the address that was
    given, made now if there is none. The caller saves the attempt.
    """
    owner = attempt.user or account_for(attempt.email)
    attempt.user, attempt.state, attempt.paid_at = owner, AttemptState.PAID, now
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if customer.user is None and not customers_of(owner).exists():
        customer.user = owner
        customer.save(update_fields=["user"])
    if not owner.is_active:
        raise_alert(
            AlertKind.SWITCHED_OFF,
            sold_id,
            f"{sold_id} was paid for reader {owner.pk}, whose account is switched off and gets no codes. Open the "
            f"account again, or cancel what was bought and return the payment.",
            customer,
        )
    transaction.on_commit(partial(payment_received.send, sender=CheckoutAttempt, attempt=attempt))
    return owner
