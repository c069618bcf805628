"""One free trial for each reader: known again by the account, by the address and by the card.

Who is logged in and has had one is not offered another. A stranger's page is everybody's, and what an address or a card
has had is told to nobody who only types it: so there it is found out once Stripe tells of the trial. A second one is
then ended at once, before anything is charged.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.tasks import task
from django.utils.crypto import salted_hmac

from subscriptions.answers import id_of
from subscriptions.models import CheckoutAttempt, StripeCustomer, Subscription, TrialUse
from subscriptions.outgoing import queue_mail
from subscriptions.retries import put_off
from subscriptions.stripe_gateway import Answer, Gateway, StripeFailed
from subscriptions.sync import mark_dirty


def address_mark(email: str) -> str:
    """Of a normalised address, without what its owner may put behind a plus: that reaches the same mailbox."""
    local, _at, domain = email.rpartition("@")
    mailbox = f"{local.partition('+')[0] or local}@{domain}"
    return salted_hmac("subscriptions.selling.trials", mailbox, algorithm="sha256").hexdigest()


def trials_of(user_id: int, email: str) -> QuerySet[TrialUse]:
    """What the reader has had of trials, by the account or by the address."""
    return TrialUse.objects.of_this_mode().filter(Q(user_id=user_id) | Q(address_mark=address_mark(email)))


def fetch_cards(gateway: Gateway, customer: StripeCustomer, subscriptions: list[Answer]) -> dict[str, str]:
    """The fingerprints of the cards behind the customer's trials, by subscription; empty where there is no card."""
    begun = [answer for answer in subscriptions if answer.get("trial_start")]
    noted = TrialUse.objects.filter(subscription__customer=customer).exclude(fingerprint="")
    known = set(noted.values_list("subscription__stripe_id", flat=True))
    asked = [answer for answer in begun if answer["id"] not in known]
    if not asked:
        return {}
    cards = {method["id"]: fingerprint_of(method) for method in gateway.payment_methods_of(customer.stripe_id)}
    any_card = next(iter(cards.values()), "")
    return {answer["id"]: cards.get(id_of(answer.get("default_payment_method")), any_card) for answer in asked}


def fingerprint_of(method: Answer) -> str:
    details = method.get(method["type"]) or {}
    return str(details.get("fingerprint") or "")


def save_trials(customer: StripeCustomer, cards: dict[str, str], now: datetime) -> list[str]:
    """Note the trials that were sold here, and have a second one ended. What was given otherwise is nobody's trial."""
    sold = CheckoutAttempt.objects.filter(subscription__stripe_id__in=cards, trial_days__gt=0)
    changes = []
    for attempt in sold.select_related("subscription", "lead"):
        if attempt.subscription is not None:
            changes += note_trial(attempt, attempt.subscription, cards[attempt.subscription.stripe_id], now)
    return changes


def note_trial(attempt: CheckoutAttempt, subscription: Subscription, fingerprint: str, now: datetime) -> list[str]:
    with connection.cursor() as cursor:  # two trials at one time, by two customers, must not miss each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('trial use', 0))")
    use, is_new = TrialUse.objects.get_or_create(
        subscription=subscription,
        defaults={
            "user_id": subscription.user_id,
            "address_mark": address_mark(attempt.email),
            "fingerprint": fingerprint,
            "began_at": subscription.started_at,
        },
    )
    if not is_new:
        # A card that came later: it counts for the next trial, and does not end the one of who now pays with it.
        is_changed = TrialUse.objects.filter(pk=use.pk).exclude(fingerprint=fingerprint).update(fingerprint=fingerprint)
        return [f"{subscription.stripe_id}: card of the trial noted"] if is_changed else []
    if subscription.status == "trialing" and earlier_uses(use).exists():
        TrialUse.objects.filter(pk=use.pk).update(refused_at=now)
        transaction.on_commit(partial(end_second_trial.enqueue, subscription_pk=subscription.pk))
    return [f"{subscription.stripe_id}: trial noted"]


def earlier_uses(use: TrialUse) -> QuerySet[TrialUse]:
    same = Q(address_mark=use.address_mark)
    if use.user_id is not None:
        same |= Q(user_id=use.user_id)
    if use.fingerprint:
        same |= Q(fingerprint=use.fingerprint)
    return TrialUse.objects.of_this_mode().filter(same, pk__lt=use.pk)


@task
def end_second_trial(*, subscription_pk: int, attempt: int = 0) -> None:
    """Cancel it at once, with nothing charged, and say why. Repeated until Stripe has done it."""
    subscription = Subscription.objects.select_related("user", "plan").get(pk=subscription_pk)
    key = f"{settings.STRIPE_APP}:second-trial:{subscription.stripe_id}"
    try:
        Gateway().cancel_subscription(subscription.stripe_id, key=key)
    except StripeFailed:
        if not put_off(end_second_trial, attempt, subscription_pk=subscription_pk):
            raise
        return
    with transaction.atomic():
        mark_dirty(subscription.customer_id)
        if subscription.user is not None:
            context = {"subscription": subscription, "plan": subscription.plan}
            queue_mail(f"second_trial_ended:{subscription.stripe_id}", subscription.user, "second_trial_ended", context)
