"""The monthly allowance: what spends a read, what does not, and that it cannot be overdrawn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from paywall.meters.meter import meter_facts, spend
from paywall.meters.periods import next_period, period_of
from paywall.models import MeteredRead
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture(autouse=True)
def two_reads(settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 2


def opens(client: Client, article: Any, **headers: str) -> bool:
    response = client.get(article.get_absolute_url(), headers=headers)
    return article.sentinel in response.content.decode()


def test_registered_reader_opens_as_many_articles_as_the_allowance_says(registered: Client) -> None:
    articles = [make.article() for _ in range(3)]
    assert [opens(registered, article) for article in articles] == [True, True, False]


def test_reading_again_is_free(registered: Client) -> None:
    first, second = make.article(), make.article()
    assert [opens(registered, first) for _ in range(4)] == [True] * 4
    assert opens(registered, second)


def test_the_page_says_how_many_are_left_and_when_the_next_come(registered: Client) -> None:
    with time_machine.travel(datetime(2026, 11, 23, 12, tzinfo=UTC), tick=False):
        articles = [make.article() for _ in range(3)]
        pages = [registered.get(article.get_absolute_url()).content.decode() for article in articles]
    assert "1 of 2 free articles left this month, renews on 1 December." in pages[0]
    assert "You have read your 2 free articles this month. The next ones come on 1 December." in pages[2]


def test_the_count_starts_again_with_the_month_of_the_publications_time_zone(settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    with timezone.override("Pacific/Auckland"):
        assert period_of(datetime(2026, 11, 30, 12, tzinfo=UTC)).isoformat() == "2026-12-01"
        assert period_of(datetime(2026, 11, 30, 10, tzinfo=UTC)).isoformat() == "2026-11-01"
    assert next_period(datetime(2026, 12, 1).date()).isoformat() == "2027-01-01"  # noqa: DTZ001


def test_last_months_reads_do_not_count(registered: Client) -> None:
    with time_machine.travel(datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC), tick=False):
        old = [make.article() for _ in range(3)]
        assert [opens(registered, article) for article in old] == [True, True, False]
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        assert opens(registered, old[2])


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch"},
        {"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
    ],
)
def test_a_request_that_nobody_reads_spends_nothing_and_gets_nothing(
    registered: Client, headers: dict[str, str]
) -> None:
    article = make.article()
    assert not opens(registered, article, **headers)
    assert MeteredRead.objects.count() == 0
    assert opens(registered, article, **{"Sec-Fetch-Dest": "document"})
    assert MeteredRead.objects.count() == 1


def test_the_withheld_page_of_an_unspent_read_offers_to_read_it(registered: Client) -> None:
    article = make.article()
    page = registered.get(article.get_absolute_url(), headers={"Sec-Fetch-Dest": "empty"}).content.decode()
    assert 'data-reason="read_available"' in page
    assert "2 of 2" in page
    assert f'method="get" action="{article.get_absolute_url()}#continue"' in page


def test_head_spends_nothing(registered: Client) -> None:
    article = make.article()
    assert registered.head(article.get_absolute_url()).status_code == 200
    assert MeteredRead.objects.count() == 0


@pytest.mark.parametrize(("tier", "spent"), [("free", 0), ("registered", 0), ("premium", 1)])
def test_only_premium_articles_are_metered(registered: Client, tier: str, spent: int) -> None:
    assert opens(registered, make.article(tier=tier))
    assert MeteredRead.objects.count() == spent


def test_a_subscriber_is_never_metered(subscriber: Client) -> None:
    assert all(opens(subscriber, make.article()) for _ in range(3))
    assert MeteredRead.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_many_requests_at_once_never_overdraw_the_allowance() -> None:
    user = make.user()
    articles = [make.article() for _ in range(20)]

    def spend_in_thread(article_id: int) -> bool:
        try:
            return spend(user.pk, article_id, timezone.now()).has_read_this
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(spend_in_thread, [article.pk for article in articles]))
    assert sum(opened) == 2
    assert MeteredRead.objects.filter(user=user).count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_article_opened_in_many_tabs_at_once_is_one_read() -> None:
    user, article = make.user(), make.article()

    def spend_in_thread(_: int) -> bool:
        try:
            return spend(user.pk, article.pk, timezone.now()).has_read_this
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(spend_in_thread, range(16)))
    assert meter_facts(user.pk, article.pk, timezone.now()).used == 1


def test_who_has_read_all_is_not_offered_what_they_have(registered: Client) -> None:
    articles = [make.article() for _ in range(3)]
    page = [registered.get(article.get_absolute_url()).content.decode() for article in articles][-1]
    assert page.count('name="plan"') == 3
    assert 'name="plan" value="free" disabled' in page


def test_whose_subscription_has_ended_meets_the_gate_and_may_open_a_free_article_there(lapsed: Client) -> None:
    article = make.article()
    assert not opens(lapsed, article)
    page = lapsed.get(article.get_absolute_url()).content.decode()
    assert "Your access to the whole library has ended." in page
    assert "You can still read this as one of your free articles this month." in page
    assert "Read this article (2 of 2 left)" in page
    assert MeteredRead.objects.count() == 0
    button = lapsed.get(article.get_absolute_url(), {"read": "now"}).content.decode()
    assert article.sentinel in button
    assert opens(lapsed, article)
    assert MeteredRead.objects.count() == 1
    assert not opens(lapsed, make.article())
