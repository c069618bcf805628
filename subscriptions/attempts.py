"""What became of checkout attempts. A payment is believed only from Stripe's own answer about a session of ours."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from accounts.codes import account_for
from accounts.models import User
from subscriptions.alerts import raise_alert
from subscriptions.customers import customers_of
from subscriptions.models import LIVE_STATES, AlertKind, AttemptState, CheckoutAttempt, StripeCustomer, Subscription
from subscriptions.signals import payment_received
from subscriptions.stripe_gateway import Answer

HAS_PAID = ("paid", "no_payment_required")
NEVER_PAID = ("incomplete_expired", "canceled")  # what a payment that takes days and fails ends in


def payment_under_way(user: User) -> CheckoutAttempt | None:
    """The reader's payment that takes days and has neither come nor failed."""
    return CheckoutAttempt.objects.of_this_mode().filter(user=user, state=AttemptState.PROCESSING).first()


def settle_attempts(customer: StripeCustomer, sessions: dict[str, Answer], now: datetime) -> None:
    """Move the customer's attempts on as their sessions say; with the customer removed, none can be paid any more."""
    live = CheckoutAttempt.objects.filter(customer=customer, state__in=LIVE_STATES).select_related("lead", "user")
    for attempt in live.select_for_update(of=("self",)):
        session = sessions.get(attempt.session_id or "")
        if session is not None:
            settle(attempt, session, customer, now)
        elif customer.deleted_at is not None:
            attempt.state = AttemptState.EXPIRED
            attempt.save(update_fields=["state"])


def settle(attempt: CheckoutAttempt, session: Answer, customer: StripeCustomer, now: datetime) -> None:
    if session["status"] == "expired":
        attempt.state = AttemptState.EXPIRED
    elif session["status"] == "complete" and session["client_reference_id"] == str(attempt.uuid):
        bought = Subscription.objects.filter(stripe_id=session["subscription"], customer=customer).first()
        if bought is not None and session["payment_status"] in HAS_PAID:
            book_payment(attempt, bought, customer, now)
        elif bought is not None and bought.status in NEVER_PAID:
            attempt.state = AttemptState.FAILED
        else:
            attempt.state = AttemptState.PROCESSING
    attempt.save()


def book_payment(attempt: CheckoutAttempt, bought: Subscription, customer: StripeCustomer, now: datetime) -> None:
    """What was bought belongs to the account of the address that was given, made now if there is none.

    That account is nobody's login yet: only the code that is sent to the address opens it.
    """
    owner = attempt.user or account_for(attempt.email)
    attempt.user, attempt.subscription = owner, bought
    attempt.state, attempt.paid_at = AttemptState.PAID, now
    bought.user = owner
    bought.save(update_fields=["user"])
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if customer.user is None and not customers_of(owner).exists():
        customer.user = owner
        customer.save(update_fields=["user"])
    if not owner.is_active:
        raise_alert(
            AlertKind.SWITCHED_OFF,
            bought.stripe_id,
            f"{bought.stripe_id} was paid for reader {owner.pk}, whose account is switched off and gets no codes. Open "
            f"the account again, or cancel the subscription and return the payment.",
        )
    transaction.on_commit(partial(payment_received.send, sender=CheckoutAttempt, attempt=attempt))
