"""Calendar month or rolling period: how long a read counts, and what becomes of reads when publishers change that."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from articles.models import Article
from articles.page_store import PageStore
from paywall.meters.meter import meter_facts, spend, terms_of_meter
from paywall.meters.periods import MeterTerms
from paywall.models import Meter, MeteredRead
from tests import make

pytestmark = pytest.mark.django_db

MONTH = MeterTerms(allowance=5)


@pytest.fixture(autouse=True)
def two_reads(settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 2


def rolling(days: int) -> None:
    Meter.objects.update_or_create(pk=1, defaults={"period_kind": "rolling", "days": days})


def month() -> None:
    Meter.objects.update_or_create(pk=1, defaults={"period_kind": "month"})


def at(day: int, hour: int = 12, month: int = 11) -> time_machine.travel:
    return time_machine.travel(datetime(2026, month, day, hour, tzinfo=UTC), tick=False)


def opens(user_id: int, article: Article) -> bool:
    return spend(user_id, article.pk, timezone.now()).has_read_this


@pytest.mark.parametrize(
    ("terms", "today", "begins_on", "renews_on"),
    [
        (MONTH, date(2026, 11, 1), date(2026, 11, 1), date(2026, 12, 1)),
        (MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        (MONTH, date(2028, 2, 29), date(2028, 2, 1), date(2028, 3, 1)),
        (MeterTerms(5, rolling_days=1), date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 24)),
        (MeterTerms(5, rolling_days=7), date(2026, 12, 28), date(2026, 12, 28), date(2027, 1, 4)),
        (MeterTerms(5, rolling_days=30), date(2028, 2, 1), date(2028, 2, 1), date(2028, 3, 2)),
    ],
)
def test_a_read_counts_from_the_first_day_of_its_period_until_it_renews(
    terms: MeterTerms, today: date, begins_on: date, renews_on: date
) -> None:
    assert (terms.begins_on(today), terms.renews_on(today)) == (begins_on, renews_on)


def test_in_a_rolling_period_reads_come_back_one_by_one() -> None:
    rolling(7)
    user, articles = make.user(), [make.article(published_at=datetime(2026, 1, 1, tzinfo=UTC)) for _ in range(4)]
    with at(1):
        assert opens(user.pk, articles[0])
    with at(4):
        assert opens(user.pk, articles[1])
        assert not opens(user.pk, articles[2])
        facts = meter_facts(user.pk, None, timezone.now())
        assert (facts.reads_left, facts.renews_on, facts.is_rolling) == (0, date(2026, 11, 8), True)
    with at(7, 23):
        assert not opens(user.pk, articles[2])
    with at(8, 0):
        assert opens(user.pk, articles[2])
        assert not opens(user.pk, articles[3])
        assert meter_facts(user.pk, None, timezone.now()).renews_on == date(2026, 11, 11)


def test_what_a_rolling_period_has_opened_stays_open_for_its_days_and_costs_another_read_after_them() -> None:
    rolling(7)
    user, article = make.user(), make.article()
    for day, spent in ((1, 1), (7, 1), (8, 2)):
        with at(day):
            assert opens(user.pk, article)
        assert MeteredRead.objects.count() == spent


@pytest.mark.parametrize(
    ("zone", "spent_at", "still", "back"),
    [
        # The clock is put forward on 29 March: the seven days have 167 hours.
        ("Europe/Berlin", (2026, 3, 25, 23, 59), (2026, 3, 31, 23, 59), (2026, 4, 1, 0, 0)),
        # It is put back on 25 October: 169 hours.
        ("Europe/Berlin", (2026, 10, 20, 0, 0), (2026, 10, 26, 23, 59), (2026, 10, 27, 0, 0)),
        # There is no midnight on that day: it begins at one o'clock.
        ("Africa/Cairo", (2026, 4, 17, 12, 0), (2026, 4, 23, 23, 59), (2026, 4, 24, 1, 0)),
        ("Pacific/Auckland", (2026, 4, 1, 0, 30), (2026, 4, 7, 23, 59), (2026, 4, 8, 0, 0)),
    ],
)
def test_days_are_those_of_the_publication_also_where_a_clock_is_changed(
    settings: Any, zone: str, spent_at: tuple[int, ...], still: tuple[int, ...], back: tuple[int, ...]
) -> None:
    settings.TIME_ZONE, settings.MONTHLY_ALLOWANCE = zone, 1
    rolling(7)
    user, first, second = make.user(), make.article(), make.article()
    here = ZoneInfo(zone)
    with timezone.override(here):
        for moment, article, is_open in ((spent_at, first, True), (still, second, False), (back, second, True)):
            with time_machine.travel(datetime(*moment, tzinfo=here), tick=False):  # type: ignore[misc,arg-type]
                assert opens(user.pk, article) is is_open, moment


@pytest.mark.parametrize("kinds", [(month, lambda: rolling(7)), (lambda: rolling(7), month)])
def test_a_change_of_the_period_gives_nobody_a_read_back_and_closes_nothing(kinds: Any) -> None:
    before, after = kinds
    user, articles = make.user(), [make.article(published_at=datetime(2026, 1, 1, tzinfo=UTC)) for _ in range(3)]
    with at(20):
        before()
        assert [opens(user.pk, article) for article in articles] == [True, True, False]
        told = meter_facts(user.pk, None, timezone.now()).renews_on
        after()
        assert [opens(user.pk, article) for article in articles] == [True, True, False]
        assert meter_facts(user.pk, None, timezone.now()).renews_on == told
    assert told is not None
    with time_machine.travel(datetime(told.year, told.month, told.day, tzinfo=UTC), tick=False):
        assert opens(user.pk, articles[2])


def test_changing_to_and_fro_gives_no_read() -> None:
    user = make.user()
    opened = []
    with at(20):
        for change in (month, lambda: rolling(1), month, lambda: rolling(30), month):
            change()
            opened.append(opens(user.pk, make.article(published_at=datetime(2026, 1, 1, tzinfo=UTC))))
    assert opened == [True, True, False, False, False]


def test_an_article_read_in_a_rolling_period_is_read_again_in_the_month_after_a_change() -> None:
    user, article = make.user(), make.article()
    with at(1):
        rolling(1)
        assert opens(user.pk, article)
    with at(5):
        month()
        assert opens(user.pk, article)
    assert MeteredRead.objects.count() == 2


def test_another_allowance_holds_at_once_and_takes_no_opened_article_away(settings: Any) -> None:
    user, articles = make.user(), [make.article(published_at=datetime(2026, 1, 1, tzinfo=UTC)) for _ in range(4)]
    with at(20):
        assert [opens(user.pk, article) for article in articles[:3]] == [True, True, False]
        settings.MONTHLY_ALLOWANCE = 1
        assert [opens(user.pk, article) for article in articles[:3]] == [True, True, False]
        assert meter_facts(user.pk, None, timezone.now()).reads_left == 0
        settings.MONTHLY_ALLOWANCE = 3
        assert [opens(user.pk, article) for article in articles] == [True, True, True, False]


def test_the_page_says_when_the_next_read_of_a_rolling_period_comes(registered: Client) -> None:
    rolling(10)
    with at(23):
        pages = [registered.get(make.article().get_absolute_url()).content.decode() for _ in range(3)]
        account = registered.get("/account/").content.decode()
    assert "1 of 2 free articles left, the next one comes on 3 December." in pages[0]
    assert "You have read your 2 free articles. The next one comes on 3 December." in pages[2]
    assert "0 of 2 free articles are left; the next one comes on 3 December." in account


def test_a_process_keeps_the_terms_until_they_are_changed(
    kept_pages: PageStore, django_assert_num_queries: Any
) -> None:
    terms_of_meter()
    with django_assert_num_queries(0):
        assert terms_of_meter() == MeterTerms(allowance=2)
    rolling(7)
    kept_pages.purge(["access"])
    assert terms_of_meter() == MeterTerms(allowance=2, rolling_days=7)


def test_a_read_that_the_release_before_writes_counts_until_the_month_ends() -> None:
    """While a new release comes in both write, and the older one does not know the column."""
    user, article = make.user(), make.article()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO paywall_meteredread (user_id, article_id, period, slot, read_at)"
            " VALUES (%s, %s, date_trunc('month', now()), 1, now()) RETURNING renews_on, now()",
            [user.pk, article.pk],
        )
        renews_on, now = cursor.fetchone()
    assert renews_on == MONTH.renews_on(now.date())
