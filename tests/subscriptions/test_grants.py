"""Grants and what they add up to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.entitlements import entitlement_of
from tests import make

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def reads(client: Client, article: Any) -> bool:
    page = client.get(article.get_absolute_url(), headers={"Sec-Fetch-Dest": "empty"})
    return article.sentinel in page.content.decode()


@pytest.mark.parametrize(
    ("starts", "ends", "revoked", "open_"),
    [
        (-DAY, None, None, True),
        (-DAY, DAY, None, True),
        (timedelta(0), None, None, True),
        (DAY, None, None, False),
        (-2 * DAY, -DAY, None, False),
        (-DAY, timedelta(0), None, False),
        (-DAY, DAY, -timedelta(hours=1), False),
    ],
)
def test_a_grant_opens_the_library_between_its_moments(
    starts: timedelta, ends: timedelta | None, revoked: timedelta | None, open_: bool
) -> None:
    user, now = make.user(), timezone.now()
    grant = make.grant(
        user,
        starts_at=now + starts,
        ends_at=None if ends is None else now + ends,
        revoked_at=None if revoked is None else now + revoked,
    )
    assert entitlement_of(user.pk, now).has_library is open_
    assert grant.is_live(now) is open_


def test_the_union_of_grants_counts_and_not_the_newest() -> None:
    user, now = make.user(), timezone.now()
    make.grant(user, starts_at=now - 9 * DAY, ends_at=now + 9 * DAY)
    make.grant(user, starts_at=now - 2 * DAY, ends_at=now - DAY)
    entitlement = entitlement_of(user.pk, now)
    assert entitlement.has_library
    assert not entitlement.has_lapsed
    assert entitlement.library_until == now + 9 * DAY


def test_a_library_without_an_end_has_none_whatever_else_is_held() -> None:
    user, now = make.user(), timezone.now()
    make.grant(user)
    make.grant(user, ends_at=now + DAY)
    assert entitlement_of(user.pk, now).library_until is None


def test_a_grant_of_one_article_opens_that_one_alone() -> None:
    user = make.user()
    bought, other = make.article(), make.article()
    make.grant(user, scope=f"article:{bought.public_id}")
    client = make.logged_in(user)
    assert reads(client, bought)
    assert not reads(client, other)


def test_a_subscriber_logs_in_and_reads_everything(subscriber: Client, lapsed: Client) -> None:
    articles = [make.article(tier=tier) for tier in ("free", "registered", "premium")]
    assert all(reads(subscriber, article) for article in articles)
    assert [reads(lapsed, article) for article in articles] == [True, True, False]


def test_somebody_elses_grant_opens_nothing(registered: Client) -> None:
    make.grant(make.user("other@example.org"))
    assert not reads(registered, make.article())


def test_a_switched_off_account_reads_as_a_stranger() -> None:
    user = make.user()
    make.grant(user)
    client = make.logged_in(user)
    user.is_active = False
    user.save()
    assert not reads(client, make.article())
