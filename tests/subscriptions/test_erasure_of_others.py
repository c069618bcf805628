"""Erasing an account takes nothing of anybody else's: neither by an address that they had before, nor by a customer at
Stripe that was handed over.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.data_parts import export_tables
from subscriptions.models import (
    Agreement,
    CheckoutAttempt,
    Declaration,
    Group,
    Lead,
    OutgoingMail,
    Seat,
    SeatState,
    StripeCustomer,
    Subscription,
)
from tests import make
from tests.shop import Shop
from tests.subscriptions.erasing import erase
from tests.subscriptions.group_life import OWNER, invite, join
from tests.subscriptions.reading import reads
from tests.subscriptions.test_identity_cases import FORMER, LATER, change_login, log_in

pytestmark = pytest.mark.django_db(transaction=True)

RECEIVER = "receiver@example.net"


# --- After a group went to another owner ----------------------------------------------------------------------------
def hand_over(group: Group, receiver: User) -> Any:
    """As staff do it in admin."""
    User.objects.filter(pk=receiver.pk).update(last_login=timezone.now())
    root = make.logged_in(User.objects.create_superuser("root@example.org"))
    form = {
        "name": "",
        "invite": "",
        "receiver": receiver.email,
        "places-TOTAL_FORMS": "0",
        "places-INITIAL_FORMS": "0",
    }
    return root.post(f"/admin/subscriptions/group/{group.pk}/change/", form)


@pytest.fixture
def receiver() -> User:
    return make.user(RECEIVER)


@pytest.fixture
def handed_over(shop: Shop, receiver: User) -> Group:
    shop.group_plan()
    former = make.user(OWNER)
    group = shop.buy_seats(make.logged_in(former), 3).group
    assert hand_over(group, receiver).status_code == 302
    shop.settle()
    group.refresh_from_db()
    assert group.owner == receiver
    return group


@pytest.mark.parametrize("was_linked", [False, True], ids=["now", "handed over by a former version"])
def test_the_former_owner_goes_and_the_group_stays(
    shop: Shop, handed_over: Group, receiver: User, article: Any, was_linked: bool
) -> None:
    former = User.objects.get(email=OWNER)
    if was_linked:
        CheckoutAttempt.objects.update(user=former)
    reader = make.logged_in(receiver)
    assert reads(reader, article)
    erase(former)
    shop.settle()
    subscription, customer = Subscription.objects.get(), StripeCustomer.objects.get()
    assert shop.sandbox.get(subscription.stripe_id)["status"] == subscription.status == "active"
    assert (subscription.user, customer.user, customer.deleted_at) == (receiver, receiver, None)
    assert customer.billing_email == RECEIVER
    assert reads(reader, article)
    assert not User.objects.filter(email=OWNER).exists()
    assert not CheckoutAttempt.objects.exclude(user=None).exists()


def test_the_new_owner_goes_and_the_group_ends(shop: Shop, handed_over: Group, receiver: User) -> None:
    CheckoutAttempt.objects.update(user=User.objects.get(email=OWNER))
    erase(receiver)
    shop.settle()
    subscription = Subscription.objects.get()
    assert shop.sandbox.get(subscription.stripe_id)["status"] == subscription.status == "canceled"
    assert StripeCustomer.objects.get().deleted_at is not None
    assert User.objects.filter(email=OWNER).exists()


def test_how_the_former_owner_came_to_pay_is_not_the_new_ones(handed_over: Group, receiver: User) -> None:
    assert not CheckoutAttempt.objects.exclude(user=None).exists()
    assert not Agreement.objects.of_reader(receiver).exists()
    assert Agreement.objects.of_reader(User.objects.get(email=OWNER)).exists()


@pytest.mark.parametrize("is_paid", [False, True])
def test_while_a_payment_page_of_the_owner_is_open_the_group_stays_theirs(
    shop: Shop, receiver: User, is_paid: bool
) -> None:
    """What is paid there would be booked to the customer that the new owner then has."""
    shop.group_plan()
    shop.once("pass", pass_hours=24)
    owner = make.logged_in(make.user(OWNER))
    group = shop.buy_seats(owner, 2).group
    Subscription.objects.update(status="paused", known_status="paused")  # so that a pass is of use
    page = shop.buy(owner)
    assert page.status_code == 303
    if is_paid:
        shop.sandbox.delivery.mode = "hold"
        shop.pay(CheckoutAttempt.objects.get(session_url=page["Location"]))
    response = hand_over(group, receiver)
    assert response.status_code == 200
    assert "payment page" in response.content.decode()
    group.refresh_from_db()
    assert group.owner == User.objects.get(email=OWNER)


def test_a_customer_that_two_accounts_use_stays_and_what_was_the_readers_own_ends(shop: Shop, receiver: User) -> None:
    first = shop.subscribe(make.logged_in(make.user(OWNER)))
    make.subscription(receiver, customer=first.customer)
    reader = User.objects.get(email=OWNER)
    erase(reader)
    assert shop.sandbox.get(first.stripe_id)["status"] == "canceled"
    assert not shop.sandbox.get(first.customer.stripe_id).get("deleted")
    customer = StripeCustomer.objects.get(pk=first.customer_id)
    assert (customer.user, customer.deleted_at) == (None, None)


# --- By an address that was somebody else's before ------------------------------------------------------------------
@pytest.fixture
def moved(shop: Shop) -> Client:
    """A reader who has subscribed, and then changed the login."""
    browser = make.logged_in(make.user(FORMER))
    shop.subscribe(browser)
    change_login(browser, LATER)
    shop.settle()
    return browser


def test_what_was_agreed_and_bought_stays_whoever_has_the_former_address(
    shop: Shop, moved: Client, article: Any
) -> None:
    reader = User.objects.get(email=LATER)
    told = OutgoingMail.objects.filter(user=reader, recipient=FORMER).count()
    declared = Declaration.objects.create(kind="cancel", email=FORMER, user=reader, reason="Too dear")
    agreed = Agreement.objects.of_reader(reader).count()
    assert (agreed, told > 0) == (1, True)
    log_in(FORMER)
    erase(User.objects.get(email=FORMER))
    shop.settle()
    assert Agreement.objects.of_reader(reader).count() == agreed
    assert OutgoingMail.objects.filter(user=reader, recipient=FORMER).count() == told
    declared.refresh_from_db()
    assert (declared.user, declared.reason) == (reader, "Too dear")
    attempt = CheckoutAttempt.objects.get()
    assert (attempt.user, attempt.email) == (reader, FORMER)
    assert Subscription.objects.get().user == reader
    assert reads(moved, article)


def test_what_another_account_went_to_the_payment_page_with_is_in_nobody_elses_copy(moved: Client) -> None:
    log_in(FORMER)
    Lead.objects.update(user=User.objects.get(email=FORMER))
    found = {table.name: table.rows for table in export_tables(User.objects.get(email=FORMER))}
    assert found["addresses_given"] == []


@pytest.mark.parametrize("state", [SeatState.TAKEN, SeatState.SUSPENDED])
def test_a_seat_stays_whoever_has_the_address_that_was_invited(shop: Shop, article: Any, state: SeatState) -> None:
    shop.group_plan()
    owner = make.logged_in(make.user(OWNER))
    shop.buy_seats(owner, 3)
    (browser,) = join(owner, FORMER)
    change_login(browser, LATER)
    Seat.objects.update(state=state)
    log_in(FORMER)
    erase(User.objects.get(email=FORMER))
    seat = Seat.objects.get()
    assert (seat.state, seat.user) == (state, User.objects.get(email=LATER))
    shop.settle()
    assert reads(browser, article) is (state == SeatState.TAKEN)


def test_an_invitation_that_nobody_has_accepted_goes_with_the_address(shop: Shop) -> None:
    shop.group_plan()
    owner = make.logged_in(make.user(OWNER))
    shop.buy_seats(owner, 3)
    invite(owner, FORMER)
    erase(make.user(FORMER))
    seat = Seat.objects.get()
    assert (seat.state, seat.email, seat.token_hash) == (SeatState.ENDED, "", "")


def test_a_seat_that_gets_free_goes_to_who_waits_for_one(shop: Shop, article: Any) -> None:
    shop.group_plan()
    owner = make.logged_in(make.user(OWNER))
    subscription = shop.buy_seats(owner, 2)
    first, second = join(owner, FORMER, LATER)
    shop.set_quantity(subscription, 1)
    shop.settle()
    assert (reads(first, article), reads(second, article)) == (True, False)
    erase(User.objects.get(email=FORMER))
    shop.settle()
    assert reads(second, article)
