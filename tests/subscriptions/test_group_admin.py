"""What staff do with groups in admin: look, invite, take back, hand over."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import StaffAction, User
from subscriptions.models import Group, OutgoingMail, Seat, SeatState, StripeCustomer, Subscription
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db

OWNER, READER = "owner@example.org", "reader@example.net"


@pytest.fixture
def group() -> Group:
    owner = make.user(OWNER)
    group = Group.objects.create(subscription=make.subscription(owner), owner=owner, seats=2, name="Harbour Office")
    reader = make.user(READER)
    Seat.objects.create(group=group, email=READER, user=reader, state="taken", taken_at=timezone.now())
    return group


@pytest.fixture
def support() -> Client:
    member = make.user("support@example.org", is_staff=True)
    member.groups.add(Role.objects.get(name="support"))
    return make.logged_in(member)


def door(group: Group) -> str:
    return f"/admin/subscriptions/group/{group.pk}/change/"


def send(browser: Client, group: Group, **fields: Any) -> Any:
    seats = {"places-TOTAL_FORMS": "0", "places-INITIAL_FORMS": "0"}
    form = {"name": group.name, "invite": "", "receiver": "", **seats, **fields}
    return browser.post(door(group), form)


def test_staff_see_who_has_a_seat_and_invite_in_the_owners_name(support: Client, group: Group) -> None:
    assert READER in support.get(door(group)).content.decode()
    assert OWNER in support.get("/admin/subscriptions/group/", {"q": READER}).content.decode()
    assert OWNER not in support.get("/admin/subscriptions/group/", {"q": "reader@"}).content.decode()
    assert send(support, group, invite="new@example.net").status_code == 302
    make.run_tasks()
    assert mail.outbox[-1].to == ["new@example.net"]
    assert OWNER in str(mail.outbox[-1].body)
    assert StaffAction.objects.filter(object_type="subscriptions.group").exists()


def test_what_is_wrong_with_a_list_is_told_and_nothing_done(support: Client, group: Group) -> None:
    seat = group.places.get()
    answer = send(support, group, invite=f"nonsense\n{READER}", free=[seat.pk], name="see evil.example")
    assert answer.status_code == 200
    for sentence in (
        "nonsense: An e-mail address looks like",
        f"{READER}: This address has a seat",
        "Please write a name",
    ):
        assert sentence in answer.content.decode().replace("&#x27;", "'")
    seat.refresh_from_db()
    assert seat.state == SeatState.TAKEN


def test_staff_take_a_seat_back(support: Client, group: Group, article: Any) -> None:
    reader = make.logged_in(User.objects.get(email=READER))
    assert reads(reader, article)
    assert send(support, group, free=[group.places.get().pk]).status_code == 302
    assert not reads(reader, article)
    make.run_tasks()
    assert mail.outbox[-1].to == [READER]


def test_a_seat_of_another_group_cannot_be_named(support: Client, group: Group) -> None:
    other = Group.objects.create(subscription=make.subscription(make.user()), seats=1)
    seat = Seat.objects.create(group=other, email="other@example.net")
    assert send(support, group, free=[seat.pk]).status_code == 200
    seat.refresh_from_db()
    assert seat.state == SeatState.INVITED


def test_a_group_is_handed_over_with_its_contract_and_both_are_told(
    support: Client, group: Group, article: Any
) -> None:
    receiver = User.objects.get(email=READER)
    User.objects.filter(pk=receiver.pk).update(last_login=timezone.now())
    former = make.logged_in(User.objects.get(email=OWNER))
    assert reads(former, article)
    assert send(support, group, receiver=READER).status_code == 302
    group.refresh_from_db()
    assert (group.owner, Subscription.objects.get().user) == (receiver, receiver)
    assert StripeCustomer.objects.get().user == receiver
    assert group.places.get().state == SeatState.ENDED  # an owner needs none
    assert not reads(former, article)
    assert reads(make.logged_in(receiver), article)
    assert former.get(f"/account/group/{group.pk}/members.csv").status_code == 404
    told = {mail.recipient for mail in group_mails()}
    assert told == {OWNER, READER}


def group_mails() -> list[Any]:
    return list(OutgoingMail.objects.filter(dedupe_key__startswith="group_"))


@pytest.mark.parametrize("who", ["nobody@example.org", OWNER, "subscriber@example.org", "never@example.org"])
def test_a_group_goes_to_nobody_who_could_not_have_it(support: Client, group: Group, who: str) -> None:
    subscriber = make.user("subscriber@example.org", last_login=timezone.now())
    make.subscription(subscriber)
    make.user("never@example.org")
    assert send(support, group, receiver=who).status_code == 200
    group.refresh_from_db()
    assert group.owner == User.objects.get(email=OWNER)
    assert group_mails() == []


@pytest.mark.django_db(transaction=True)
def test_stripe_learns_the_address_of_the_new_owner(shop: Shop) -> None:
    shop.group_plan()
    shop.buy_seats(make.logged_in(make.user(OWNER)), 2)
    receiver = make.user(READER, last_login=timezone.now())
    root = make.logged_in(User.objects.create_superuser("root@example.org"))
    assert send(root, Group.objects.get(), receiver=READER).status_code == 302
    shop.settle()
    customer = StripeCustomer.objects.get()
    assert shop.sandbox.get(customer.stripe_id)["email"] == READER
    assert (customer.user, Group.objects.get().owner) == (receiver, receiver)
