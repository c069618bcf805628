"""A gift whose payment was contested or returned, and the subscription that was sold to begin behind it; gifts of the
other mode, live or test. Over HTTP, with the stand-in.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.models import Gift, Grant, OutgoingMail, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import account
from tests.subscriptions.giving import FRIEND, given, path_of, reader, redeemed, returned
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def contested(shop: Shop) -> str:
    """The bank of the only giver contests the payment; the dispute's id."""
    purchase = Gift.objects.get().purchase
    assert purchase is not None
    (charge,) = Gateway().charges_of(purchase.customer.stripe_id)
    made = shop.sandbox.open_dispute(charge["id"], "needs_response")
    shop.settle()
    return str(made["id"])


def mail_of(word: str) -> OutgoingMail:
    return OutgoingMail.objects.get(recipient=FRIEND, dedupe_key__startswith=f"{word}:")


def begins(row: Subscription) -> datetime:
    assert row.begins_at is not None
    return row.begins_at


def stands(row: Subscription) -> str:
    row.refresh_from_db()
    return row.status


@pytest.mark.parametrize("way", ["contested", "returned"])
def test_a_gift_that_is_taken_back_leaves_nothing_open_by_the_subscription_behind_it(
    selling: Shop, friend: Client, waiting: Subscription, article: Any, way: str
) -> None:
    assert reads(friend, article), "by the gift"
    assert (stands(waiting), begins(waiting).replace(microsecond=0)) == ("trialing", waiting.trial_end)
    if way == "contested":
        contested(selling)
    else:
        returned(selling, Gift.objects.get())
    assert not reads(friend, article)
    assert stands(waiting) == "canceled"
    assert sum(row["amount_paid"] for row in Gateway().invoices_of(waiting.customer.stripe_id)) == 0
    assert "The whole library is open to you" not in account(friend)
    told = mail_of("gift-ended").text
    assert "Nothing has been paid for it, and we end it now" in told
    assert "/subscribe/" in told


def test_cancelled_before_it_opens_nothing_either(
    selling: Shop, friend: Client, waiting: Subscription, article: Any
) -> None:
    friend.post(f"/account/subscription/{waiting.pk}/cancel/")
    assert reads(friend, article)
    contested(selling)
    assert not reads(friend, article)
    assert stands(waiting) == "canceled"


def test_while_stripe_is_away_it_opens_nothing_and_the_page_says_why(
    selling: Shop, friend: Client, waiting: Subscription, article: Any
) -> None:
    Grant.objects.update(revoked_at=timezone.now())
    assert stands(waiting) == "trialing"
    assert not reads(friend, article)
    day = f"{timezone.localtime(begins(waiting)):%-d %B %Y}"
    assert f"Your gift has ended early. Your subscription begins on {day}, and opens nothing before." in account(friend)


def test_its_reader_may_subscribe_anew_at_once_and_the_gift_waits_once_the_dispute_is_won(
    selling: Shop, friend: Client, waiting: Subscription, article: Any
) -> None:
    dispute = contested(selling)
    second = selling.bought(selling.start(friend)).subscription
    assert second is not None
    assert (stands(second), second.begins_at) == ("active", None)
    assert reads(friend, article)
    selling.decide(dispute, "won")
    gift = Gift.objects.get()
    assert gift.grant is None
    assert gift.remainder is not None
    assert 39 * DAY < gift.remainder <= 40 * DAY
    assert "What is left of the gift waits until your subscription has ended." in mail_of("gift-restored").text
    assert reads(friend, article)
    selling.end_now(second)
    assert reads(friend, article), "by what is left of the gift"


def test_a_dispute_that_is_won_opens_the_gift_again_and_it_can_be_subscribed_behind_it_again(
    selling: Shop, friend: Client, waiting: Subscription, article: Any
) -> None:
    dispute = contested(selling)
    selling.decide(dispute, "won")
    assert reads(friend, article)
    assert "You can order it again, and it begins when the gift ends" in mail_of("gift-restored").text
    again = selling.bought(selling.start(friend)).subscription
    assert again is not None
    assert (stands(again), again.begins_at) == ("trialing", waiting.begins_at)


def test_who_pays_on_a_page_that_was_made_before_the_gift_was_gone_gets_no_free_time(
    selling: Shop, friend: Client, article: Any
) -> None:
    attempt = selling.checkout(friend)
    contested(selling)
    selling.pay(attempt)
    selling.settle()
    attempt.refresh_from_db()
    assert attempt.subscription is not None
    assert not reads(friend, article)
    assert stands(attempt.subscription) == "canceled"


def test_a_gift_that_ends_before_stripe_may_begin_leaves_no_gap(selling: Shop, friend: Client, article: Any) -> None:
    Grant.objects.update(ends_at=timezone.now() + timedelta(hours=2))
    row = selling.bought(selling.start(friend)).subscription
    assert row is not None
    for hours in (1, 3, 30, 48):
        with selling.later(hours=hours):
            assert reads(friend, article), hours
            assert stands(row) == "trialing"
    with selling.at(begins(row) + timedelta(minutes=1)):
        assert reads(friend, article)
        assert stands(row) == "active"


def test_a_gift_that_ends_on_its_day_hands_over_to_the_subscription(
    selling: Shop, friend: Client, waiting: Subscription, article: Any
) -> None:
    for before in (DAY, timedelta(minutes=1), -timedelta(minutes=1)):
        with selling.at(begins(waiting) - before):
            assert reads(friend, article)
    assert stands(waiting) == "active"
    assert "gift-ended" not in "".join(OutgoingMail.objects.values_list("dedupe_key", flat=True))


def test_another_gift_that_carries_to_its_day_keeps_it(selling: Shop, friend: Client, waiting: Subscription) -> None:
    first = Grant.objects.get()
    Grant.objects.create(user=first.user, source="gift", starts_at=timezone.now(), ends_at=begins(waiting))
    contested(selling)
    assert stands(waiting) == "trialing"
    assert "we end it now" not in mail_of("gift-ended").text


def test_a_second_gift_waits_behind_the_subscription_that_is_to_begin(
    selling: Shop, friend: Client, waiting: Subscription
) -> None:
    second = given(selling, message="One more.")
    told = redeemed(second, friend)
    assert "the months of the gift begin when it has ended" in told
    assert second.grant is None


def test_staff_who_revoke_the_grant_end_it_too(
    selling: Shop, friend: Client, waiting: Subscription, chief: Client
) -> None:
    form = {"action": "revoke", "why": "wrong reader", "_selected_action": [Grant.objects.get().pk]}
    chief.post("/admin/subscriptions/grant/", form)
    selling.settle()
    assert Grant.objects.get().revoked_at is not None
    assert stands(waiting) == "canceled"


@pytest.fixture
def chief() -> Client:
    return make.logged_in(make.user("chief@example.org", is_staff=True, is_superuser=True))


# --- The other mode -------------------------------------------------------------------------------------------------
def test_a_gift_of_the_other_mode_is_not_there(selling: Shop, article: Any) -> None:
    gift = given(selling)
    client = reader()
    assert client.get(path_of(gift)).status_code == 200
    move_to_other_mode(gift)
    assert client.get(path_of(gift)).status_code == 404
    assert client.post(path_of(gift)).status_code == 404
    gift.refresh_from_db()
    assert gift.redeemed_at is None
    assert not reads(client, article)


def test_what_a_gift_of_the_other_mode_has_opened_is_closed(selling: Shop, friend: Client, article: Any) -> None:
    assert reads(friend, article)
    move_to_other_mode(Gift.objects.get())
    assert not reads(friend, article)
    assert "The whole library is open to you" not in account(friend)
    bought = selling.bought(selling.start(friend))
    assert bought.begins_at is None, "nothing waits for a gift that does not count"


def test_a_grant_by_staff_knows_no_mode(selling: Shop, friend: Client, article: Any) -> None:
    move_to_other_mode(Gift.objects.get())
    Grant.objects.create(user=User.objects.get(email=FRIEND), source="staff", reason="a colleague")
    assert reads(friend, article)


def move_to_other_mode(gift: Gift) -> None:
    """As rows that stand since before the key was changed."""
    assert gift.purchase is not None
    customer = gift.purchase.customer
    customer.livemode = not customer.livemode
    customer.save(update_fields=["livemode"])
    Grant.objects.filter(gift=gift).update(livemode=customer.livemode)
