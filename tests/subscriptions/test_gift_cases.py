"""Gift subscriptions: redeemed once, returned, beside a subscription. Cases 77 to 79, over HTTP with the stand-in."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from newsroom.housekeeping import look_after_gifts
from subscriptions.models import (
    Gift,
    Grant,
    OutgoingMail,
    Purchase,
    StripeCustomer,
    Subscription,
    TrialUse,
)
from subscriptions.paid_once.subscription_gifts import after_months
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.giving import FRIEND, given, path_of, reader, redeemed, returned
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)


# --- Redeemed -----------------------------------------------------------------------------------------------------
@pytest.mark.case(77)
def test_a_gift_is_redeemed_once(selling: Shop, article: Any) -> None:
    gift = given(selling)
    friend, second = reader(), reader("second@example.org")
    assert not reads(friend, article)
    assert "The gift is yours" in redeemed(gift, friend)
    assert reads(friend, article)
    grant = Grant.objects.get()
    assert grant.source == "gift"
    assert grant.ends_at == after_months(grant.starts_at, 12)
    for browser in (second, friend):
        again = browser.post(path_of(gift))
        assert again.status_code == 409
        assert "This gift has been redeemed already." in again.content.decode()
    assert not reads(second, article)
    assert Grant.objects.count() == 1
    assert second.get(path_of(gift)).status_code == 410


@pytest.mark.case(77)
def test_of_two_who_redeem_at_the_same_moment_one_has_it(selling: Shop, article: Any) -> None:
    gift = given(selling)
    clients, both = [reader("a@example.org"), reader("b@example.org")], threading.Barrier(2)

    def redeem_it(client: Client) -> int:
        both.wait()
        try:
            return client.post(path_of(gift)).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(redeem_it, clients)) == [302, 409]
    assert Grant.objects.count() == 1
    assert sorted(reads(client, article) for client in clients) == [False, True]


def test_redeeming_takes_the_account_of_an_address(selling: Shop, article: Any) -> None:
    gift = given(selling)
    browser = Client()
    page = browser.get(path_of(gift)).content.decode()
    assert "A gift from Ada" in page
    assert article.sentinel not in page
    assert browser.post(path_of(gift), {"email": "nothing"}).status_code == 400
    asked = browser.post(path_of(gift), {"email": FRIEND})
    assert asked.status_code == 302
    assert not reads(browser, article)
    assert Gift.objects.get().redeemed_at is None
    make.run_tasks()
    code = re.search(r"\b\d{6}\b", mail.outbox[-1].body)
    assert code is not None
    entered = browser.post(asked["Location"], {"code": code[0]})
    assert entered["Location"] == path_of(gift)
    assert "The gift is yours" in redeemed(gift, browser)
    assert reads(browser, article)


def test_an_address_that_nobody_made_and_a_gift_that_nobody_paid_open_nothing(selling: Shop) -> None:
    friend = reader()
    assert friend.get(f"/gift-subscription/{'x' * 43}/").status_code == 404
    selling.give(Client())
    unpaid = Gift.objects.get()
    assert friend.get(path_of(unpaid)).status_code == 404
    assert friend.post(path_of(unpaid)).status_code == 404
    assert not Grant.objects.exists()


def test_a_gift_can_be_redeemed_for_three_years_to_the_end_of_the_year(selling: Shop) -> None:
    gift = given(selling)
    assert gift.expires_at is not None
    assert timezone.localtime(gift.expires_at).timetuple()[:4] == (timezone.localdate().year + 4, 1, 1, 0)
    for before, status in ((timedelta(seconds=1), 200), (timedelta(), 410)):
        with time_machine.travel(gift.expires_at - before, tick=False):
            page = reader().get(path_of(gift))
            assert page.status_code == status
            assert ("not redeemed in time" in page.content.decode()) is (status == 410)


def test_a_second_gift_begins_where_the_first_ends(selling: Shop) -> None:
    first, second, third = given(selling), given(selling, message="2"), given(selling, message="3")
    friend = reader()
    for gift in (first, second, third):
        redeemed(gift, friend)
    grants = [gift.grant for gift in (first, second, third)]
    assert [grant.starts_at for grant in grants[1:] if grant] == [grant.ends_at for grant in grants[:2] if grant]


def test_a_gift_begins_behind_a_grant_and_a_pass(selling: Shop) -> None:
    now = timezone.now()
    friend = make.user(FRIEND)
    make.grant(friend, ends_at=now + timedelta(days=30))
    gift = given(selling)
    redeemed(gift, reader())
    assert gift.grant is not None
    assert gift.grant.starts_at == Grant.objects.exclude(pk=gift.grant.pk).get().ends_at


def test_who_has_the_library_for_ever_is_told_to_keep_the_gift_for_somebody_else(selling: Shop) -> None:
    make.grant(make.user(FRIEND))
    gift = given(selling)
    assert "would be lost on you" in redeemed(gift, reader())
    assert gift.redeemed_at is None
    assert "The gift is yours" in redeemed(gift, reader("else@example.org"))


def test_behind_a_subscription_the_months_wait_and_begin_when_it_ends(selling: Shop, article: Any) -> None:
    subscription = selling.subscribe(Client(), FRIEND)
    gift = given(selling)
    friend = reader()
    assert "begin when it has ended" in redeemed(gift, friend)
    assert gift.redeemed_at is not None
    assert gift.grant is None
    assert "A gift of 12 months waits" in friend.get("/account/").content.decode()
    Gateway().cancel_subscription(subscription.stripe_id, key="end")
    selling.settle()
    gift.refresh_from_db()
    assert gift.grant is not None
    assert gift.grant.ends_at == after_months(gift.grant.starts_at, 12)
    assert reads(friend, article)


def test_a_gift_that_waits_begins_when_a_subscription_is_not_paid_any_more(selling: Shop, article: Any) -> None:
    friend = make.user(FRIEND)
    unpaid = make.subscription(friend)
    gift = given(selling)
    redeemed(gift, reader())
    look_after_gifts()
    assert Gift.objects.get().grant is None
    Subscription.objects.filter(pk=unpaid.pk).update(status="unpaid", known_status="unpaid")
    look_after_gifts()
    assert Gift.objects.get().grant is not None
    assert reads(reader(), article)


# --- Returned -----------------------------------------------------------------------------------------------------
@pytest.mark.case(78)
def test_a_gift_that_was_returned_cannot_be_redeemed(selling: Shop, article: Any) -> None:
    gift = given(selling)
    returned(selling, gift)
    friend = reader()
    refused = friend.post(path_of(gift))
    assert refused.status_code == 409
    assert "was returned" in refused.content.decode()
    assert not reads(friend, article)
    kept = given(selling, message="kept")
    assert "The gift is yours" in redeemed(kept, friend)


@pytest.mark.case(78)
def test_a_gift_that_is_returned_after_it_was_redeemed_ends_and_its_reader_is_told(selling: Shop, article: Any) -> None:
    gift = given(selling)
    friend = reader()
    redeemed(gift, friend)
    assert reads(friend, article)
    returned(selling, gift)
    selling.settle()
    assert not reads(friend, article)
    told = OutgoingMail.objects.filter(dedupe_key__startswith="gift-ended:")
    assert [row.recipient for row in told] == [FRIEND]
    assert "Its payment was returned" in told[0].text


@pytest.mark.case(78)
def test_a_gift_that_waits_and_is_returned_never_begins(selling: Shop, article: Any) -> None:
    subscription = selling.subscribe(Client(), FRIEND)
    gift = given(selling)
    redeemed(gift, reader())
    returned(selling, gift)
    Gateway().cancel_subscription(subscription.stripe_id, key="end")
    selling.settle()
    look_after_gifts()
    assert not Grant.objects.exists()
    assert not reads(reader(), article)


def test_a_partial_return_leaves_the_gift(selling: Shop) -> None:
    gift = given(selling)
    assert gift.purchase is not None
    Gateway().refund(gift.purchase.payment_intent, key="part", amount=100, reason="requested_by_customer")
    selling.settle()
    assert Purchase.objects.get().refunded_minor == 100
    assert "The gift is yours" in redeemed(gift, reader())


# --- Beside a subscription ----------------------------------------------------------------------------------------
@pytest.mark.case(79)
def test_who_subscribes_while_a_gift_runs_pays_when_it_ends(selling: Shop, article: Any) -> None:
    gift = given(selling)
    friend = reader()
    redeemed(gift, friend)
    attempt = selling.bought(selling.start(friend))
    assert gift.grant is not None
    assert gift.grant.ends_at is not None
    subscription = Subscription.objects.get()
    ends_at = gift.grant.ends_at.replace(microsecond=0)
    assert attempt.begins_at is not None
    assert attempt.begins_at.replace(microsecond=0) == ends_at
    assert (subscription.status, subscription.trial_end) == ("trialing", ends_at)
    assert subscription.user == User.objects.get(email=FRIEND)
    customer = StripeCustomer.objects.get(user=subscription.user)
    assert sum(row["amount_paid"] for row in Gateway().invoices_of(customer.stripe_id)) == 0
    assert not TrialUse.objects.exists()
    assert reads(friend, article)


@pytest.mark.case(79)
def test_the_end_of_a_gift_that_is_too_near_for_a_payment_page_moves_on_a_little(selling: Shop) -> None:
    gift = given(selling)
    redeemed(gift, reader())
    Grant.objects.update(ends_at=timezone.now() + timedelta(hours=5))
    attempt = selling.bought(selling.start(reader()))
    assert attempt.begins_at is not None
    assert timedelta(hours=48) < attempt.begins_at - timezone.now() < timedelta(hours=51)
    assert Subscription.objects.get().status == "trialing"


@pytest.mark.case(79)
def test_a_grant_of_staff_is_no_gift_and_moves_no_payment(selling: Shop) -> None:
    make.grant(make.user(FRIEND), ends_at=timezone.now() + timedelta(days=90))
    attempt = selling.bought(selling.start(reader()))
    assert attempt.begins_at is None
    assert Subscription.objects.get().status == "active"


@pytest.mark.case(79)
def test_who_subscribes_without_logging_in_has_the_rest_of_the_gift_afterwards(selling: Shop, article: Any) -> None:
    gift = given(selling)
    redeemed(gift, reader())
    assert gift.grant is not None
    assert gift.grant.ends_at is not None
    left = gift.grant.ends_at - timezone.now()
    subscription = selling.subscribe(Client(headers={"User-Agent": "another"}), FRIEND)
    gift.refresh_from_db()
    assert subscription.status == "active"
    assert gift.grant is None
    assert gift.remainder is not None
    assert abs(gift.remainder - left) < timedelta(minutes=5)
    Gateway().cancel_subscription(subscription.stripe_id, key="end")
    selling.settle()
    gift.refresh_from_db()
    assert gift.grant is not None
    assert gift.grant.ends_at == gift.grant.starts_at + gift.remainder
    assert reads(reader(), article)


@pytest.mark.parametrize(
    ("begins", "months", "ends"),
    [
        (datetime(2026, 1, 31, 12, tzinfo=UTC), 1, datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (datetime(2027, 12, 15, 12, tzinfo=UTC), 12, datetime(2028, 12, 15, 12, tzinfo=UTC)),
        (datetime(2026, 12, 1, 12, tzinfo=UTC), 1, datetime(2027, 1, 1, 12, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 24, datetime(2030, 2, 28, 12, tzinfo=UTC)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_the_month(begins: datetime, months: int, ends: datetime) -> None:
    assert after_months(begins, months) == ends
