"""Fifty requests at the same moment never open more than the allowance: for each sort of meter, by the function in
threads and over HTTP against the site in several processes. Each test looks at rows of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.utils import timezone

from articles.models import Article
from paywall.cookies import METER
from paywall.meters import anonymous_meter
from paywall.meters.meter import meter_facts, spend
from paywall.models import AnonymousMeter, AnonymousRead, Meter, MeteredRead
from tests import make, servers
from tests.nginx.conftest import cookies_of
from tests.servers import HOST, Server, production, site

ALLOWANCE = 5
AT_ONCE = 50

pytestmark = pytest.mark.django_db(transaction=True)
both_periods = pytest.mark.parametrize("kind", ["month", "rolling"])


@pytest.fixture(autouse=True)
def five_reads(settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = ALLOWANCE


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    environment = production(servers.test_database_url(), folder, MONTHLY_ALLOWANCE=str(ALLOWANCE))
    with site(environment, folder, workers=2, threads=16) as server:
        yield server


@pytest.fixture
def one_secret(served: Server, settings: Any, tmp_path: Any) -> None:
    """Sessions made here are good there."""
    settings.SECRET_KEY = production("", tmp_path)["SECRET_KEY"]


def meter(kind: str = "month") -> None:
    Meter.objects.create(period_kind=kind, days=7, anonymous_allowance=ALLOWANCE)


def articles(number: int) -> list[Article]:
    return [make.article() for _ in range(number)]


def at_the_same_moment[T](works: list[Callable[[], T]]) -> list[T]:
    """All of them, each begun when all threads stand ready."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], T]) -> T:
        barrier.wait(30)
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(begin, works))


@both_periods
@pytest.mark.attack("M03")
def test_threads_with_one_read_left_open_one_article(kind: str) -> None:
    meter(kind)
    user, found = make.user(), articles(20 + ALLOWANCE - 1)
    now = timezone.now()
    for article in found[20:]:
        assert spend(user.pk, article.pk, now).has_read_this
    works = [lambda pk=article.pk: spend(user.pk, pk, now).has_read_this for article in found[:20]]
    assert sum(at_the_same_moment(works)) == 1
    assert MeteredRead.objects.filter(user=user).count() == ALLOWANCE


@both_periods
@pytest.mark.attack("M03")
def test_threads_at_one_article_spend_one_read_and_all_open_it(kind: str) -> None:
    meter(kind)
    user, article, now = make.user(), make.article(), timezone.now()
    assert all(at_the_same_moment([lambda: spend(user.pk, article.pk, now).has_read_this] * 20))
    assert meter_facts(user.pk, article.pk, now).used == 1


@both_periods
@pytest.mark.attack("M03")
def test_threads_with_all_reads_left_spend_them_all_and_no_more(kind: str) -> None:
    meter(kind)
    user, found, now = make.user(), articles(20), timezone.now()
    works = [lambda pk=article.pk: spend(user.pk, pk, now).has_read_this for article in found]
    assert sum(at_the_same_moment(works)) == ALLOWANCE


@pytest.mark.attack("M03")
def test_threads_on_both_sides_of_midnight_exceed_nothing() -> None:
    """Their reads come back on two days, so that only the count under the lock holds them together."""
    meter("rolling")
    user, found, now = make.user(), articles(20 + ALLOWANCE - 1), timezone.now()
    for article in found[20:]:
        assert spend(user.pk, article.pk, now).has_read_this
    moments = [now + timedelta(days=number % 4) for number in range(20)]
    works = [
        lambda pk=article.pk, at=at: spend(user.pk, pk, at).has_read_this
        for article, at in zip(found, moments, strict=False)
    ]
    assert sum(at_the_same_moment(works)) == 1


@pytest.mark.attack("M03")
def test_threads_with_reads_that_come_back_on_several_days_exceed_nothing() -> None:
    meter("rolling")
    user, found, now = make.user(), articles(20), timezone.now()
    for days in range(1, ALLOWANCE):
        assert spend(user.pk, make.article().pk, now - timedelta(days=days)).has_read_this
    works = [lambda pk=article.pk: spend(user.pk, pk, now).has_read_this for article in found]
    assert sum(at_the_same_moment(works)) == 1


@both_periods
@pytest.mark.attack("M03")
def test_threads_of_one_anonymous_meter_exceed_nothing(kind: str) -> None:
    meter(kind)
    now = timezone.now()
    own, found = anonymous_meter.new_meter(now), articles(20 + ALLOWANCE - 1)
    for article in found[20:]:
        assert anonymous_meter.spend_anonymously(own, article.pk, now)
    works = [lambda pk=article.pk: anonymous_meter.spend_anonymously(own, pk, now) for article in found[:20]]
    assert sum(at_the_same_moment(works)) == 1
    assert AnonymousRead.objects.filter(meter=own).count() == ALLOWANCE


def header_of(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


@both_periods
@pytest.mark.usefixtures("one_secret")
@pytest.mark.attack("M03")
def test_fifty_pages_at_once_hold_one_body_where_one_read_is_left(kind: str, served: Server) -> None:
    meter(kind)
    user, found = make.user(), articles(AT_ONCE + ALLOWANCE - 1)
    now = timezone.now()
    for article in found[AT_ONCE:]:
        assert spend(user.pk, article.pk, now).has_read_this
    headers = header_of(cookies_of(make.logged_in(user)))
    works = [lambda article=article: served.get(article.get_absolute_url(), headers) for article in found[:AT_ONCE]]
    answers = at_the_same_moment(works)
    assert {answer.status for answer in answers} == {200}
    bodies = [article.sentinel in answer.text for article, answer in zip(found, answers, strict=False)]
    assert sum(bodies) == 1
    assert MeteredRead.objects.filter(user=user).count() == ALLOWANCE
    again = [article.sentinel in served.get(article.get_absolute_url(), headers).text for article in found]
    assert sum(again) == ALLOWANCE


@both_periods
@pytest.mark.usefixtures("one_secret")
@pytest.mark.attack("M03")
def test_fifty_presses_of_a_strangers_button_open_one_article_where_one_read_is_left(kind: str, served: Server) -> None:
    meter(kind)
    found = articles(AT_ONCE + ALLOWANCE - 1)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}"}

    def press(article: Article, cookie: dict[str, str]) -> Any:
        body = urlencode({"article": str(article.public_id)})
        return served.get("/access/read/", {**form, **cookie}, "POST", body)

    first = press(found[AT_ONCE], {})
    assert first.status == 303
    cookie = header_of({METER: first.headers["set-cookie"].partition(";")[0].partition("=")[2]})
    for article in found[AT_ONCE + 1 :]:
        assert press(article, cookie).status == 303
    at_the_same_moment([lambda article=article: press(article, cookie) for article in found[:AT_ONCE]])
    opened = [article.sentinel in served.get(article.get_absolute_url(), cookie).text for article in found]
    assert sum(opened) == ALLOWANCE
    assert AnonymousMeter.objects.count() == 1


@pytest.mark.usefixtures("one_secret")
@pytest.mark.attack("M03")
def test_fifty_strangers_of_one_network_begin_no_more_meters_than_it_has(settings: Any, served: Server) -> None:
    meter()
    article = make.article()
    body = urlencode({"article": str(article.public_id)})
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}"}
    most = int(settings.ACCOUNT_RATE_LIMITS["anonymous_meter"].partition("/")[0])
    works = [lambda: served.get("/access/read/", form, "POST", body).status] * AT_ONCE
    statuses = at_the_same_moment(works)
    assert (statuses.count(303), statuses.count(429)) == (most, AT_ONCE - most)
    assert AnonymousMeter.objects.count() == most
