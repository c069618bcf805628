"""A period that is long over without a word from Stripe: case 40 of the billing specification, and its neighbours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from subscriptions.models import SyncJob
from tests import make
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


@pytest.mark.case(40)
def test_after_the_slack_one_sync_is_queued_and_the_reader_has_a_quarter_of_an_hour(article: Any) -> None:
    user = reader(80)
    browser = make.logged_in(user)
    for _ in range(3):
        assert reads(browser, article)
    assert queued() == 1
    assert SyncJob.objects.get().generation == 1
    user.subscriptions.update(overdue_since=timezone.now() - timedelta(minutes=16))
    assert not reads(browser, article)
    assert queued() == 1


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
