"""What gifts cost: a browser that remembers some asks about the article that it opens, and of no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from articles.models import Article
from articles.page_store import PageStore
from paywall.models import ArticleTerms, Rule
from paywall.ways_in import gifts
from tests import make

pytestmark = pytest.mark.django_db

OF_GIFTS = ("paywall_giftlink", "paywall_giftopening")


@pytest.fixture
def giver() -> User:
    user = make.user("giver@example.org")
    make.grant(user)
    return user


def queries(client: Client, address: str, tables: tuple[str, ...] = ("",)) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured if any(table in query["sql"] for table in tables)]


def take_all(client: Client, giver: User, articles: list[Article]) -> None:
    for article in articles:
        link = gifts.give(giver, article, timezone.now())
        assert article.sentinel in client.get(reverse("paywall:gift", args=[link.token])).text


def test_pages_without_an_article_ask_for_no_gift(kept_pages: PageStore, stranger: Client, giver: User) -> None:
    take_all(stranger, giver, [make.article() for _ in range(5)])
    stranger.get("/")
    assert queries(stranger, "/", OF_GIFTS) == []


def test_an_article_asks_for_its_own_gift_alone(kept_pages: PageStore, stranger: Client, giver: User) -> None:
    given, other = [make.article() for _ in range(5)], make.article()
    take_all(stranger, giver, given)
    for address in (given[0].get_absolute_url(), other.get_absolute_url()):
        stranger.get(address)
    assert len(queries(stranger, given[0].get_absolute_url(), OF_GIFTS)) == 1
    assert given[0].sentinel in stranger.get(given[0].get_absolute_url()).text
    assert len(queries(stranger, other.get_absolute_url(), OF_GIFTS)) == 1
    assert other.sentinel not in stranger.get(other.get_absolute_url()).text
    of_giver = [len(queries(stranger, one.get_absolute_url(), ("subscriptions_grant",))) for one in (given[0], other)]
    assert of_giver == [1, 0]


def test_what_is_open_to_me_lists_all_gifts(stranger: Client, giver: User) -> None:
    given = [make.article(headline=f"Given {number}") for number in range(3)]
    take_all(stranger, giver, given)
    page = stranger.get("/access/").text
    assert all(article.headline in page for article in given)


@pytest.mark.parametrize("has_rule", [False, True])
def test_the_list_of_ones_own_gifts_costs_the_same_however_long_it_is(
    kept_pages: PageStore, giver: User, has_rule: bool
) -> None:
    if has_rule:
        Rule.objects.create(name="By topic", ask="open", topic=make.topic(), position=1)
    client, address = make.logged_in(giver), reverse("paywall:gifts")
    counts = []
    for number in range(1, 7):
        gifts.give(giver, make.article(headline=f"Given {number}"), timezone.now())
        client.get(address)
        counts.append(len(queries(client, address)))
    assert len(set(counts)) == 1
    assert client.get(address).text.count("Given ") >= 6


def test_an_article_is_offered_as_a_gift_unless_everybody_may_read_it(kept_pages: PageStore, stranger: Client) -> None:
    """Whatever its tier says."""
    opened, closed = make.article(), make.article(tier="free", section=make.section("Ports"))
    Rule.objects.create(name="Ports", ask="plan", section=closed.section, position=1)
    ArticleTerms.objects.create(article=opened, free_until=timezone.now() + timedelta(days=1))
    kept_pages.clear()
    offer = "Give this article"
    assert offer not in stranger.get(opened.get_absolute_url()).text
    assert offer in stranger.get(closed.get_absolute_url()).text
