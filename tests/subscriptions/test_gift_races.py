"""A gift that is redeemed while its payment is booked as returned, over HTTP with the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from subscriptions.models import Gift, Grant
from subscriptions.paid_once import purchases, subscription_gifts
from tests.shop import Shop
from tests.subscriptions.giving import given, path_of, reader, returned
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

TURN, TURNS = 0.05, 600  # seconds between two looks, and how many before a test has failed
WAITS_FOR_US = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


def redeem(friend: Client, gift: Gift) -> int:
    try:
        return friend.post(path_of(gift)).status_code
    finally:
        connection.close()


def wait_until_held_up(is_done: Callable[[], bool]) -> None:
    """Until another connection waits for a row of this transaction, or has done what it wanted."""
    pause = Event()
    for _turn in range(TURNS):
        with connection.cursor() as cursor:
            cursor.execute(WAITS_FOR_US)
            (waiting,) = cursor.fetchone() or (0,)
        if waiting or is_done():
            return
        pause.wait(TURN)
    raise AssertionError("the other one neither waits nor is done")


def is_closed(gift: Gift) -> bool:
    gift.refresh_from_db()
    assert gift.purchase is not None
    return gift.purchase.revoked_at is not None and not Grant.objects.filter(revoked_at=None).exists()


def test_who_redeems_while_the_return_is_booked_gets_nothing(
    selling: Shop, article: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift, friend = given(selling), reader()
    end_gift = purchases.end_gift
    answers: list[Future[int]] = []

    def and_somebody_redeems(*arguments: Any, **named: Any) -> None:
        end_gift(*arguments, **named)
        answers.append(pool.submit(redeem, friend, gift))
        wait_until_held_up(answers[0].done)

    monkeypatch.setattr(purchases, "end_gift", and_somebody_redeems)
    with ThreadPoolExecutor(1) as pool:
        returned(selling, gift)
    assert [answer.result() for answer in answers] == [409]
    assert is_closed(gift)
    assert not reads(friend, article)


def test_a_return_that_is_booked_while_somebody_redeems_closes_what_they_got(
    selling: Shop, article: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift, friend = given(selling), reader()
    begin_if_free = subscription_gifts.begin_if_free
    is_redeeming, is_booked = Event(), Event()

    def and_the_return_is_booked(*arguments: Any) -> bool:
        has_begun = begin_if_free(*arguments)
        is_redeeming.set()
        wait_until_held_up(is_booked.is_set)
        return has_begun

    monkeypatch.setattr(subscription_gifts, "begin_if_free", and_the_return_is_booked)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(redeem, friend, gift)
        assert is_redeeming.wait(TURN * TURNS)
        try:
            returned(selling, gift)
        finally:
            is_booked.set()
    assert answer.result() == 302
    assert is_closed(gift)
    assert not reads(friend, article)
