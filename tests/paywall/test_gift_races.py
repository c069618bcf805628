"""Gifts at the same moment, on real connections: neither the month's number nor a link's cap is ever exceeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from paywall.models import GiftLink, GiftOpening, MailPass
from paywall.ways_in import gifts, mail_links
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def at_once[T](number: int, do: Callable[[], T]) -> list[T]:
    """What so many threads return that all start together."""
    barrier = Barrier(number)

    def wait_and_do() -> T:
        barrier.wait()
        try:
            return do()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return [future.result() for future in [pool.submit(wait_and_do) for _ in range(number)]]


@pytest.mark.attack("M06")
def test_thirty_makers_at_once_make_no_more_than_the_month_has(subscriber: Client) -> None:
    article = make.article()
    session = subscriber.cookies["sessionid"].value

    def make_one() -> str:
        browser = Client()
        browser.cookies["sessionid"] = session
        response = browser.post("/gift/new/", {"article": str(article.public_id)})
        return "made" if response.status_code == 303 else str(response.status_code)

    answers = Counter(at_once(30, make_one))
    assert answers == {"made": gifts.QUOTA, "200": 30 - gifts.QUOTA}
    assert sorted(GiftLink.objects.values_list("slot", flat=True)) == list(range(1, gifts.QUOTA + 1))


@pytest.mark.attack("M06")
def test_two_givers_at_once_do_not_share_a_month() -> None:
    article = make.article()
    givers = [make.user(), make.user()]
    for giver in givers:
        make.grant(giver)
    turns = iter(givers * gifts.QUOTA)
    at_once(2 * gifts.QUOTA, lambda: gifts.give(next(turns), article, timezone.now()))
    assert Counter(GiftLink.objects.values_list("giver", flat=True)) == {giver.pk: gifts.QUOTA for giver in givers}


@pytest.mark.attack("M03")
@pytest.mark.attack("M05")
def test_fifty_browsers_at_once_are_no_more_than_the_cap() -> None:
    giver, article = make.user(), make.article()
    make.grant(giver)
    link = gifts.give(giver, article, timezone.now())

    def open_it() -> bool:
        return article.sentinel in Client().get(f"/gift/{link.token}/").content.decode()

    assert sum(at_once(50, open_it)) == gifts.MOST_READERS
    link.refresh_from_db()
    assert link.readers == GiftOpening.objects.count() == gifts.MOST_READERS


@pytest.mark.attack("M03")
@pytest.mark.attack("L32")
@pytest.mark.parametrize(
    ("headers", "most", "counter"),
    [({"Sec-Fetch-Dest": "document"}, mail_links.MOST_BROWSERS, "browsers"), ({}, mail_links.MOST_UNNAMED, "unnamed")],
)
def test_many_at_once_with_the_link_of_a_mail_are_no_more_than_may(
    headers: dict[str, str], most: int, counter: str
) -> None:
    reader, article = make.user(), make.article()
    make.grant(reader)
    (url,) = mail_links.urls_for(reader.pk, [article], timezone.now()).values()
    path = url.removeprefix("http://localhost:8000")

    def open_it() -> bool:
        return article.sentinel in Client().get(path, headers=headers).content.decode()

    assert sum(at_once(25, open_it)) == most
    assert getattr(MailPass.objects.get(), counter) == most
