"""Erasing one's own account: a code once more, refusals in words, and nothing left that names the reader."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.db.models import CASCADE, PROTECT, SET_NULL
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.erasure import erase, links_to_users
from accounts.models import User
from subscriptions.models import Agreement, Group, Invoice, Seat, Subscription
from tests import make
from tests.accounts import doors
from tests.accounts.test_export import owner_of_everything

pytestmark = pytest.mark.django_db

ADDRESS = "leaving@example.org"
# The log of staff outlives accounts, by a trigger; queued mails go an hour after they were sent.
KEPT = {"accounts_staffaction", "django_tasks_database_dbtaskresult"}


def ask_for_code(client: Client, email: str = ADDRESS) -> str:
    assert client.post("/account/erase/", {"action": "code"}).status_code == 200
    make.run_tasks()
    letter = [letter for letter in mail.outbox if letter.to == [email]][-1]
    found = re.search(r"^\d{6}$", str(letter.body), re.MULTILINE)
    assert found is not None
    return found.group()


def type_code(client: Client, code: str) -> HttpResponse:
    return client.post("/account/erase/", {"code": code})


def erased(user: User) -> bool:
    return not User.objects.filter(pk=user.pk).exists()


def places_of(text: str) -> list[str]:
    """Each table with a row in which the text stands, in any column."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text ILIKE %s', [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_with_the_code_the_account_goes_and_a_mail_says_so() -> None:
    user = make.user(ADDRESS)
    browser, other_device = make.logged_in(user), make.logged_in(user)
    response = type_code(browser, ask_for_code(browser))
    assert response.status_code == 302
    assert erased(user)
    for client in (browser, other_device):
        assert client.get("/account/").status_code == 302, "logged out everywhere"
    make.run_tasks()
    assert "erased" in mail.outbox[-1].subject
    assert mail.outbox[-1].to == [ADDRESS]


def test_nothing_is_left_that_names_the_reader() -> None:
    user = owner_of_everything(ADDRESS)
    EmailAddress.objects.create(user=user, email="further-of-leaving@example.org", verified=True)
    owner_of_everything("stays@example.org")
    assert len(places_of(ADDRESS)) > 3
    erase(user)
    assert set(places_of(ADDRESS)) - KEPT - {"articles_article"} == set()
    assert set(places_of("further-of-leaving")) - KEPT == set()
    assert "accounts_user" in places_of("stays@example.org")


def test_what_was_agreed_and_billed_stays_without_a_name() -> None:
    user = owner_of_everything(ADDRESS)
    subscription = Subscription.objects.get(user=user)
    agreed = Agreement.objects.count()
    erase(user)
    subscription.refresh_from_db()
    assert subscription.user is None
    assert subscription.customer.user is None
    assert Agreement.objects.count() == agreed
    assert not Agreement.objects.filter(user__isnull=False).exists()


def test_every_link_to_an_account_is_one_that_erasing_can_cut() -> None:
    """A new model whose rows hold an account back for ever would make accounts that cannot be erased."""
    for link in links_to_users():
        if link.relation.on_delete is PROTECT:
            assert link.relation.field.null, f"{link} keeps accounts for ever"
        else:
            assert link.relation.on_delete in (CASCADE, SET_NULL), f"{link}: say what becomes of it"


def test_without_the_code_nothing_goes() -> None:
    user = make.user(ADDRESS)
    browser = make.logged_in(user)
    code = ask_for_code(browser)
    response = type_code(browser, f"{(int(code) + 1) % 1_000_000:06d}")
    assert response.status_code == 400
    assert not erased(user)


def test_before_a_code_was_asked_for_none_fits() -> None:
    user = make.user(ADDRESS)
    assert type_code(make.logged_in(user), "").status_code == 400
    assert type_code(make.logged_in(user), "000000").status_code == 400
    assert not erased(user)


def test_a_code_that_logs_in_does_not_erase() -> None:
    user = make.user(ADDRESS)
    browser = make.logged_in(user)
    ask_for_code(browser)
    doors.ask_at_login(Client(), ADDRESS)
    assert type_code(browser, doors.mailed_code(ADDRESS)).status_code == 400
    assert not erased(user)


def test_the_code_is_good_in_the_browser_that_asked_alone() -> None:
    user = make.user(ADDRESS)
    code = ask_for_code(make.logged_in(user))
    assert type_code(make.logged_in(user), code).status_code == 400
    assert not erased(user)


def test_somebody_elses_code_does_not_erase_me() -> None:
    me, other = make.user(ADDRESS), make.user("other@example.org")
    mine = make.logged_in(me)
    ask_for_code(mine)
    code = ask_for_code(make.logged_in(other), "other@example.org")
    assert type_code(mine, code).status_code == 400
    assert not erased(me)


def test_after_five_tries_the_right_code_is_of_no_use_for_a_while() -> None:
    user = make.user(ADDRESS)
    browser = make.logged_in(user)
    code = ask_for_code(browser)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert [type_code(browser, wrong).status_code for _ in range(5)] == [400] * 5
    assert type_code(browser, code).status_code == 429
    assert not erased(user)


def test_a_code_sent_from_another_site_does_nothing() -> None:
    user = make.user(ADDRESS)
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = make.logged_in(user).cookies
    assert browser.post("/account/erase/", {"action": "code"}).status_code == 403


def test_staff_are_refused() -> None:
    editor = make.editor(ADDRESS)
    response = make.logged_in(editor).post("/account/erase/", {"action": "code"})
    assert response.status_code == 409
    assert "staff" in response.content.decode()
    assert not erased(editor)


def test_a_login_of_long_ago_is_asked_again() -> None:
    user = make.user(ADDRESS)
    assert make.logged_in(user, ago=timedelta(hours=2)).get("/account/erase/").status_code != 200


def invoice(subscription: Subscription, **fields: object) -> Invoice:
    terms = {"currency": "USD", "total_minor": 8900, "paid_minor": 0, "status": "open"} | fields
    return Invoice.objects.create(stripe_id="in_1", customer=subscription.customer, subscription=subscription, **terms)


@pytest.mark.parametrize(
    ("status", "paid", "is_refused"), [("open", 0, True), ("paid", 8900, False), ("void", 0, False)]
)
def test_an_invoice_that_is_not_paid_stands_in_the_way(status: str, paid: int, is_refused: bool) -> None:
    user = make.user(ADDRESS)
    invoice(make.subscription(user), status=status, paid_minor=paid)
    page = make.logged_in(user).get("/account/erase/").content.decode()
    assert ("not paid yet" in page) is is_refused


@pytest.mark.parametrize(("state", "is_refused"), [("taken", True), ("ended", False)])
def test_a_group_in_which_others_read_stands_in_the_way(state: str, is_refused: bool) -> None:
    user = make.user(ADDRESS)
    group = Group.objects.create(subscription=make.subscription(user), owner=user, seats=2)
    member = make.user()
    Seat.objects.create(group=group, email=member.email, user=member, state=state, taken_at=timezone.now())
    page = make.logged_in(user).get("/account/erase/").content.decode()
    assert ("Others read in a group" in page) is is_refused


def test_a_seat_in_somebody_elses_group_is_given_back() -> None:
    owner, user = make.user(), make.user(ADDRESS)
    group = Group.objects.create(subscription=make.subscription(owner), owner=owner, seats=2)
    Seat.objects.create(group=group, email=ADDRESS, user=user, state="taken", taken_at=timezone.now())
    erase(user)
    seat = Seat.objects.get()
    assert (seat.state, seat.email, seat.user) == ("ended", "", None)


@pytest.fixture
def two_at_once() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.mark.django_db(transaction=True)
def test_erasing_twice_at_once_is_erasing_once(two_at_once: ThreadPoolExecutor) -> None:
    user = owner_of_everything(ADDRESS)
    barrier = threading.Barrier(2)

    def run() -> None:
        barrier.wait()
        try:
            erase(User.objects.get(pk=user.pk))
        except User.DoesNotExist:
            pass  # it was gone before this one looked
        finally:
            connection.close()

    for task in [two_at_once.submit(run), two_at_once.submit(run)]:
        task.result()
    assert erased(user)
