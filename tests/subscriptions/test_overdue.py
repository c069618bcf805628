"""A period that is long over without a word from Stripe: case 40 of the billing specification, and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from subscriptions.models import Subscription, SyncJob
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import READER, again, invoices, period_of
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)


def reader(hours_over: int) -> User:
    user = make.user()
    make.subscription(user, period_end=timezone.now() - timedelta(hours=hours_over))
    return user


def queued() -> int:
    return DBTaskResult.objects.filter(task_path="subscriptions.sync.run_sync").count()


def test_within_the_slack_nothing_is_asked(article: Any) -> None:
    assert reads(make.logged_in(reader(71)), article)
    assert queued() == 0


@pytest.fixture
def unheard(shop: Shop) -> Iterator[Subscription]:
    """Renewed and paid at Stripe 80 hours ago, and not a word of it has come here."""
    subscription = shop.subscribe(make.logged_in(make.user(READER)), plan="monthly")
    former = subscription.period_end
    assert former is not None
    shop.sandbox.delivery.mode = "drop"
    with shop.at(former + timedelta(hours=80)):
        subscription.refresh_from_db()
        assert subscription.period_end == former
        assert [one["status"] for one in invoices(shop, subscription)] == ["paid", "paid"]
        DBTaskResult.objects.all().delete()
        yield subscription


@pytest.mark.case(40)
def test_a_renewal_of_which_nothing_was_heard_is_found_by_whoever_reads(
    shop: Shop, unheard: Subscription, article: Any
) -> None:
    for _ in range(3):
        assert reads(again(), article)
    assert queued() == 1
    make.run_tasks()
    unheard.refresh_from_db()
    assert unheard.period_end == period_of(shop, unheard)[1] > timezone.now()
    assert unheard.overdue_since is None
    assert [invoice.status for invoice in unheard.invoices.all()] == ["paid", "paid"]
    with shop.later(minutes=16):
        assert reads(again(), article)
        assert queued() == 1


@pytest.mark.case(40)
def test_where_stripe_does_not_answer_either_the_reader_has_a_quarter_of_an_hour(
    shop: Shop, unheard: Subscription, article: Any
) -> None:
    shop.sandbox.fail(429, 99)
    assert reads(again(), article)
    with shop.later(minutes=14):
        assert reads(again(), article)
    with shop.later(minutes=16):
        assert not reads(again(), article)
    shop.sandbox.fail(count=0)
    with shop.later(hours=2):
        unheard.refresh_from_db()
        assert unheard.overdue_since is None
        assert reads(again(), article)


def test_who_asks_often_asks_stripe_once(article: Any) -> None:
    browser = make.logged_in(reader(80))
    for _ in range(3):
        assert reads(browser, article)
    assert queued() == 1
    assert SyncJob.objects.get().generation == 1


def test_twenty_pages_at_once_ask_once_and_all_are_shown(article: Any) -> None:
    browsers = [make.logged_in(user) for user in [reader(80)] * 20]

    def look(browser: Client) -> bool:
        try:
            return reads(browser, article)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, browsers))
    assert queued() == 1
