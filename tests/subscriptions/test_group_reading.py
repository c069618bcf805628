"""What a seat in a group opens, and what it costs to look that up."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from articles.page_store import PageStore
from subscriptions.entitlements import entitlement_of
from subscriptions.models import Group, Seat, SeatState, Subscription
from tests import make
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> User:
    owner = make.user("owner@example.org")
    group = Group.objects.create(subscription=make.subscription(owner), owner=owner, seats=2, name="Harbour Office")
    user = make.user("reader@example.net")
    Seat.objects.create(group=group, email=user.email, user=user, state="taken", taken_at=timezone.now())
    return user


def test_an_article_costs_a_member_as_many_queries_as_a_subscriber(
    kept_pages: PageStore, member: User, article: Any, django_assert_num_queries: Any
) -> None:
    browser = make.logged_in(member)
    assert reads(browser, article)
    with django_assert_num_queries(4):  # session, account, entitlement, body
        browser.get(article.get_absolute_url())


@pytest.mark.parametrize("state", [SeatState.INVITED, SeatState.SUSPENDED, SeatState.ENDED])
def test_only_a_taken_seat_opens_anything(member: User, article: Any, state: SeatState) -> None:
    browser = make.logged_in(member)
    assert reads(browser, article)
    Seat.objects.update(state=state)
    assert not reads(browser, article)


def test_who_holds_a_seat_and_a_subscription_has_both_and_keeps_the_one_when_the_other_ends(
    member: User, article: Any
) -> None:
    own = make.subscription(member)
    held = entitlement_of(member.pk, timezone.now()).scopes
    assert sorted(scope.via for scope in held) == ["", "Harbour Office"]
    browser = make.logged_in(member)
    Subscription.objects.filter(pk=own.pk).update(status="canceled", known_status="canceled")
    assert reads(browser, article)
    Seat.objects.update(state=SeatState.ENDED)
    assert not reads(browser, article)


def test_a_group_without_a_name_is_still_said_to_be_one(member: User, article: Any) -> None:
    Group.objects.update(name="")
    page = make.logged_in(member).get("/access/", {"article": article.slug}).content.decode()
    assert "You are reading this with your group." in page


@pytest.mark.parametrize("livemode", [True, False])
def test_a_seat_paid_in_another_mode_opens_nothing(member: User, article: Any, settings: Any, livemode: bool) -> None:
    settings.STRIPE_LIVEMODE = livemode
    assert reads(make.logged_in(member), article) is not livemode
