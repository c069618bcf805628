"""Who reads by an institution: its addresses, its mail domains, and roaming; and what caches never mix up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import DatabaseError, InterfaceError
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles.page_store import PageStore, store
from paywall.leaks import guesses
from paywall.models import AddressRange, ArticleTerms, Institution, InstitutionUse, MailDomain
from paywall.ways_in import institutions
from paywall.ways_in.institutions import Records
from tests import make
from tests.articles.test_purging import keys_of

CAMPUS, HOME = "8.8.8.8", "9.9.9.9"
LIVE = {"starts_on": date(2026, 1, 1), "ends_on": date(2099, 12, 31)}

pytestmark = pytest.mark.django_db


def institution(*ranges: str, name: str = "City Library", **fields: Any) -> Institution:
    made = Institution.objects.create(name=name, **(LIVE | fields))
    for text in ranges:
        AddressRange.objects.create(institution=made, network=text)
    return made


def domain(made: Institution, name: str, **fields: Any) -> MailDomain:
    fields.setdefault("verified_at", timezone.now())
    return MailDomain.objects.create(institution=made, domain=name, **fields)


def read(client: Client, article: Any, address: str = CAMPUS, **headers: str) -> Any:
    return client.get(article.get_absolute_url(), REMOTE_ADDR=address, headers=headers)


def opens(client: Client, article: Any, address: str = CAMPUS, **headers: str) -> bool:
    """By the mark on the page and by the body's own word, which must say the same."""
    page = read(client, article, address, **headers).content.decode()
    is_open = 'data-access="granted"' in page
    assert is_open is (article.sentinel in page)
    return is_open


def reads_by_it(client: Client, article: Any, address: str = HOME) -> bool:
    """For registered readers, who may also open the article with a free read."""
    return 'data-reason="institution"' in read(client, article, address).content.decode()


# --- by address ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("address", ["8.8.8.0", "8.8.8.255", "::ffff:8.8.8.8", "2a00:1450::1"])
def test_a_stranger_in_its_network_reads_everything(city_library: Institution, address: str, stranger: Client) -> None:
    article = make.article()
    page = read(stranger, article, address).content.decode()
    assert article.sentinel in page
    assert "You are reading this with City Library." in page
    assert 'data-reason="institution"' in page


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("address", ["8.8.7.255", "8.8.9.0", HOME, "2a00:1451::", "", "nonsense", "::8.8.8.8"])
def test_any_other_address_meets_the_gate(city_library: Institution, address: str, stranger: Client) -> None:
    article = make.article()
    response = read(stranger, article, address)
    assert response.status_code == 200
    assert article.sentinel not in response.content.decode()


@pytest.mark.attack("L16")
@pytest.mark.parametrize(
    ("proxies", "headers", "is_open"),
    [
        (0, {"X-Forwarded-For": CAMPUS}, False),
        (1, {"X-Forwarded-For": CAMPUS}, True),
        (1, {"X-Forwarded-For": f"{CAMPUS}, {HOME}"}, False),
        (1, {"X-Forwarded-For": f"{HOME}, {CAMPUS}"}, True),
        (2, {"X-Forwarded-For": f"{CAMPUS}, 10.0.0.1"}, True),
        (2, {"X-Forwarded-For": f"{CAMPUS}, {HOME}, 10.0.0.1"}, False),
        (2, {"X-Forwarded-For": CAMPUS}, False),  # the sender cannot be told
        (1, {"X-Forwarded-For": "nonsense"}, False),
        (
            1,
            {"X-Real-IP": CAMPUS, "Forwarded": f"for={CAMPUS}", "CF-Connecting-IP": CAMPUS, "Client-IP": CAMPUS},
            False,
        ),
    ],
)
def test_the_address_comes_from_our_own_proxies_alone(
    proxies: int, headers: dict[str, str], is_open: bool, city_library: Institution, settings: Any, stranger: Client
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert opens(stranger, make.article(), HOME, **headers) is is_open


@pytest.mark.usefixtures("either_way")
def test_the_contract_is_exact_to_the_second(settings: Any, stranger: Client) -> None:
    settings.TIME_ZONE = "America/New_York"
    zone = ZoneInfo("America/New_York")
    institution("8.8.8.0/24", starts_on=date(2026, 3, 8), ends_on=date(2026, 3, 8))  # a day of 23 hours
    article = make.article(published_at=datetime(2026, 1, 1, tzinfo=UTC))
    begins, ends = datetime(2026, 3, 8, tzinfo=zone), datetime(2026, 3, 9, tzinfo=zone)
    assert (ends.astimezone(UTC) - begins.astimezone(UTC)) == timedelta(hours=23)
    second = timedelta(seconds=1)
    for moment, is_open in (
        (begins.astimezone(UTC) - second, False),
        (begins.astimezone(UTC), True),
        (ends.astimezone(UTC) - second, True),
        (ends.astimezone(UTC), False),
    ):
        with time_machine.travel(moment, tick=False):
            assert opens(stranger, article) is is_open, moment


def test_who_subscribes_is_named_as_a_subscriber(city_library: Institution, subscriber: Client) -> None:
    article = make.article()
    assert 'data-reason="subscriber"' in read(subscriber, article).content.decode()
    assert not InstitutionUse.objects.exists()


def test_an_institution_opens_what_asks_for_one_plan(
    city_library: Institution, kept_pages: PageStore, subscriber: Client
) -> None:
    """More rights never open less: also one who subscribes to another plan reads it."""
    domain(city_library, "example.org")
    article = make.article()
    ArticleTerms.objects.create(article=article).plans.add(make.plan_price("annual").plan)
    assert opens(subscriber, article, HOME)


def test_away_from_the_network_nothing_is_looked_up_while_nobody_has_a_contract(
    kept_pages: PageStore, subscriber: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    article = make.article()
    read(subscriber, article)
    with django_assert_num_queries(4):  # session, account, entitlement, body
        assert opens(subscriber, article)


def test_a_subscriber_costs_no_more_for_the_institutions_of_others(
    kept_pages: PageStore, subscriber: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    domain(institution("8.8.8.0/24", roaming_days=30), "example.org")
    article = make.article()
    read(subscriber, article, HOME)
    with django_assert_num_queries(4):
        assert opens(subscriber, article, HOME)


# --- caches ----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("C01")
@pytest.mark.parametrize("first", ["campus", "stranger"])
def test_a_page_of_the_campus_is_never_kept_and_none_is_taken(
    first: str, city_library: Institution, kept_pages: PageStore
) -> None:
    article = make.article()
    turns = [(CAMPUS, True), (HOME, False)] * 3
    for address, is_open in turns if first == "campus" else turns[1:]:
        response = read(Client(), article, address)
        assert (article.sentinel in response.content.decode()) is is_open
        assert response["Cache-Control"].startswith("private, no-store" if is_open else "public")
        assert ("Surrogate-Key" in response) is not is_open


@pytest.mark.attack("C01")
@pytest.mark.parametrize("path", ["/", "/search/?q=harbour", "/archive/", "/feeds/latest.xml", "/subscribe/"])
def test_no_page_whatsoever_of_the_campus_is_kept(path: str, city_library: Institution, kept_pages: PageStore) -> None:
    make.article()
    assert Client().get(path, REMOTE_ADDR=CAMPUS)["Cache-Control"] == "private, no-store"
    assert Client().get(path, REMOTE_ADDR=HOME)["Cache-Control"].startswith("public")
    again = Client().get(path, REMOTE_ADDR=CAMPUS)
    assert again["Cache-Control"] == "private, no-store"
    assert again.wsgi_request.page_cache == "bypass"
    assert Client().get(path, REMOTE_ADDR=HOME).wsgi_request.page_cache == "hit"


def test_the_search_of_the_campus_looks_into_bodies(city_library: Institution, kept_pages: PageStore) -> None:
    article = make.article()
    for address, is_found in ((HOME, False), (CAMPUS, True), (HOME, False)):
        found = Client().get(f"/search/?q={article.sentinel}", REMOTE_ADDR=address).content.decode()
        assert (article.headline in found) is is_found


def test_a_kept_page_costs_a_stranger_no_query_and_neither_does_the_look_up(
    city_library: Institution, kept_pages: PageStore, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    article = make.article()
    read(Client(), article, HOME)
    with django_assert_num_queries(0):
        assert read(Client(), article, HOME).wsgi_request.page_cache == "hit"


@pytest.mark.parametrize("error", [DatabaseError, InterfaceError])
def test_where_the_database_fails_the_recogniser_says_no(
    error: type[Exception],
    city_library: Institution,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> Records:
        raise error

    monkeypatch.setattr(institutions, "known", fail)
    assert not institutions.is_on_campus(RequestFactory(REMOTE_ADDR=CAMPUS).get("/"))
    assert "it could not be found out" in caplog.text


def test_what_holds_no_page_asks_for_no_address(
    city_library: Institution, stranger: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert stranger.get("/healthz", REMOTE_ADDR=CAMPUS).status_code == 200


def test_changes_purge_what_shows_them() -> None:
    made = institution()
    assert keys_of(lambda: institution(name="Another")) == {"institutions", "access", "moments"}
    assert keys_of(lambda: Institution.objects.filter(pk=made.pk).update(notes="New")) == set()
    assert "institutions" in keys_of(lambda: Institution.objects.filter(pk=made.pk).update(ends_on=date(2027, 1, 1)))
    assert keys_of(lambda: AddressRange.objects.create(institution=made, network="8.8.8.0/24")) == {"institutions"}
    assert keys_of(AddressRange.objects.all().delete) == {"institutions"}
    assert keys_of(lambda: domain(made, "city.example")) == {"institutions"}
    assert keys_of(lambda: MailDomain.objects.update(verified_at=None)) == {"institutions"}


def test_a_new_range_opens_and_a_removed_one_closes_when_its_key_is_purged(
    kept_pages: PageStore, stranger: Client
) -> None:
    made, article = institution(), make.article()
    assert not opens(stranger, article)
    row = AddressRange.objects.create(institution=made, network="8.8.8.0/24")
    store.purge(["institutions"])
    assert opens(stranger, article)
    row.delete()
    store.purge(["institutions"])
    assert not opens(stranger, article)


# --- by mail address -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("either_way")
def test_a_confirmed_address_at_a_verified_domain_reads_at_home(city_library: Institution) -> None:
    domain(city_library, "city.example")
    article = make.article()
    readers = {
        email: reads_by_it(make.logged_in(make.user(email)), article)
        for email in ("one@city.example", "two@staff.city.example", "three@notcity.example", "four@example.org")
    }
    assert readers == {
        "one@city.example": True,
        "two@staff.city.example": False,
        "three@notcity.example": False,
        "four@example.org": False,
    }


@pytest.mark.usefixtures("either_way")
def test_the_domain_counts_from_its_verification_and_with_subdomains_if_told(city_library: Institution) -> None:
    row = domain(city_library, "city.example", verified_at=None, has_subdomains=True)
    article, client = make.article(), make.logged_in(make.user("two@staff.city.example"))
    assert not reads_by_it(client, article)
    row.verified_at = timezone.now()
    row.save()
    store.purge(["institutions"])
    assert reads_by_it(client, article)


def test_an_address_that_is_not_confirmed_reads_nothing(city_library: Institution) -> None:
    domain(city_library, "city.example")
    user = make.user("one@city.example")
    EmailAddress.objects.filter(user=user).update(verified=False)
    assert not reads_by_it(make.logged_in(user), make.article())


def test_the_check_of_leaks_claims_to_be_on_campus_in_both_spellings(city_library: Institution) -> None:
    assert [headers for _words, headers in guesses.on_campus()] == [
        {"X-Forwarded-For": "8.8.8.0"},
        {"X_Forwarded_For": "8.8.8.0"},
    ]
    assert set(dict(guesses.on_campus())) <= set(dict(guesses.disguises()))
    Institution.objects.update(ends_on=timezone.localdate() - timedelta(days=1))
    assert not list(guesses.on_campus())
