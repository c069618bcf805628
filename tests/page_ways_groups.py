"""How to get to the pages of a group: what its owner sees, who has a seat, and who is invited."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.groups.invitations import hash_of
from subscriptions.groups.seats import Quote
from subscriptions.models import Group, Plan, Seat, SeatState, Subscription
from tests import make

TOKEN = "an-invitation-of-the-list-of-pages-1234567"
INVITATION = f"/group/invitation/{TOKEN}/"
LONG = f"{'lamplighter' * 5}@{'-'.join(['unterseekabel'] * 4)}.example"


def office(name: str = "Harbour Office") -> Group:
    subscription = Subscription.objects.get()
    Plan.objects.filter(pk=subscription.plan_id).update(is_group=True)
    return Group.objects.create(subscription=subscription, owner=subscription.user, seats=3, name=name)


def with_readers() -> Group:
    """Readers, one of them on hold, and invitations, one of which ran out."""
    group, now = office(), timezone.now()
    for number, email in enumerate(("ada@example.net", LONG, "ben@example.net", "cora@example.net")):
        state = SeatState.SUSPENDED if number == 3 else SeatState.TAKEN
        user = make.user(email)
        Seat.objects.create(group=group, email=email, user=user, state=state, taken_at=now - timedelta(days=9))
    for email, days in (("dora@example.net", 30), (f"long.{LONG}", -1)):
        Seat.objects.create(group=group, email=email, expires_at=now + timedelta(days=days), sendings=1)
    return group


def group(client: Client) -> HttpResponse:
    with_readers()
    return client.get("/account/group/")


def group_at_first(client: Client) -> HttpResponse:
    office(name="")
    return client.get("/account/group/")


def group_ended(client: Client) -> HttpResponse:
    office()
    Group.objects.update(seats=0)
    return client.get("/account/group/")


def invitations_refused(client: Client) -> HttpResponse:
    door = f"/account/group/{with_readers().pk}/invite/"
    return client.post(door, {"addresses": f"ada@example.net\nnobody\n{LONG}"})


def reader_to_be_removed(client: Client) -> HttpResponse:
    group = with_readers()
    return client.get(f"/account/group/{group.pk}/seats/{group.places.get(email=LONG).pk}/free/")


def invitation_to_be_withdrawn(client: Client) -> HttpResponse:
    group = with_readers()
    return client.get(f"/account/group/{group.pk}/seats/{group.places.get(email='dora@example.net').pk}/free/")


def more_seats(client: Client) -> HttpResponse:
    return seats_to_be_changed(client, seats=9, due_minor=31234)


def fewer_seats(client: Client) -> HttpResponse:
    return seats_to_be_changed(client, seats=2, next_minor=9900)


def seats_to_be_changed(client: Client, seats: int, due_minor: int = 0, next_minor: int = 0) -> HttpResponse:
    group = with_readers()
    asked = Quote(group.pk, 3, seats, 0, due_minor, next_minor, "USD", ())
    with mock.patch("subscriptions.groups.seats.quote", return_value=asked):
        return client.get(f"/account/group/{group.pk}/seats/", {"seats": seats})


def seat_to_be_given_up(client: Client) -> HttpResponse:
    reader = User.objects.get(email="registered@example.org")
    seat = Seat.objects.create(group=office(), email=reader.email, user=reader, state="taken", taken_at=timezone.now())
    return client.get(f"/account/seat/{seat.pk}/leave/")


def account_with_a_seat(client: Client) -> HttpResponse:
    seat_to_be_given_up(client)
    return client.get("/account/")


def invitation(client: Client, email: str = "registered@example.org") -> HttpResponse:
    ends = timezone.now() + timedelta(days=30)
    Seat.objects.create(group=office(), email=email, expires_at=ends, token_hash=hash_of(TOKEN))
    return client.get(INVITATION)


def invitation_for_somebody_else(client: Client) -> HttpResponse:
    return invitation(client, LONG)


def invitation_to_a_full_group(client: Client) -> HttpResponse:
    invitation(client)
    Group.objects.update(seats=1)
    taken = {"state": SeatState.TAKEN, "taken_at": timezone.now(), "user": make.user("ada@example.net")}
    Seat.objects.create(group=Group.objects.get(), email="ada@example.net", **taken)
    return client.post(INVITATION)


def plans_with_seats(client: Client) -> HttpResponse:
    terms = {"amount_minor": 5000, "interval": "year", "button": "Buy seats", "position": 9}
    seats = {"is_group": True, "least_seats": 2, "most_seats": 20, "is_at_gate": False}
    Plan.objects.create(
        key="team", name="For teams", description="The whole library\nFor each reader", **terms, **seats
    )
    return client.get("/subscribe/")
