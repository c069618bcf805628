"""Payments that take days, as bank debits do. Until one has come it gives nothing
(`subscriptions/mirroring/attempts.py`); of one that fails its payer hears once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from subscriptions.models import AttemptState, CheckoutAttempt, StripeCustomer
from subscriptions.outgoing import queue_mail
from subscriptions.stripe_gateway import Answer, Gateway

STILL_NEWS = timedelta(days=60)  # a debit may be answered after weeks


def fetch_nothing(_gateway: Gateway, _customer: StripeCustomer, _subscriptions: list[Answer]) -> None:
    """The attempts have been settled by what their sessions say."""


def tell_failed(customer: StripeCustomer, _fetched: None, now: datetime) -> list[str]:
    """To the account, or to the address that was given: who never paid has no account by it."""
    failed = CheckoutAttempt.objects.filter(customer=customer, state=AttemptState.FAILED, session_id__isnull=False)
    for attempt in failed.filter(created_at__gt=now - STILL_NEWS).select_related("user", "lead", "price__plan"):
        context = {"attempt": attempt, "plan": attempt.price.plan}
        queue_mail(f"debit_failed:{attempt.uuid}", attempt.user, "debit_failed", context, recipient=attempt.email)
    return []
