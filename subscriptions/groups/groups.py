"""Groups: subscriptions with seats. A sync makes and keeps them as Stripe bills them, so the number of seats is written
here alone; who may take one is decided in `subscriptions/groups/invitations.py`.

Row locks: the group first, then its seats. Whatever counts seats holds the group's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.names import LONGEST, NameRefused, cleaned_name
from subscriptions.answers import items_of
from subscriptions.entitlements import standing_of
from subscriptions.models import Group, Seat, SeatState, StripeCustomer, Subscription
from subscriptions.outgoing import queue_mail
from subscriptions.statuses import LIVE_STATUSES
from subscriptions.stripe_gateway import Answer, Gateway

OVER = ("canceled", "incomplete_expired")  # Stripe's words for what never goes on
IN_USE = (SeatState.INVITED, SeatState.TAKEN, SeatState.SUSPENDED)

type Quantities = dict[str, dict[str, int]]  # of each subscription, by the price of the item


class SeatRefused(Exception):
    """It cannot be done as asked, and nothing was changed; a sentence for the reader."""


# --- Kept by syncs ---------------------------------------------------------------------------------------------------


def fetch_quantities(_gateway: Gateway, _customer: StripeCustomer, subscriptions: list[Answer]) -> Quantities:
    """They were listed a moment ago, so nothing more is asked."""
    return {
        answer["id"]: {item["price"]["id"]: int(item.get("quantity") or 1) for item in items_of(answer)}
        for answer in subscriptions
    }


def save_groups(customer: StripeCustomer, fetched: Quantities, now: datetime) -> list[str]:
    """A group for each subscription whose plan has seats, also when it is seen for the first time."""
    with_seats = Q(plan__is_group=True) | Q(group__isnull=False)
    own = Subscription.objects.filter(with_seats, customer=customer, stripe_id__in=fetched)
    changes: list[str] = []
    for subscription in own.select_related("plan", "group").order_by("pk"):
        quantity = fetched[subscription.stripe_id].get(subscription.price_id, 1)
        changes += keep_group(subscription, quantity, now)
    return changes


def keep_group(subscription: Subscription, quantity: int, now: datetime) -> Iterator[str]:
    """As many seats as are billed; none where the plan was changed to one for a single reader."""
    has_seats = subscription.plan is None or subscription.plan.is_group
    seats = quantity if has_seats and subscription.status not in OVER else 0
    group, is_new = Group.objects.select_for_update(of=("self",)).get_or_create(
        subscription=subscription, defaults={"owner": subscription.user, "seats": seats}
    )
    if is_new or group.seats != seats:
        yield f"{subscription.stripe_id}: seats {None if is_new else group.seats} -> {seats}"
    group.seats, group.owner = seats, subscription.user
    group.save(update_fields=["seats", "owner"])
    yield from end_all(group, now) if subscription.status in OVER else settle_seats(group, now)


def settle_seats(group: Group, now: datetime) -> list[str]:
    """Suspend the newest where there are fewer seats than readers, and let the longest waiting return where there is
    room. The caller holds the group's lock.
    """
    taken = list(group.places.filter(state=SeatState.TAKEN).select_related("user").order_by("taken_at", "pk"))
    too_many = taken[group.seats :]
    waiting = group.places.filter(state=SeatState.SUSPENDED, user__isnull=False).select_related("user")
    room = max(0, group.seats - len(taken))
    returning = list(waiting.order_by("taken_at", "pk")[:room]) if room else []
    for state, seats, template in (
        (SeatState.SUSPENDED, too_many, "seat_suspended"),
        (SeatState.TAKEN, returning, "seat_returned"),
    ):
        move(seats, state)
        tell(seats, template, now)
    return [f"seat {seat.pk}: {seat.state}" for seat in (*too_many, *returning)]


def end_all(group: Group, now: datetime) -> list[str]:
    """What ended at Stripe never goes on: its readers are told once, and its invitations lead nowhere."""
    ended = list(group.places.filter(state__in=IN_USE).select_related("user"))
    readers = [seat for seat in ended if seat.state == SeatState.TAKEN]
    move(ended, SeatState.ENDED)
    tell(readers, "seat_group_ended", now)
    return [f"seat {seat.pk}: {seat.state}" for seat in ended]


def move(seats: Iterable[Seat], state: SeatState) -> None:
    for seat in seats:
        seat.state = state
        if state is SeatState.ENDED:
            seat.token_hash = ""
        seat.save(update_fields=["state", "token_hash"])


def tell(seats: Iterable[Seat], template: str, now: datetime) -> None:
    """A mail to those who had or have these seats, once for each change."""
    for seat in seats:
        if seat.user is not None:
            context = {"group": seat.group, "name": label_of(seat.group), "owner": seat.group.owner}
            queue_mail(f"{template}:{seat.pk}:{now.timestamp():.6f}", seat.user, template, context)


# --- Looked at and given back ----------------------------------------------------------------------------------------


def label_of(group: Group) -> str:
    """How it is named in sentences, where its owner has given no name."""
    return group.name or _("a group")


def groups_of(user: User) -> QuerySet[Group]:
    """Those that the reader pays for, in the mode of the site's key; what goes on first, then the newest."""
    own = Group.objects.filter(owner=user, subscription__in=Subscription.objects.of_this_mode())
    goes_on = own.annotate(goes_on=Q(subscription__status__in=LIVE_STATUSES))
    rows = goes_on.select_related("subscription__plan", "subscription__customer", "owner")
    return rows.order_by("-goes_on", "-pk")


def seats_held_by(user: User) -> QuerySet[Seat]:
    """The reader's seats in groups of others, those on hold too."""
    held = Seat.objects.filter(user=user, state__in=(SeatState.TAKEN, SeatState.SUSPENDED))
    in_mode = held.filter(group__subscription__in=Subscription.objects.of_this_mode())
    return in_mode.select_related("group__subscription__plan", "group__owner")


def is_open(group: Group, now: datetime) -> bool:
    """Whether its readers read at `now` (UTC)."""
    return standing_of(group.subscription, now).granted


def locked(group_pk: int) -> Group:
    """The group, locked until the caller's transaction ends."""
    rows = Group.objects.select_related("subscription__plan", "subscription__customer", "owner")
    return rows.select_for_update(of=("self",)).get(pk=group_pk)


@transaction.atomic
def end_seat(group_pk: int, seat_pk: int, *, by_reader: bool = False) -> Seat:
    """Take an invitation back, or a seat from its reader, whose access ends at once and who is told; `by_reader`: they
    gave it up themselves. The longest waiting of those on hold moves up. Raises SeatRefused.
    """
    group, now = locked(group_pk), timezone.now()
    seat = group.places.select_related("user", "group__owner").filter(pk=seat_pk).first()
    if seat is None or seat.state == SeatState.ENDED:
        raise SeatRefused(_("This seat is free already."))
    was_held = seat.state != SeatState.INVITED
    move([seat], SeatState.ENDED)
    if was_held and not by_reader:
        tell([seat], "seat_removed", now)
    settle_seats(group, now)
    return seat


@transaction.atomic
def rename(group_pk: int, typed: str) -> None:
    """Raises SeatRefused for what could lead somebody astray in an invitation."""
    name = checked_name(typed)
    group = locked(group_pk)
    group.name = name
    group.save(update_fields=["name"])


def checked_name(typed: str) -> str:
    """As it may stand in a mail to strangers. Raises SeatRefused."""
    try:
        return cleaned_name(typed)
    except NameRefused:
        raise SeatRefused(
            _("Please write a name, not an address or a number: letters, at most %(most)d characters.")
            % {"most": LONGEST}
        ) from None
