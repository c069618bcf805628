"""Who was seen in an institution's network and reads elsewhere; and how its reading is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.page_store import PageStore
from newsroom.housekeeping import forget_reads
from paywall.models import CampusVisit, Institution, InstitutionUse
from paywall.ways_in import institutions
from paywall.ways_in.institutions import contract_of
from tests import make
from tests.paywall.test_institutions import CAMPUS, HOME, institution, opens, read

pytestmark = pytest.mark.django_db


# --- roaming ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("at_noon", "either_way")
def test_who_was_seen_on_campus_reads_at_home_for_so_many_days(registered: Client) -> None:
    made = institution("8.8.8.0/24", roaming_days=2)
    article = make.article()
    assert opens(registered, article)
    visit = CampusVisit.objects.get()
    assert visit.seen_on == date(2026, 11, 23)
    for moment, is_open in (
        (datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 26, tzinfo=UTC), False),
    ):
        with time_machine.travel(moment, tick=False):
            page = Client()
            page.force_login(visit.user)  # another browser of the same reader
            response = page.get("/account/", REMOTE_ADDR=HOME).content.decode()
            assert (f"You are reading this with {made.name}." in response) is is_open


@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize(("days", "seen"), [(0, False), (1, True)])
def test_without_roaming_no_visit_is_written(days: int, seen: bool, registered: Client) -> None:
    institution("8.8.8.0/24", roaming_days=days)
    assert opens(registered, make.article())
    assert CampusVisit.objects.exists() is seen


def test_a_visit_is_written_once_a_day_and_old_ones_go(kept_pages: PageStore, registered: Client) -> None:
    made = institution("8.8.8.0/24", roaming_days=2)
    article, today = make.article(tier="free"), timezone.localdate()
    CampusVisit.objects.create(user=make.user(), institution=made, seen_on=today - timedelta(days=3))
    kept = CampusVisit.objects.create(user=make.user(), institution=made, seen_on=today - timedelta(days=2))
    read(registered, article)
    assert set(CampusVisit.objects.values_list("seen_on", flat=True)) == {today, kept.seen_on}
    with CaptureQueriesContext(connection) as queries:
        read(registered, article)
    assert not any("INSERT" in query["sql"] or "DELETE" in query["sql"] for query in queries)


def test_visits_that_open_nothing_any_more_are_forgotten() -> None:
    today = timezone.localdate()
    live = institution("8.8.8.0/24", roaming_days=2)
    without = institution(name="Without roaming")
    over = institution(name="Over", roaming_days=30, ends_on=today - timedelta(days=1))
    days = [(live, 0), (live, 2), (live, 3), (without, 0), (over, 1)]
    for made, ago in days:
        CampusVisit.objects.create(user=make.user(), institution=made, seen_on=today - timedelta(days=ago))
    forget_reads()
    kept = set(CampusVisit.objects.values_list("institution", "seen_on"))
    assert kept == {(live.pk, today), (live.pk, today - timedelta(days=2))}


def test_roaming_ends_with_the_contract() -> None:
    made = institution("8.8.8.0/24", roaming_days=30, ends_on=timezone.localdate())
    user = make.user()
    CampusVisit.objects.create(user=user, institution=made, seen_on=timezone.localdate())
    (right,) = institutions.rights_of_account(user, timezone.now())
    assert right.until == made.ends_at


def test_a_stranger_who_was_on_campus_reads_nothing_at_home(stranger: Client) -> None:
    institution("8.8.8.0/24", roaming_days=30)
    article = make.article()
    assert opens(stranger, article)
    assert not opens(stranger, article, HOME)


# --- counting --------------------------------------------------------------------------------------------------------


def test_what_is_opened_is_counted_by_month_and_article_and_nobody_is_named(
    kept_pages: PageStore, stranger: Client
) -> None:
    made, article, other = institution("8.8.8.0/24"), make.article(), make.article()
    for _time in range(3):
        read(stranger, article)
    read(stranger, other)
    read(stranger, make.article(tier="free"))
    read(stranger, other, HOME)
    stranger.head(other.get_absolute_url(), REMOTE_ADDR=CAMPUS)
    read(stranger, other, **{"Sec-Purpose": "prefetch"})
    month = timezone.localdate().replace(day=1)
    found = set(InstitutionUse.objects.values_list("institution", "month", "article", "opened"))
    assert found == {(made.pk, month, article.pk, 3), (made.pk, month, other.pk, 1)}


def test_counting_is_one_statement(kept_pages: PageStore, stranger: Client) -> None:
    institution("8.8.8.0/24")
    article = make.article()
    read(stranger, article)
    with CaptureQueriesContext(connection) as queries:
        read(stranger, article)
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "INSERT"]  # the body, the count


def test_a_count_that_fails_does_not_keep_the_page_away(
    city_library: Institution, stranger: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def cursor(self) -> Any:
            raise DatabaseError

    monkeypatch.setattr(institutions, "connection", Failing())
    assert opens(stranger, make.article())
    assert "could not be counted" in caplog.text


# --- the cookie ------------------------------------------------------------------------------------------------------


def cookie_of(made: Institution) -> Client:
    client = Client()
    response = HttpResponse()
    institutions.set_institution_cookie(response, contract_of(made), timezone.now())
    client.cookies["institution"] = response.cookies["institution"].value
    return client


def test_the_cookie_opens_at_home_only_where_roaming_is_agreed() -> None:
    article = make.article()
    plain_one = institution("8.8.8.0/24")
    roaming = institution("8.8.9.0/24", name="University", roaming_days=3)
    assert not opens(cookie_of(plain_one), article, HOME)
    client = cookie_of(roaming)
    assert opens(client, article, HOME)
    Institution.objects.filter(pk=roaming.pk).update(roaming_days=0)
    assert not opens(client, article, HOME)


def test_the_cookie_ends_with_its_days_to_the_second() -> None:
    made = institution("8.8.8.0/24", roaming_days=3)
    article = make.article()
    now = timezone.now().replace(microsecond=0)
    with time_machine.travel(now, tick=False):
        client = cookie_of(made)
    for seconds, is_open in ((-1, True), (0, False)):
        with time_machine.travel(now + timedelta(days=3, seconds=seconds), tick=False):
            assert opens(client, article, HOME) is is_open


@pytest.mark.parametrize("value", ["", "1.9999999999", "x", "1.9999999999:sig", "1.9999999999:1uQ:AAAA"])
def test_a_made_up_cookie_opens_nothing(value: str) -> None:
    institution("8.8.8.0/24", roaming_days=3)
    client = Client()
    client.cookies["institution"] = value
    response = read(client, make.article(), HOME)
    assert response["Cache-Control"] == "private, no-store"
    assert 'data-access="withheld"' in response.content.decode()
