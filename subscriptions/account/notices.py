"""The mails that tell a subscriber what has happened and what is about to: what, when, how much, and how to leave. Each
goes out once, under a key of its own; here it is decided what is told, in `subscriptions/outgoing.py` how it is sent.

They are written from what Stripe said in a sync, in its transaction, so none tells of anything that is not stored, and
neither the order nor the number of events matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from subscriptions.account.sentences import ENDED, card_of, lacks_card, price_label
from subscriptions.answers import id_of, moment
from subscriptions.entitlements import standing_of
from subscriptions.mirroring.invoices import BEFORE_CUSTOMER
from subscriptions.models import (
    Alert,
    AlertKind,
    Card,
    DeclarationState,
    DeclaredContract,
    DeclaredOutcome,
    Invoice,
    OutgoingMail,
    StripeCustomer,
    Subscription,
    TrialUse,
)
from subscriptions.models.plan import interval_label, money
from subscriptions.outgoing import queue_mail
from subscriptions.stripe_gateway import Answer, Gateway

STILL_NEWS = timedelta(days=7)  # what is found out later, as after an outage or an import, is told by the account page
LONGEST_RETURN = timedelta(days=3)  # for which the site tries to cancel and return a second subscription
PRICE_NOTICE = timedelta(days=30)
OWING = ("past_due", "unpaid")
MISSED = ("payment_failed", "action_needed")  # the two mails of an attempt: the one or the other
BEGUN = ("trialing", "active")


@dataclass(frozen=True, slots=True)
class Told:
    """What Stripe says beyond the records: when subscriptions were cancelled, by their ids at Stripe, and which
    invoices wait for their payer to confirm the payment.
    """

    cancelled_at: dict[str, datetime]
    unconfirmed: frozenset[str]


def fetch_told(gateway: Gateway, _customer: StripeCustomer, subscriptions: list[Answer]) -> Told:
    cancelled = {answer["id"]: at for answer in subscriptions if (at := moment(answer.get("canceled_at"))) is not None}
    owed = {id_of(answer.get("latest_invoice")) for answer in subscriptions if answer["status"] in OWING}
    return Told(cancelled, frozenset(invoice for invoice in owed - {""} if gateway.waits_for_payer(invoice)))


def save_told(customer: StripeCustomer, told: Told, now: datetime) -> list[str]:
    """Queue the mails that the customer's records now call for. It changes no record, so there is nothing to report."""
    rows = Subscription.objects.filter(customer=customer).select_related("user", "plan", "customer", "card")
    for subscription in rows:
        tell_welcome(subscription, now)
        tell_missed(subscription, told.unconfirmed, now)
        if subscription.stripe_id in told.cancelled_at:
            tell_cancelled(subscription, told.cancelled_at[subscription.stripe_id], now)
    return []


def tell(key: str, user: User | None, template: str, context: dict[str, Any], *, is_money: bool = False) -> bool:
    """As `queue_mail`; a switched-off account hears of nothing but money that is taken, or about to be."""
    if user is None or not (user.is_active or is_money):
        return False
    return queue_mail(key, user, template, context)


def about(subscription: Subscription, **more: Any) -> dict[str, Any]:
    return {
        "subscription": subscription,
        "plan": subscription.plan,
        "card": card_of(subscription),
        "lacks_card": lacks_card(subscription),
        **more,
    }


def is_news(at: datetime | None, customer: StripeCustomer, now: datetime) -> bool:
    """Whether it happened lately, and while the site knew the customer."""
    return at is not None and at >= max(customer.created_at - BEFORE_CUSTOMER, now - STILL_NEWS)


def tell_welcome(subscription: Subscription, now: datetime) -> None:
    """Once a trial or the first period has begun; not for a second one, which will be returned or ended."""
    is_fresh = subscription.status in BEGUN and is_news(subscription.started_at, subscription.customer, now)
    if not is_fresh or is_second(subscription):
        return
    first = subscription.trial_end if subscription.status == "trialing" else None
    is_gift = first is not None and subscription.is_behind_gift()
    context = about(subscription, trial_end=None if is_gift else first, begins_at=first if is_gift else None)
    tell(f"welcome:{subscription.stripe_id}", subscription.user, "welcome", context)


def is_second(subscription: Subscription) -> bool:
    """Whether the reader had one that runs, or a trial, before; each is looked after elsewhere."""
    if TrialUse.objects.filter(subscription=subscription, refused_at__isnull=False).exists():
        return True
    earlier = Q(started_at__lt=subscription.started_at) | Q(started_at=subscription.started_at, pk__lt=subscription.pk)
    if subscription.user is None:
        return False
    own = Subscription.objects.filter(earlier, user=subscription.user, status__in=(*BEGUN, "past_due"))
    return own.filter(customer__livemode=subscription.customer.livemode).exists()


def tell_missed(subscription: Subscription, unconfirmed: frozenset[str], now: datetime) -> None:
    """Once for each attempt at an invoice that failed: to update the card or, where the bank asks, to confirm."""
    if subscription.status not in OWING:
        return
    standing = standing_of(subscription, now)
    for invoice in Invoice.objects.filter(subscription=subscription, status="open", attempt_count__gt=0):
        if (invoice.finalized_at or now) < subscription.customer.created_at - BEFORE_CUSTOMER:
            continue
        keys = {name: f"{name}:{invoice.stripe_id}:{invoice.attempt_count}" for name in MISSED}
        if OutgoingMail.objects.filter(dedupe_key__in=keys.values()).exists():
            continue  # the payer is at it: a card that asks to be confirmed, or that was not
        template = "action_needed" if invoice.stripe_id in unconfirmed else "payment_failed"
        reads_until = standing.until if standing.granted else None
        context = about(subscription, invoice=invoice, reads_until=reads_until)
        tell(keys[template], subscription.user, template, context)


def tell_cancelled(subscription: Subscription, cancelled_at: datetime, now: datetime) -> None:
    """Confirms the day. Each cancellation is confirmed, also one that follows one that was taken back."""
    ends_at = subscription.ends_at
    if ends_at is None or subscription.status == ENDED or not is_news(cancelled_at, subscription.customer, now):
        return
    if is_declared(subscription, Q(canceled_at=cancelled_at)):
        return
    key = f"cancelled:{subscription.stripe_id}:{int(cancelled_at.timestamp())}"
    tell(key, subscription.user, "cancelled", about(subscription, ends_at=ends_at))


def tell_ended(customer: StripeCustomer, now: datetime) -> None:
    """Once a subscription is over, for whatever reason; one that the site ended itself has a mail of its own."""
    ended = Subscription.objects.filter(customer=customer, status=ENDED, returned_at=None, ended_at__isnull=False)
    for subscription in ended.select_related("user", "plan", "customer"):
        if not is_news(subscription.ended_at, customer, now) or is_ended_by_site(subscription):
            continue
        if is_declared(subscription, Q(outcome=DeclaredOutcome.ENDED)):
            continue
        owed = Invoice.objects.filter(subscription=subscription, status="open", attempt_count__gt=0).first()
        context = about(subscription, owed=owed)
        tell(f"ended:{subscription.stripe_id}", subscription.user, "ended", context)


def is_declared(subscription: Subscription, done: Q) -> bool:
    """Whether a confirmed declaration did it, as `done` says, or is at it: that has a mail of its own, which says all.
    What staff had to settle instead is told like anything else.
    """
    at_it = Q(outcome=DeclaredOutcome.PLANNED, declaration__state=DeclarationState.CONFIRMED)
    done &= Q(declaration__state__in=(DeclarationState.CONFIRMED, DeclarationState.DONE))
    return DeclaredContract.objects.filter(at_it | done, subscription=subscription).exists()


def is_ended_by_site(subscription: Subscription) -> bool:
    """A second subscription or a second trial: cancelled by the site, which says why. A second one that a person let go
    on ends like any other.
    """
    double = Alert.objects.filter(key=f"{AlertKind.DOUBLE_SUBSCRIPTION}:{subscription.stripe_id}")
    if subscription.ended_at is not None:
        double = double.filter(created_at__gt=subscription.ended_at - LONGEST_RETURN)
    return double.exists() or TrialUse.objects.filter(subscription=subscription, refused_at__isnull=False).exists()


def tell_trial_ending(subscription: Subscription, amount_minor: int, currency: str) -> bool:
    """Before the first charge. Once for each end of a trial, whoever found out: our own clock, or Stripe. What begins
    when a gift ends was no trial, and is not called one.
    """
    trial_end = subscription.trial_end
    if subscription.status != "trialing" or trial_end is None or subscription.ends_at is not None or not amount_minor:
        return False
    key = f"trial_ending:{subscription.stripe_id}:{int(trial_end.timestamp())}"
    context = about(subscription, trial_end=trial_end, amount=amount_label(amount_minor, currency, subscription))
    template = "first_payment" if subscription.is_behind_gift() else "trial_ending"
    return tell(key, subscription.user, template, context, is_money=True)


def tell_renewal(subscription: Subscription, amount_minor: int, currency: str) -> bool:
    """Before a yearly plan is charged again. Once for each end of a period, whoever found out."""
    due = subscription.period_end
    if subscription.status != "active" or due is None or subscription.ends_at is not None or not amount_minor:
        return False
    key = f"renewal:{subscription.stripe_id}:{int(due.timestamp())}"
    context = about(subscription, due=due, amount=money(amount_minor, currency))
    return tell(key, subscription.user, "renewal", context, is_money=True)


def tell_price_change(
    subscription: Subscription, amount_minor: int, currency: str, interval: str, on: datetime
) -> bool:
    """That a subscription will cost something else from `on` (UTC). Raises ValueError where that is not PRICE_NOTICE
    ahead: nobody is charged more without having had the time to leave.
    """
    now = timezone.now()
    if on < now + PRICE_NOTICE:
        raise ValueError(f"a new price is told at least {PRICE_NOTICE.days} days ahead")
    return tell_found_price(subscription, price_label(subscription), (amount_minor, currency, interval), on, now)


def tell_found_price(
    subscription: Subscription, former: str, terms: tuple[int, str, str], on: datetime, now: datetime
) -> bool:
    """As tell_price_change, of what was arranged elsewhere and is told as early as it is known. `former` is the price
    until then in words, `terms` are amount in minor units, currency and interval; `on` is `now` where they hold by now.
    """
    amount_minor, currency, interval = terms
    key = f"price_change:{subscription.stripe_id}:{amount_minor}:{currency}:{int(on.timestamp())}"
    label = f"{money(amount_minor, currency)} {interval_label(interval)}".strip()
    context = new_price(subscription, former, label, on, now)
    return tell(key, subscription.user, "price_change", context, is_money=True)


def new_price(subscription: Subscription, former: str, label: str, on: datetime, now: datetime) -> dict[str, Any]:
    """What the mail of a new price says, both prices in words."""
    return about(subscription, former=former, amount=label, on=on, is_now=on <= now)


def tell_card_expiring(subscription: Subscription, card: Card) -> bool:
    """Once for a card and its last month, however many subscriptions it pays for."""
    key = f"card_expiring:{card.method_id}:{card.exp_year}-{card.exp_month}"
    return tell(key, subscription.user, "card_expiring", about(subscription, card=card))


def amount_label(amount_minor: int, currency: str, subscription: Subscription) -> str:
    """An amount with how often it comes back, where the first payment is like those that follow."""
    if (amount_minor, currency) == (subscription.amount_minor, subscription.currency):
        return f"{money(amount_minor, currency)} {interval_label(subscription.interval)}".strip()
    return money(amount_minor, currency)
