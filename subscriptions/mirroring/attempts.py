"""What became of checkout attempts. A payment is believed only from Stripe's own answer about a session of ours."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from subscriptions.mirroring.owners import hand_over
from subscriptions.models import LIVE_STATES, PAID_ONCE, AttemptState, CheckoutAttempt, StripeCustomer, Subscription
from subscriptions.paid_once.gift_cards import let_gifts_wait
from subscriptions.paid_once.purchases import HAS_PAID, settle_purchase
from subscriptions.stripe_gateway import Answer

NEVER_PAID = ("incomplete_expired", "canceled")  # what a payment that takes days and fails ends in


def payment_under_way(user: User) -> CheckoutAttempt | None:
    """The reader's payment that takes days and has neither come nor failed."""
    return CheckoutAttempt.objects.of_this_mode().filter(user=user, state=AttemptState.PROCESSING).first()


def subscription_under_way(user: User) -> CheckoutAttempt | None:
    """As payment_under_way, of a payment for a subscription."""
    own = CheckoutAttempt.objects.of_this_mode().filter(user=user, state=AttemptState.PROCESSING)
    return own.exclude(price__plan__kind__in=PAID_ONCE).first()


def settle_attempts(customer: StripeCustomer, sessions: dict[str, Answer], now: datetime) -> None:
    """Move the customer's attempts on as their sessions say; with the customer removed, none can be paid any more."""
    live = CheckoutAttempt.objects.filter(customer=customer, state__in=LIVE_STATES)
    for attempt in live.select_related("lead", "user", "price__plan").select_for_update(of=("self",)):
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
        if attempt.price.plan.kind in PAID_ONCE:
            settle_purchase(attempt, session, customer, now)
        else:
            settle_subscription(attempt, session, customer, now)
    attempt.save()


def settle_subscription(attempt: CheckoutAttempt, session: Answer, customer: StripeCustomer, now: datetime) -> None:
    bought = Subscription.objects.filter(stripe_id=session["subscription"], customer=customer).first()
    if bought is not None and session["payment_status"] in HAS_PAID:
        bought.user = attempt.user = hand_over(attempt, customer, bought.stripe_id, now)
        attempt.subscription = bought
        bought.begins_at = attempt.begins_at
        bought.save(update_fields=["user", "begins_at"])
        if attempt.begins_at is None:
            let_gifts_wait(attempt.user, bought, now)
    elif bought is not None and bought.status in NEVER_PAID:
        attempt.state = AttemptState.FAILED
    else:
        attempt.state = AttemptState.PROCESSING
