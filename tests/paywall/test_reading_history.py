"""What a reader opened with reads: seen by them alone, erased at will, forgotten in time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import Article
from articles.page_store import PageStore
from newsroom.housekeeping import forget_reads
from paywall.meters.meter import meter_facts, spend
from paywall.models import MeteredRead, Rule
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

HISTORY = "/account/reading/"
ERASE_ALL = "/account/reading/erase/"


@pytest.fixture(autouse=True)
def two_reads(settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 2


def user_id_of(client: Client) -> int:
    return int(client.session["_auth_user_id"])


def opened(client: Client, **fields: Any) -> Article:
    article = make.article(**fields)
    assert article.sentinel in client.get(article.get_absolute_url()).content.decode()
    return article


def spend_any(user_id: int, article: Article) -> None:
    """Whatever the allowance is."""
    slot = MeteredRead.objects.filter(user=user_id).count() + 1
    MeteredRead.objects.create(user_id=user_id, article=article, period=date(2026, 11, 1), slot=slot)


def erase_address(client: Client, article: Article) -> str:
    return f"/account/reading/{MeteredRead.objects.get(user=user_id_of(client), article=article).pk}/erase/"


def is_open(client: Client, article: Article) -> bool:
    return article.sentinel in client.get(article.get_absolute_url()).content.decode()


def test_the_history_lists_what_was_opened_and_when_to_its_reader_alone(registered: Client, stranger: Client) -> None:
    article = opened(registered, headline="Lamps of the quay")
    page = registered.get(HISTORY)
    assert "Lamps of the quay" in page.content.decode()
    assert "Opened on 23 November 2026" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "1 of 2 free articles are left" in page.content.decode()
    other = make.logged_in(make.user())
    assert "Lamps of the quay" not in other.get(HISTORY).content.decode()
    assert other.get(erase_address(registered, article)).status_code == 404
    assert other.post(erase_address(registered, article)).status_code == 404
    assert MeteredRead.objects.get().article == article
    for path in (HISTORY, ERASE_ALL, erase_address(registered, article)):
        assert "/account/login/" in stranger.get(path)["Location"]


def test_the_account_page_leads_to_the_history_where_there_is_one(registered: Client) -> None:
    assert HISTORY not in registered.get("/account/").content.decode()
    opened(registered)
    page = registered.get("/account/").content.decode()
    assert "1 article that you opened" in page
    assert f'href="{HISTORY}"' in page


@pytest.mark.attack("M01")
def test_erasing_one_asks_first_and_gives_no_read_back(registered: Client) -> None:
    first, second = opened(registered), opened(registered)
    third = make.article()
    address = erase_address(registered, first)
    question = registered.get(address).content.decode()
    assert "The read that you have spent comes back on 1 December" in question
    assert MeteredRead.objects.filter(article=first).exists()
    assert registered.post(address)["Location"] == HISTORY
    page = registered.get(HISTORY).content.decode()
    assert first.headline not in page
    assert second.headline in page
    assert "Of those that you have used, 1 was for an article that you have erased here." in page
    assert (is_open(registered, first), is_open(registered, second), is_open(registered, third)) == (False, True, False)
    assert meter_facts(user_id_of(registered), None, timezone.now()).reads_left == 0


def test_an_erased_article_is_read_again_by_another_read(registered: Client) -> None:
    article = opened(registered)
    registered.post(erase_address(registered, article))
    assert is_open(registered, article)
    assert MeteredRead.objects.filter(user=user_id_of(registered)).count() == 2
    assert not is_open(registered, make.article())


def test_the_list_costs_the_same_however_long_it_is_also_with_a_rule_by_topic(
    kept_pages: PageStore, registered: Client
) -> None:
    Rule.objects.create(name="One", ask="open", position=1, topic=make.topic())
    counts = []
    for _ in range(4):
        article = make.article(topics=[make.topic("Cranes")], authors=[make.author("Ada Ruiz")])
        spend_any(user_id_of(registered), article)
        registered.get(HISTORY)
        with CaptureQueriesContext(connection) as queries:
            registered.get(HISTORY)
        counts.append(len(queries))
    assert len(set(counts)) == 1


@pytest.mark.attack("M01")
def test_erasing_all_again_and_again_opens_nothing_more(registered: Client) -> None:
    for _ in range(2):
        opened(registered)
        assert "articles on your list" in (page := registered.get(ERASE_ALL).content.decode()) or "one article" in page
        registered.post(ERASE_ALL)
    assert registered.get(ERASE_ALL).status_code == 302
    assert "There is nothing here." in registered.get(HISTORY).content.decode()
    assert not is_open(registered, make.article())


def test_an_erased_read_keeps_nothing_of_the_article_or_the_moment(registered: Client) -> None:
    opened(registered)
    registered.post(ERASE_ALL)
    read = MeteredRead.objects.get()
    assert read.article is None
    assert timezone.localtime(read.read_at).hour == 0


def test_what_no_longer_counts_is_removed_when_it_is_erased(registered: Client) -> None:
    with time_machine.travel(datetime(2026, 10, 5, 12, tzinfo=UTC)):
        old = make.article()
        spend(user_id_of(registered), old.pk, timezone.now())
    opened(registered)
    registered.post(ERASE_ALL)
    assert MeteredRead.objects.count() == 1
    assert meter_facts(user_id_of(registered), None, timezone.now()).used == 1


def test_an_article_that_is_gone_is_listed_without_its_name(registered: Client) -> None:
    article = opened(registered, headline="Lamps of the quay")
    Article.objects.update(status="withdrawn")
    page = registered.get(HISTORY).content.decode()
    assert "Lamps of the quay" not in page
    assert "An article that you opened on 23 November 2026 is no longer available." in page
    assert registered.post(erase_address(registered, article)).status_code == 303


def test_a_long_history_goes_on_page_by_page(registered: Client, settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 25
    articles = [make.article(headline=f"Lamp number {number:02}") for number in range(25)]
    for article in articles:
        spend(user_id_of(registered), article.pk, timezone.now())
    first = registered.get(HISTORY).content.decode()
    assert [article.headline in first for article in articles] == [False] * 5 + [True] * 20
    before = MeteredRead.objects.order_by("-pk")[19].pk
    assert f"?before={before}" in first
    second = registered.get(HISTORY, {"before": before}).content.decode()
    assert [article.headline in second for article in articles] == [True] * 5 + [False] * 20
    assert registered.get(HISTORY, {"before": "9" * 30}).status_code == 200


def test_old_reads_are_forgotten_and_those_that_count_are_not(registered: Client) -> None:
    user_id = user_id_of(registered)
    kept, erased = make.article(), make.article()
    with time_machine.travel(datetime(2026, 1, 5, 12, tzinfo=UTC)) as clock:
        for article in (kept, erased):
            spend(user_id, article.pk, timezone.now())
        registered.force_login(make.User.objects.get(pk=user_id))
        registered.post(erase_address(registered, erased))
        forget_reads()
        assert MeteredRead.objects.count() == 2
        clock.move_to(datetime(2026, 2, 1, 12, tzinfo=UTC))
        forget_reads()
        assert [read.article for read in MeteredRead.objects.all()] == [kept]
        clock.move_to(datetime(2027, 3, 7, 12, tzinfo=UTC))
        forget_reads()
        assert MeteredRead.objects.count() == 1
        clock.move_to(datetime(2027, 3, 8, 12, tzinfo=UTC))
        forget_reads()
    assert not MeteredRead.objects.exists()
