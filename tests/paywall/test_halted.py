"""A subscription that opens nothing though it has not ended: its reader is told why, and what makes it open again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from articles.page_store import PageStore
from paywall.models import ArticleTerms, MeteredRead
from subscriptions.entitlements import entitlement_of
from subscriptions.models import Group, Plan, Seat, Subscription
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ENDED = "has ended"
ACCOUNT, CONTACT, PLANS = 'href="/account/"', 'href="/contact/"', 'href="/subscribe/"'

PAUSED = {"is_collection_paused": True, "paused_from": NOON - DAY, "paused_until": NOON + 30 * DAY}
SUSPENDED = {"suspended_at": NOON - 2 * DAY}
FAILING = {"status": "past_due", "past_due_since": NOON - 8 * DAY}

HALTED: dict[str, tuple[dict[str, Any], str, str]] = {
    "paused by its reader": (PAUSED, "Your subscription is paused until 23 December 2026.", "resume"),
    "paused at Stripe": ({"status": "paused"}, "is paused, so the whole library is closed to you until", "resume"),
    "resumed and not paid yet": (
        PAUSED | {"is_collection_paused": False, "period_end": NOON + 9 * DAY},
        "Your subscription is paused until 2 December 2026.",
        "resume",
    ),
    "paused and cancelled": (
        PAUSED | {"cancel_at": NOON + 9 * DAY},
        "Your subscription is paused, and ends on 2 December 2026.",
        ACCOUNT,
    ),
    "contested": (SUSPENDED, "was contested at your bank on 21 November 2026, so it opens nothing.", CONTACT),
    "contested and paused": (PAUSED | SUSPENDED, "was contested at your bank on 21 November 2026", CONTACT),
    "grace over": (FAILING, "The last payment for your subscription did not go through", "Update your card</a>"),
    "unpaid": (
        FAILING | {"status": "unpaid"},
        "The last payment for your subscription did not",
        "Update your card</a>",
    ),
    "held by the publisher": (
        {"is_collection_paused": True},
        "We have paused the payments for your subscription",
        ACCOUNT,
    ),
    "never confirmed": (
        {"period_end": NOON - 9 * DAY, "overdue_since": NOON - 8 * DAY},
        "The payment of 14 November 2026 for your subscription is not confirmed yet.",
        ACCOUNT,
    ),
    "a trial never confirmed": (
        {"status": "trialing", "trial_end": NOON - DAY},
        "The payment of 22 November 2026 for your subscription is not confirmed yet.",
        ACCOUNT,
    ),
    "a word that is not known": (
        {"status": "odd", "unknown_since": NOON - 9 * DAY},
        "We are finding out how your subscription stands.",
        ACCOUNT,
    ),
}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def reader() -> User:
    return make.user("reader@example.org")


@pytest.fixture
def unmetered(settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 0
    settings.PAUSED_COLLECTION_READS = False


def main_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    page = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(page.split())


def places(client: Client) -> dict[str, str]:
    """All places at which a reader is told why the library is closed."""
    story = make.article()
    return {
        "standing": main_of(client, "/access/"),
        "article": main_of(client, f"/access/?article={story.slug}"),
        "gate": main_of(client, story.get_absolute_url()),
        "account": main_of(client, "/account/"),
    }


@pytest.mark.usefixtures("unmetered")
@pytest.mark.parametrize("name", HALTED)
def test_it_is_told_why_and_the_way_on_is_its_own(name: str, reader: User) -> None:
    fields, words, way = HALTED[name]
    row = make.subscription(reader, plan="monthly", **fields)
    link = f'href="/account/subscription/{row.pk}/resume/"' if way == "resume" else way
    for place, page in places(make.logged_in(reader)).items():
        assert words in page, place
        assert ENDED not in page, place
        if place != "account":
            assert link in page, place
        assert PLANS not in page, place
        assert 'name="plan"' not in page, place


@pytest.mark.usefixtures("unmetered")
@pytest.mark.parametrize(
    "fields",
    [
        {"status": "canceled", "ended_at": NOON - DAY},
        {"cancel_at": NOON - DAY},
        PAUSED | {"cancel_at": NOON - DAY},
        SUSPENDED | {"status": "canceled"},
    ],
)
def test_what_has_ended_is_told_so_and_is_sold_again(fields: dict[str, Any], reader: User) -> None:
    make.subscription(reader, **fields)
    found = places(make.logged_in(reader))
    for place in ("standing", "article", "account"):
        assert "our access to the whole library has ended" in found[place], place
        assert PLANS in found[place], place
    assert 'name="plan"' in found["gate"]


@pytest.mark.usefixtures("unmetered")
@pytest.mark.parametrize("others", [{"status": "canceled"}, {"status": "incomplete_expired", "has_been_paid": False}])
def test_one_that_rests_is_told_of_before_one_that_has_ended(others: dict[str, Any], reader: User) -> None:
    make.subscription(reader, plan="monthly", **PAUSED)
    make.subscription(reader, **others)
    make.grant(reader, starts_at=NOON - 9 * DAY, ends_at=NOON - DAY)
    for place, page in places(make.logged_in(reader)).items():
        assert "Your subscription is paused until 23 December 2026." in page, place


def test_nothing_of_it_is_said_while_something_else_opens_the_library(reader: User) -> None:
    make.subscription(reader, plan="monthly", **PAUSED)
    make.grant(reader)
    found = places(make.logged_in(reader))
    assert all("Your subscription is paused" not in found[place] for place in ("standing", "article", "gate"))
    assert "You are reading this as a subscriber." in found["article"]
    assert entitlement_of(reader.pk, NOON).why_closed is None


@pytest.mark.usefixtures("unmetered")
def test_it_is_told_to_who_reads_by_a_light_plan_too(reader: User) -> None:
    row = make.subscription(reader, plan="monthly", **PAUSED)
    Plan.objects.filter(key="annual").update(allowance=1)
    make.subscription(reader, plan="annual")
    client = make.logged_in(reader)
    assert "of your plan left" in main_of(client, make.article().get_absolute_url())
    page = main_of(client, make.article().get_absolute_url())
    assert "Your subscription is paused until 23 December 2026." in page
    assert "You have read the 1 article that your plan has this month." in page
    assert f'href="/account/subscription/{row.pk}/resume/"' in page


def test_before_a_free_article_is_spent_the_pause_is_told_at_the_gate(reader: User) -> None:
    make.subscription(reader, plan="monthly", **PAUSED)
    client, story = make.logged_in(reader), make.article()
    page = main_of(client, story.get_absolute_url())
    assert page.count("Your subscription is paused until 23 December 2026.") == 1
    assert "You can open this article with one of your free articles this month." in page
    assert "Read this article" in page
    assert "Or go on with your subscription." in page
    assert not MeteredRead.objects.exists()
    told = main_of(client, f"/access/?article={story.slug}")
    assert "when you resume. You can open this article with one of your free articles this month." in told
    assert vars(story)["sentinel"] in main_of(client, f"{story.get_absolute_url()}?read=now")


def test_a_plan_that_is_needed_and_is_not_the_one_that_rests_is_named_too(reader: User) -> None:
    row = make.subscription(reader, plan="monthly", **PAUSED)
    story = make.article()
    ArticleTerms.objects.create(article=story).plans.set(Plan.objects.filter(key="annual"))
    page = main_of(make.logged_in(reader), f"/access/?article={story.slug}")
    assert "This article is for subscribers of the plan Annual. Your subscription is paused until" in page
    assert f'href="/account/subscription/{row.pk}/resume/"' in page
    assert "Change to a plan that includes it: Annual." in page


def group_of(payer: User, seated: User, **fields: Any) -> Subscription:
    row = make.subscription(payer, plan="monthly", **fields)
    group = Group.objects.create(subscription=row, owner=payer, seats=2, name="Harbour Ltd")
    Seat.objects.create(group=group, email=seated.email, user=seated, state="taken", taken_at=NOON)
    return row


@pytest.mark.usefixtures("unmetered")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (PAUSED, "The subscription of Harbour Ltd is paused until 23 December 2026."),
        (FAILING, "The subscription of Harbour Ltd opens nothing just now."),
        (SUSPENDED, "The subscription of Harbour Ltd opens nothing just now."),
    ],
)
def test_who_has_a_seat_learns_nothing_of_payments_and_may_subscribe(
    fields: dict[str, Any], words: str, reader: User
) -> None:
    group_of(make.user("payer@example.org"), reader, **fields)
    found = places(make.logged_in(reader))
    for place, page in found.items():
        assert words in page, place
        for said in ("contested", "go through", "Your subscription is", "/resume/"):
            assert said not in page, (place, said)
    assert 'name="plan"' in found["gate"]
    assert PLANS in found["standing"]


@pytest.mark.usefixtures("unmetered")
def test_ones_own_is_told_before_that_of_a_group(reader: User) -> None:
    own = make.subscription(reader, plan="monthly", **PAUSED)
    group_of(make.user("payer@example.org"), reader, **FAILING)
    page = main_of(make.logged_in(reader), "/access/")
    assert f"/account/subscription/{own.pk}/resume/" in page
    assert "Harbour Ltd" not in page


def test_strangers_are_shown_the_pages_that_everybody_is(kept_pages: PageStore, reader: User) -> None:
    make.subscription(reader, plan="monthly", **PAUSED)
    story = make.article()
    addresses = (story.get_absolute_url(), "/access/", f"/access/?article={story.slug}")
    before = [Client().get(address).content for address in addresses]
    for address in addresses:
        assert "is paused" in main_of(make.logged_in(reader), address)
    after = [Client().get(address) for address in addresses]
    assert [response.content for response in after] == before
    assert all("is paused" not in response.text for response in after)


def test_it_costs_no_query(
    kept_pages: PageStore, reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    story = make.article().get_absolute_url()
    row = make.subscription(reader, plan="monthly", status="canceled")
    client = make.logged_in(reader)
    counts = []
    for fields in ({}, {"status": "active", **PAUSED}, {"status": "active", **SUSPENDED}):
        Subscription.objects.filter(pk=row.pk).update(**fields)
        client.get(story)
        with CaptureQueriesContext(connection) as queries:
            client.get(story)
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts
    make.subscription(reader)
    client.get(story)
    with django_assert_num_queries(4):  # session, account, entitlement, body
        client.get(story)


@pytest.mark.usefixtures("unmetered")
def test_support_sees_the_readers_own_sentence(superuser: Client, reader: User) -> None:
    make.subscription(reader, plan="monthly", **PAUSED)
    asked = {"user": str(reader.pk), "article": make.article().slug}
    page = superuser.get(reverse("paywall:answers"), asked).content.decode()
    assert "Your subscription is paused until 23 December 2026." in page
    assert "There is a subscription that opens nothing just now" in page
    assert "A subscription or grant has ended." not in page
