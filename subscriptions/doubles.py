"""Two subscriptions of one reader: two tabs in which both paid, or a gate that did not know who asked.

The older one stays. The newer is cancelled and its payment returned where the setting says so; a person is told in
any case.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils import timezone

from accounts.models import User
from subscriptions.alerts import raise_alert
from subscriptions.models import AlertKind, Invoice, StripeCustomer, Subscription
from subscriptions.outgoing import queue_mail
from subscriptions.retries import put_off
from subscriptions.stripe_gateway import Gateway, StripeFailed, StripeRefused
from subscriptions.sync import mark_dirty

RUNNING = ("active", "trialing")
PAID_FOR = (*RUNNING, "past_due")


def find_doubles(customer: StripeCustomer) -> None:
    """Look at the readers who hold a subscription of this customer. Locks them, so that no two syncs miss a pair."""
    owners = Subscription.objects.filter(customer=customer, user__isnull=False).values("user_id")
    for user in User.objects.filter(pk__in=owners).order_by("pk").select_for_update(no_key=True):
        own = Subscription.objects.filter(user=user, customer__livemode=customer.livemode)
        own = own.exclude(trial_use__refused_at__isnull=False)  # a second trial is ended anyway
        running = list(own.filter(status__in=PAID_FOR).order_by("started_at", "pk"))
        for newer in running[1:]:
            tell(running[0], newer)


def tell(older: Subscription, newer: Subscription) -> None:
    """Raise the alert. What ends anyway is not told apart from what goes on: then a person decides which one stays."""
    is_new = raise_alert(
        AlertKind.DOUBLE_SUBSCRIPTION,
        newer.stripe_id,
        f"Reader {newer.user_id} holds {older.stripe_id} and since {newer.started_at:%d %B %Y} {newer.stripe_id} too.",
        newer.customer,
    )
    if is_new and settings.REFUND_SECOND_SUBSCRIPTION and stays(older, newer):
        return_second.enqueue(subscription_pk=newer.pk, kept_pk=older.pk)


def stays(older: Subscription, newer: Subscription) -> bool:
    """Whether the older one is certain to go on, and was bought by who bought the newer one or reads by it.

    An account that nobody has entered yet may have been given the older one by a stranger, who would choose with it
    what becomes of the payment of the account's owner.
    """
    is_entered = older.user is not None and older.user.last_login is not None
    is_one_buyer = bool(browsers_of(older) & browsers_of(newer))
    return (is_entered or is_one_buyer) and older.status in RUNNING and older.ends_at is None


def browsers_of(subscription: Subscription) -> set[str]:
    return set(subscription.checkout_attempts.values_list("browser", flat=True))


@task
def return_second(*, subscription_pk: int, kept_pk: int, attempt: int = 0) -> None:
    """Cancel the newer subscription at once and return what was paid for it. Repeated until Stripe has done it."""
    newer = Subscription.objects.select_related("user", "plan").get(pk=subscription_pk)
    older = Subscription.objects.select_related("user").get(pk=kept_pk)
    if not stays(older, newer):
        return  # the alert stays for a person
    try:
        returned = end_and_refund(newer)
    except StripeFailed:
        if not put_off(return_second, attempt, subscription_pk=subscription_pk, kept_pk=kept_pk):
            raise
        return
    with transaction.atomic():
        mark_dirty(newer.customer_id)
        Subscription.objects.filter(pk=newer.pk).update(returned_at=timezone.now())
        if newer.user is not None:
            context = {"subscription": newer, "kept": older, "plan": newer.plan, "invoices": returned}
            queue_mail(f"second_payment_returned:{newer.stripe_id}", newer.user, "second_payment_returned", context)


def end_and_refund(newer: Subscription) -> list[Invoice]:
    """The invoices whose payments went back. Each call has its own key: a repetition returns nothing twice."""
    gateway = Gateway()
    gateway.cancel_subscription(newer.stripe_id, key=f"{settings.STRIPE_APP}:cancel-second:{newer.stripe_id}")
    paid = Invoice.objects.filter(subscription=newer, paid_minor__gt=0)
    return [invoice for invoice in paid if refund(gateway, invoice)]


def refund(gateway: Gateway, invoice: Invoice) -> bool:
    """Return all payments of the invoice; False where none was made by card, as one that was paid from a balance."""
    intents = gateway.payment_intents_of(invoice.stripe_id)
    for intent in intents:
        try:
            gateway.refund(intent, key=f"{settings.STRIPE_APP}:refund-second:{intent}")
        except StripeRefused as error:
            if error.code != "charge_already_refunded":  # a former try came as far as this
                raise
    return bool(intents)
