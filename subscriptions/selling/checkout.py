"""From the gate to the payment page. What is sold and for how much is looked up here; the form only names the option.

Nothing is granted on the way: a payment counts when a sync has seen it at Stripe.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.limits import network_of
from accounts.models import User
from accounts.origin import own_origin
from subscriptions.agreed.agreements import Offer, note_checkout
from subscriptions.answers import moment
from subscriptions.entitlements import entitlement_of
from subscriptions.mirroring.attempts import subscription_under_way
from subscriptions.mirroring.customers import customer_for
from subscriptions.models import (
    PAID_ONCE,
    AttemptState,
    CheckoutAttempt,
    Lead,
    PlanPrice,
    StripeCustomer,
    Subscription,
)
from subscriptions.paid_once.subscription_gifts import first_payment_after_gift
from subscriptions.selling.passes import attempts_of
from subscriptions.selling.payment_pages import page_params
from subscriptions.signals import checkout_started
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Answer, Gateway, StripeBusy, StripeFailed, StripeRefused
from subscriptions.sync import SyncBusy, mark_dirty, sync_customer

# Two clicks on one button, of which the second comes before the first has brought its cookie. Any longer, and somebody
# else behind the same network could share the attempt of an address that they typed at the same time.
DOUBLE_CLICK = timedelta(seconds=5)
STILL_OPEN_FOR = timedelta(minutes=5)  # a payment page that closes sooner is not handed out again
WAITING = (AttemptState.STARTED, AttemptState.OPEN)
PAID_OR_SOON = (AttemptState.PAID, AttemptState.PROCESSING)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be bought. `quantity`: the seats of a group. `scope`: the article that is bought, as
    `article:<public id>`, or a mark of a gift's details; empty for what a plan opens by itself.
    """

    price: PlanPrice
    quantity: int = 1
    scope: str = ""
    promotion_code: str = ""  # its id at Stripe
    trial_days: int = 0
    needs_card: bool = True  # also where nothing is due today
    begins_at: datetime | None = None  # the first payment, where it is not due at once


class AlreadySubscribed(Exception):
    """The reader has what a checkout would sell, or is about to; says so in a sentence for them."""


class AlreadyPaid(Exception):
    """An earlier checkout of this browser was paid meanwhile."""

    def __init__(self, attempt: CheckoutAttempt) -> None:
        super().__init__(str(attempt))
        self.attempt = attempt


def open_checkout(request: HttpRequest, lead: Lead, order: Order, offer: Offer, next_path: str) -> CheckoutAttempt:
    """An attempt whose `session_url` is the payment page; one that is still open is used again. `offer`: as the
    page showed it.

    Raises AlreadySubscribed, AlreadyPaid or StripeFailed, and then nothing was sold and the lead is kept.
    """
    user = request.user if isinstance(request.user, User) else None
    gateway = Gateway(in_request=True)
    if order.price.plan.kind in PAID_ONCE:
        refuse_on_its_way(request, user, order)
    else:
        if user is not None:
            refuse_second(user, gateway)
            order = behind_gift(user, order)
        refuse_paid_here(request, lead.email)
    with transaction.atomic():
        attempt = find_or_start(request, user, lead, order, next_path)
        note_checkout(attempt, offer)
    close_others(request, attempt, gateway)
    if not attempt.session_url:
        try:
            open_session(attempt, gateway, own_origin(request))
        except StripeFailed:
            # Stripe answers a repetition under the same keys as it answered at first, for a day: begin anew next time.
            CheckoutAttempt.objects.filter(pk=attempt.pk, state__in=WAITING).update(state=AttemptState.FAILED)
            raise
    return attempt


def refuse_on_its_way(request: HttpRequest, user: User | None, order: Order) -> None:
    """Raise AlreadyPaid where the very same is paid for already, by a payment that takes days."""
    same = own_attempts(request, user).filter(price=order.price, scope=order.scope, state=AttemptState.PROCESSING)
    under_way = same.first()
    if under_way is not None:
        raise AlreadyPaid(under_way)


def behind_gift(user: User, order: Order) -> Order:
    """Who reads by a gift keeps its days: the first payment is due when they end. No trial comes on top, and a card is
    asked for unless nothing is ever due. A group begins at once, for the sake of its other readers: the gift waits.
    """
    if order.price.plan.is_group:
        return order
    begins_at = first_payment_after_gift(user.pk, timezone.now())
    if begins_at is None:
        return order
    needs_card = order.needs_card or bool(order.trial_days)
    return replace(order, begins_at=begins_at, trial_days=0, needs_card=needs_card)


def refuse_second(user: User, gateway: Gateway) -> None:
    """Raise AlreadySubscribed by what Stripe says now or, where it does not say, by what was stored last."""
    held = StripeCustomer.objects.filter(Q(user=user) | Q(subscriptions__user=user), deleted_at=None)
    for customer in held.filter(livemode=settings.STRIPE_LIVEMODE).distinct():
        try:
            sync_customer(customer, gateway)
        except SyncBusy:
            continue
    if live_subscriptions(user).exists():
        raise AlreadySubscribed(_("You have a subscription already, so nothing was charged."))
    if subscription_under_way(user) is not None:
        raise AlreadySubscribed(_("A payment of yours is under way, so nothing more was charged."))
    entitlement = entitlement_of(user.pk, timezone.now())
    if entitlement.has_library and entitlement.library_until is None:
        raise AlreadySubscribed(_("The whole library is open to you already, so nothing was charged."))


def refuse_paid_here(request: HttpRequest, email: str) -> None:
    """Raise AlreadyPaid where this browser has just paid for the same address; its owner may not have logged in yet."""
    own = CheckoutAttempt.objects.of_this_mode().filter(pk__in=attempts_of(request), lead__email=email)
    own = own.exclude(price__plan__kind__in=PAID_ONCE)
    is_running = Q(state=AttemptState.PAID, subscription__status__in=LIVE_STATUSES)
    held = own.filter(is_running | Q(state=AttemptState.PROCESSING)).first()
    if held is not None:
        raise AlreadyPaid(held)


def live_subscriptions(user: User) -> QuerySet[Subscription]:
    """Those that a second one would double. What never began or has ended does not stand in the way."""
    return Subscription.objects.of_this_mode().filter(user=user, status__in=LIVE_STATUSES)


@transaction.atomic
def find_or_start(request: HttpRequest, user: User | None, lead: Lead, order: Order, next_path: str) -> CheckoutAttempt:
    """One attempt for each reader, address and order, also when two requests come at once."""
    browser = browser_mark(request, lead.email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"checkout {user or browser}"])
    now, ordered = timezone.now(), {field.name: getattr(order, field.name) for field in fields(order)}
    waiting = own_attempts(request, user).filter(**ordered, lead__email=lead.email, state__in=WAITING)
    if user is None:
        clicked_twice = CheckoutAttempt.objects.filter(
            **ordered, user=None, browser=browser, created_at__gt=now - DOUBLE_CLICK, state__in=WAITING
        )
        waiting = waiting | clicked_twice
    usable = waiting.filter(Q(expires_at=None) | Q(expires_at__gt=now + STILL_OPEN_FOR))
    found = usable.select_related("customer", "lead", "user", "price__plan").order_by("-created_at").first()
    return found or CheckoutAttempt.objects.create(
        **ordered, user=user, lead=lead, browser=browser, next_path=next_path
    )


def own_attempts(request: HttpRequest, user: User | None) -> QuerySet[CheckoutAttempt]:
    """The attempts of the reader who is logged in, or else of this browser."""
    attempts = CheckoutAttempt.objects.of_this_mode().filter(user=user)
    return attempts if user is not None else attempts.filter(pk__in=attempts_of(request))


def browser_mark(request: HttpRequest, email: str) -> str:
    stated = f"{email} {network_of(request)} {request.headers.get('User-Agent', '')}"
    return salted_hmac("subscriptions.selling.checkout", stated, algorithm="sha256").hexdigest()


def close_others(request: HttpRequest, attempt: CheckoutAttempt, gateway: Gateway) -> None:
    """Close the reader's other payment pages for a subscription or, of what is paid once, for the very same, so that
    not two can be paid. Raises AlreadyPaid if one was.
    """
    others = own_attempts(request, attempt.user).filter(state=AttemptState.OPEN).exclude(pk=attempt.pk)
    if attempt.price.plan.kind in PAID_ONCE:
        others = others.filter(price__plan=attempt.price.plan, scope=attempt.scope)
    else:
        others = others.exclude(price__plan__kind__in=PAID_ONCE)
    for other in others.select_related("customer"):
        try:
            gateway.expire_session(other.session_id or "")
        except StripeRefused:  # it is paid, or expired by itself
            find_out(other, gateway)
        else:
            CheckoutAttempt.objects.filter(pk=other.pk, state=AttemptState.OPEN).update(state=AttemptState.EXPIRED)


def find_out(attempt: CheckoutAttempt, gateway: Gateway) -> None:
    """Raise AlreadyPaid if it is. Until that is known nothing else is sold to the reader: raises StripeBusy."""
    if attempt.customer is not None:
        sync_or_wait(attempt.customer, gateway)
    attempt.refresh_from_db(fields=["state"])
    if attempt.state in PAID_OR_SOON:
        raise AlreadyPaid(attempt)


def sync_or_wait(customer: StripeCustomer, gateway: Gateway) -> None:
    try:
        sync_customer(customer, gateway)
    except SyncBusy:
        mark_dirty(customer.pk)
        raise StripeBusy("a worker is at this customer", None) from None


def open_session(attempt: CheckoutAttempt, gateway: Gateway, origin: str) -> None:
    """Have Stripe make the payment page. A customer that was removed there is replaced by a new one, once."""
    customer = customer_for(attempt, gateway)
    try:
        session = create_session(attempt, customer, gateway, origin)
    except StripeRefused as error:
        if error.code != "resource_missing" or error.param != "customer":
            raise
        sync_or_wait(customer, gateway)
        attempt.customer = None
        customer = customer_for(attempt, gateway)
        session = create_session(attempt, customer, gateway, origin)
    attempt.session_id, attempt.session_url = session["id"], session["url"]
    # Whoever clicked twice may have paid by the first click already; that must not be written over.
    is_first = (
        CheckoutAttempt.objects.filter(pk=attempt.pk)
        .exclude(state__in=PAID_OR_SOON)
        .update(
            session_id=session["id"],
            session_url=session["url"],
            expires_at=moment(session["expires_at"]),
            state=AttemptState.OPEN,
        )
    )
    if not is_first:
        raise AlreadyPaid(attempt)
    transaction.on_commit(partial(checkout_started.send, sender=CheckoutAttempt, attempt=attempt))


def create_session(attempt: CheckoutAttempt, customer: StripeCustomer, gateway: Gateway, origin: str) -> Answer:
    key = f"{settings.STRIPE_APP}:session:{attempt.uuid}:{customer.stripe_id}"
    return gateway.create_session(page_params(attempt, customer, origin), key=key)
