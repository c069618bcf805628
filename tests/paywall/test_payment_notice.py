"""The line about a payment that fails: on every page of the one reader whom it concerns, and on nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from articles.page_store import PageStore
from subscriptions.models import Group, Seat, Subscription
from tests import make

pytestmark = pytest.mark.django_db

NOTICE = "Your last payment did not go through."
PAGES = ("/", "/archive/", "/subscribe/", "/account/", "/account/invoices/")


@pytest.fixture
def payer() -> User:
    return make.user("payer@example.org")


@pytest.fixture
def failing(payer: User) -> Subscription:
    return make.subscription(payer, status="past_due", past_due_since=timezone.now() - timedelta(days=1))


def has_notice(client: Client, address: str) -> bool:
    response = client.get(address)
    assert response.status_code == 200
    shown = NOTICE in response.content.decode()
    assert not shown or "no-store" in response["Cache-Control"]
    return shown


@pytest.mark.parametrize(("status", "shown"), [("past_due", True), ("unpaid", True), ("active", False)])
def test_every_page_of_who_has_not_paid_says_so(status: str, shown: bool, failing: Subscription) -> None:
    Subscription.objects.update(status=status)
    assert failing.user is not None
    client = make.logged_in(failing.user)
    story = make.article().get_absolute_url()
    assert {has_notice(client, address) for address in (*PAGES, story)} == {shown}


def test_the_line_names_the_day_and_its_button_carries_the_token(payer: User, failing: Subscription) -> None:
    text = make.logged_in(payer).get("/").content.decode()
    line = text.partition('class="card-line"')[2].partition("</aside>")[0]
    assert f'action="/account/subscription/{failing.pk}/portal/"' in line
    assert "csrfmiddlewaretoken" in line
    assert "You read on until" in line
    Subscription.objects.update(past_due_since=timezone.now() - timedelta(days=8))
    assert "You read on until" not in make.logged_in(payer).get("/").content.decode()


def test_nobody_else_sees_it(kept_pages: PageStore, failing: Subscription) -> None:
    """Neither a stranger to whom the same page is shown right after, nor another subscriber, nor who has a seat."""
    assert failing.user is not None
    story = make.article()
    other = make.user()
    make.subscription(other)
    group = Group.objects.create(subscription=failing, owner=failing.user, seats=2)
    seated = make.user()
    Seat.objects.create(group=group, email=seated.email, user=seated, state="taken", taken_at=timezone.now())
    for address in ("/", story.get_absolute_url()):
        assert has_notice(make.logged_in(failing.user), address)
        for browser in (Client(), make.logged_in(other), make.logged_in(seated), make.logged_in(make.user())):
            assert not has_notice(browser, address)
    page = make.logged_in(seated).get(story.get_absolute_url()).content.decode()
    assert vars(story)["sentinel"] in page  # the seat is the failing subscription's own


def test_it_costs_no_query(
    kept_pages: PageStore, payer: User, failing: Subscription, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    story = make.article().get_absolute_url()
    client = make.logged_in(payer)
    client.get(story)
    with django_assert_num_queries(4):  # session, account, entitlement, body
        assert has_notice(client, story)


def test_who_also_reads_by_a_grant_is_told_all_the_same(payer: User, failing: Subscription) -> None:
    make.grant(payer)
    assert has_notice(make.logged_in(payer), "/")
