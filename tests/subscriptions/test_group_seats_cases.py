"""More and fewer seats, and the subscription behind them: case 81 of the billing specification, over HTTP."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Agreement, OutgoingMail, Plan, PlanPrice, Seat, SeatState, Subscription
from subscriptions.stripe_gateway import Gateway
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.group_life import OWNER, group, invite, join, link_to, names, text_of
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)


# --- More and fewer seats --------------------------------------------------------------------------------------------


def agreed(owner: Client, seats: int) -> tuple[str, str]:
    """The page that shows what a change brings, and what its form agrees to."""
    shown = owner.get(f"/account/group/{group().pk}/seats/", {"seats": seats})
    assert shown.status_code == 200, shown.content.decode()
    form = re.search(r'name="agreed" value="([^"]+)"', shown.content.decode())
    assert form is not None
    return text_of(shown), form[1]


def test_more_seats_cost_what_was_shown_and_are_there_at_once(shop: Shop, owner: Client, team: Plan) -> None:
    page, form = agreed(owner, 8)
    door = f"/account/group/{group().pk}/seats/"
    owner.post(door, {"agreed": form})
    shop.settle()
    assert group().seats == 8
    invoice = shop.sandbox.objects("invoice")[-1]
    assert invoice["billing_reason"] == "subscription_update"
    assert 0 < invoice["amount_paid"] <= 3 * team.amount_minor
    assert f"${invoice['amount_paid'] / 100:.2f}".removesuffix(".00") in page
    count = len(shop.sandbox.objects("invoice"))
    again = owner.post(door, {"agreed": form})  # sent twice
    assert again.status_code == 400
    assert len(shop.sandbox.objects("invoice")) == count
    row = Agreement.objects.get(kind="change")
    assert (row.quantity, row.price, row.subscription) == (8, PlanPrice.objects.get(plan=team), group().subscription)
    assert "8 seats?" in row.wording
    paid = f"${invoice['amount_paid'] / 100:.2f}".removesuffix(".00")
    assert f"{paid} is due now" in row.wording
    assert list(reconcile()) == []


def test_a_stale_form_changes_nothing_and_shows_it_anew(shop: Shop, owner: Client) -> None:
    _page, form = agreed(owner, 3)
    join(owner, *names(4))
    stale = owner.post(f"/account/group/{group().pk}/seats/", {"agreed": form})
    assert stale.status_code == 409
    assert "so nothing was done" in text_of(stale)
    assert not Agreement.objects.filter(kind="change").exists()
    assert names(4)[-1] in text_of(stale)
    assert group().seats == 5
    changed = owner.post(f"/account/group/{group().pk}/seats/", {"agreed": form[:-3] + "abc"})
    assert changed.status_code == 400
    assert group().seats == 5


def test_seats_that_cannot_be_paid_are_not_there(shop: Shop, team: Plan) -> None:
    browser = make.logged_in(make.user(OWNER))
    shop.buy_seats(browser, 2, card="fails_at_renewal")
    _page, form = agreed(browser, 4)
    answer = browser.post(f"/account/group/{group().pk}/seats/", {"agreed": form}, follow=True)
    assert "you have as many seats as before" in text_of(answer)
    shop.settle()
    assert group().seats == 2


@pytest.mark.case(81)
def test_with_fewer_seats_the_newest_are_suspended_as_was_said(shop: Shop, owner: Client, article: Any) -> None:
    readers = join(owner, *names(5))
    page, form = agreed(owner, 3)
    for email, is_named in zip(names(5), (False, False, False, True, True), strict=True):
        assert (f"<li>{email}</li>" in page) is is_named
    assert [reads(reader, article) for reader in readers] == [True] * 5
    assert owner.post(f"/account/group/{group().pk}/seats/", {"agreed": form}).status_code == 303
    assert group().seats == 3
    assert [reads(reader, article) for reader in readers] == [True, True, True, False, False]
    make.run_tasks()
    assert {letter.to[0] for letter in mail.outbox if "on hold" in letter.subject} == set(names(5)[3:])
    shop.settle()
    assert list(reconcile()) == []
    first = Seat.objects.get(email=names(1)[0])
    owner.post(f"/account/group/{group().pk}/seats/{first.pk}/free/")
    assert [reads(reader, article) for reader in readers] == [False, True, True, True, False]


@pytest.mark.case(81)
def test_seats_reduced_at_stripe_suspend_the_newest_too_and_return_with_more(
    shop: Shop, owner: Client, article: Any
) -> None:
    readers = join(owner, *names(4))
    shop.set_quantity(Subscription.objects.get(), 2)
    shop.settle()
    assert [reads(reader, article) for reader in readers] == [True, True, False, False]
    shop.set_quantity(Subscription.objects.get(), 3)
    shop.settle()
    assert [reads(reader, article) for reader in readers] == [True, True, True, False]
    assert list(reconcile()) == []


# --- The subscription behind it --------------------------------------------------------------------------------------


def test_seats_follow_the_grace_of_who_pays_and_end_with_the_subscription(
    shop: Shop, owner: Client, article: Any
) -> None:
    (reader,) = join(owner, "reader@example.net")
    subscription = Subscription.objects.get()
    late = {"status": "past_due", "known_status": "past_due"}
    Subscription.objects.update(**late, past_due_since=timezone.now())
    assert reads(reader, article)
    Subscription.objects.update(**late, past_due_since=timezone.now() - timedelta(days=8))
    assert not reads(reader, article)
    invite_closed = owner.post(f"/account/group/{group().pk}/invite/", {"addresses": "new@example.net"})
    assert invite_closed.status_code == 400
    sync_customer(subscription.customer)
    assert reads(reader, article)
    Gateway().cancel_subscription(subscription.stripe_id, key="end")
    shop.settle()
    assert not reads(reader, article)
    assert not Seat.objects.exclude(state=SeatState.ENDED).exists()
    told = OutgoingMail.objects.filter(dedupe_key__startswith="seat_group_ended:")
    assert [row.recipient for row in told] == ["reader@example.net"]
    sync_customer(subscription.customer)
    assert told.count() == 1


def test_an_invitation_to_a_group_that_ended_meanwhile_gives_nothing(shop: Shop, owner: Client, article: Any) -> None:
    invite(owner, "invited@example.net")
    Subscription.objects.update(status="unpaid", known_status="unpaid")
    reader = make.logged_in(make.user("invited@example.net"))
    refused = reader.post(link_to("invited@example.net"))
    assert refused.status_code == 409
    assert "nobody can join" in text_of(refused)
    assert not reads(reader, article)


def test_what_is_shown_for_fewer_seats_is_what_comes_to_the_cent_also_with_credit_left(shop: Shop, team: Plan) -> None:
    browser = make.logged_in(make.user(OWNER))
    bought = shop.buy_seats(browser, 20)
    page, form = agreed(browser, 2)  # far more goes back than a year of two costs
    browser.post(f"/account/group/{group().pk}/seats/", {"agreed": form})
    assert bought.period_end is not None
    with shop.at(bought.period_end + timedelta(hours=1)):
        assert f"{label(-balance(shop))} of what you have paid stays to your credit" in page
        browser = make.logged_in(make.User.objects.get(email=OWNER))
        _page, form = agreed(browser, 5)
        browser.post(f"/account/group/{group().pk}/seats/", {"agreed": form})
        shop.settle()
        page, form = agreed(browser, 4)
        browser.post(f"/account/group/{group().pk}/seats/", {"agreed": form})
        shop.settle()
        bought.refresh_from_db()
        end = bought.period_end
    assert balance(shop) < 0, "there is credit left all the while"
    with shop.at(end + timedelta(hours=1)):
        assert f"{label(-balance(shop))} of what you have paid stays to your credit" in page


def balance(shop: Shop) -> int:
    (customer,) = shop.sandbox.objects("customer")
    return int(customer["balance"])


def label(minor: int) -> str:
    return f"<strong>${minor / 100:,.2f}</strong>".replace(".00<", "<")
