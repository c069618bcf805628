"""Staff ask about moments that are past or to come; what the process keeps for readers stays of the present."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from articles.models import Article
from articles.page_store import PageStore
from paywall.meters.meter import terms_of_meter
from paywall.models import ArticleTerms, CampusVisit, Institution, Opening
from paywall.policy import policy_now
from paywall.terms import terms_now
from paywall.ways_in.institutions import known
from tests import make
from tests.paywall.test_institutions import institution

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOMENTS = ["2030-01-01T10:00:00", "2020-01-01T10:00:00"]


@pytest.fixture
def asked() -> Article:
    return make.article(published_at=datetime(2019, 1, 1, tzinfo=UTC))


@pytest.fixture
def free(city: Institution) -> Article:
    """Among records that each count now and not in some years, and that all a reader's page needs."""
    article = make.article(headline="Free for a day")
    ArticleTerms.objects.create(article=article, free_until=NOON + timedelta(days=1))
    Opening.objects.create(section=make.section("Ports"), starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    return article


@pytest.fixture
def city() -> Institution:
    return institution("8.8.8.0/24", ends_on=date(2026, 12, 24), roaming_days=30)


@pytest.fixture
def reader(city: Institution) -> User:
    user = make.user("ada@example.org")
    make.grant(user)
    CampusVisit.objects.create(user=user, institution=city, seen_on=NOON.date())
    return user


def by_bench(client: Client, reader: User, article: Article, at: str) -> None:
    response = client.get("/admin/bench/", {"article": article.slug, "at": at})
    assert b'data-reader="stranger"' in response.content


def by_support(client: Client, reader: User, article: Article, at: str) -> None:
    response = client.get("/admin/answers/", {"user": reader.pk, "article": article.slug, "at": at})
    assert b"data-reason" in response.content


def kept_by(store: PageStore) -> dict[object, object]:
    return {name: kept.value for name, kept in store._kept.items()}


@pytest.fixture
def staff() -> Client:
    return make.logged_in(make.user("boss@example.org", is_staff=True, is_superuser=True))


@pytest.mark.parametrize("ask", [by_bench, by_support])
@pytest.mark.parametrize("at", MOMENTS)
def test_a_look_at_another_moment_changes_nothing_that_is_kept(
    kept_pages: PageStore,
    staff: Client,
    reader: User,
    free: Article,
    asked: Article,
    ask: Callable[[Client, User, Article, str], None],
    at: str,
) -> None:
    known(), terms_now(), policy_now(), terms_of_meter()
    before = kept_by(kept_pages)
    assert {"institutions", "terms", "policy", "meter"} <= set(before)
    ask(staff, reader, asked, at)
    after = kept_by(kept_pages)
    assert {name: after.get(name) for name in before} == before


@pytest.mark.parametrize("ask", [by_bench, by_support])
@pytest.mark.parametrize("at", MOMENTS)
def test_where_nothing_was_kept_readers_get_the_present_after_it(
    kept_pages: PageStore,
    staff: Client,
    stranger: Client,
    reader: User,
    free: Article,
    asked: Article,
    ask: Callable[[Client, User, Article, str], None],
    at: str,
) -> None:
    kept_pages.clear()
    ask(staff, reader, asked, at)
    now = timezone.now()
    assert known().has_any(now)
    assert set(terms_now()) == {free.pk}
    assert len(policy_now().openings) == 1
    assert 'data-access="granted"' in stranger.get(free.get_absolute_url()).content.decode()
    closed = stranger.get(asked.get_absolute_url(), REMOTE_ADDR="8.8.8.8").content.decode()
    assert 'data-reason="institution"' in closed


def test_support_sees_what_a_contract_opened_that_is_over_now(kept_pages: PageStore, staff: Client) -> None:
    user, article = make.user(), make.article(published_at=datetime(2024, 1, 1, tzinfo=UTC))
    over = institution(starts_on=date(2024, 1, 1), ends_on=date(2025, 6, 30), roaming_days=30)
    CampusVisit.objects.create(user=user, institution=over, seen_on=date(2025, 6, 1))
    address = {"user": str(user.pk), "article": article.slug}
    assert 'data-reason="institution"' in staff.get("/admin/answers/", address | {"at": "2025-06-10T12:00:00"}).text
    assert 'data-reason="institution"' not in staff.get("/admin/answers/", address).text
