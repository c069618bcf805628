"""A group goes to another owner, by staff: who gets it pays from then on, with the customer at Stripe that it has."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.account.sentences import card_of
from subscriptions.groups.groups import SeatRefused, label_of, locked, move, settle_seats
from subscriptions.mirroring.addresses_at_stripe import follow_login
from subscriptions.mirroring.customers import customers_of
from subscriptions.models import AttemptState, CheckoutAttempt, Group, SeatState, StripeCustomer, Subscription, SyncJob
from subscriptions.outgoing import queue_mail
from subscriptions.selling.checkout import live_subscriptions

UNDECIDED = (AttemptState.OPEN, AttemptState.PROCESSING)


def why_not_to(group: Group, receiver: User) -> str:
    """Why the group cannot be handed over to this reader, for staff; empty where it can."""
    if receiver == group.owner:
        return _("They have it already.")
    if not receiver.is_active or receiver.last_login is None:
        return _("Nobody has ever logged in with this address, or its account is switched off.")
    if live_subscriptions(receiver).exists():
        return _("They have a subscription of their own. It has to be ended first, or they would pay twice.")
    others = Subscription.objects.filter(customer=group.subscription.customer).exclude(pk=group.subscription_id)
    if others.exists() or group.subscription.customer.purchases.exists():
        return _("Its customer at Stripe has paid for other things too, whose invoices would go along.")
    if group.subscription.customer.checkout_attempts.filter(state__in=UNDECIDED).exists():
        return _(
            "A payment page of its owner is open, or a payment is under way, which would be booked to the group's "
            "customer. A page closes after a day at the latest."
        )
    return ""


def hold_contract(group_pk: int) -> StripeCustomer:
    """Lock who pays for the group, in the order of a sync; before the group, of which a sync makes sure at its end."""
    pk = Group.objects.values_list("subscription__customer", flat=True).get(pk=group_pk)
    SyncJob.objects.select_for_update().get(customer_id=pk)
    return StripeCustomer.objects.select_for_update().get(pk=pk)


@transaction.atomic
def hand_over(group_pk: int, receiver: User) -> Group:
    """Both are told by mail, and Stripe learns the new address. Raises SeatRefused."""
    customer = hold_contract(group_pk)
    group, now = locked(group_pk), timezone.now()
    if objection := why_not_to(group, receiver):
        raise SeatRefused(objection)
    former = group.owner
    customer.user = None if customers_of(receiver).exists() else receiver
    customer.save(update_fields=["user"])
    # The former owner's account leads to this customer no more, and how they came to pay is not the new one's doing.
    CheckoutAttempt.objects.filter(customer=customer).update(user=None)
    Subscription.objects.filter(pk=group.subscription_id).update(user=receiver, passed_on_at=now)
    group.owner = receiver
    group.save(update_fields=["owner"])
    move(group.places.filter(user=receiver).exclude(state=SeatState.ENDED), SeatState.ENDED)  # an owner needs none
    settle_seats(group, now)
    held = group.subscription
    context = {"name": label_of(group), "receiver": receiver, "subscription": held, "card": card_of(held)}
    for user, template in ((former, "group_passed_on"), (receiver, "group_received")):
        if user is not None:
            queue_mail(f"{template}:{group.pk}:{now.timestamp():.6f}", user, template, context)
    follow_login(receiver, former="" if former is None else former.email)
    return group
