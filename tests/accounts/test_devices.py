"""The reader's devices: seen at little cost, and logged out one by one or all others at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.devices import SEEN_EVERY, device_name
from accounts.models import User
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db


def device(user: User, browser: str) -> Client:
    client = Client(headers={"User-Agent": browser})
    client.force_login(user)
    assert doors.is_logged_in(client)
    return client


def session_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


@pytest.fixture
def devices(db: None) -> list[Client]:
    user = make.user("owner@example.org")
    return [device(user, browser) for browser in ("This one", "Lost phone", "Library")]


def test_all_devices_are_listed(devices: list[Client]) -> None:
    text = devices[0].get("/account/sessions/").content.decode()
    assert all(browser in text for browser in ("This one", "Lost phone", "Library"))
    assert text.count("Log out this device") == 2


WINDOWS, MAC, LINUX = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64"
ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"Mozilla/5.0 ({LINUX}) {ENGINE} Chrome/140.0.0.0 Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 ({WINDOWS}) {ENGINE} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 ({WINDOWS}) {ENGINE} Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0", "Opera on Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {ENGINE} Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 ({WINDOWS}; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        (f"Mozilla/5.0 ({MAC}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari on Mac"),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{IPHONE} CriOS/140.0.0.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("curl/8.5.0", "An unknown program"),
        ("Firefox/140.0", "An unknown program"),
        ("", "An unknown program"),
    ],
)
def test_a_device_has_a_name_that_its_reader_knows(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


def test_the_list_shows_the_name_and_keeps_what_the_browser_sent() -> None:
    user_agent = f"Mozilla/5.0 ({LINUX}) {ENGINE} Chrome/140.0.0.0 Safari/537.36"
    text = device(make.user(), user_agent).get("/account/sessions/").content.decode()
    assert f'<strong title="{user_agent}">Chrome on Linux</strong>' in text


def test_one_device_is_logged_out(devices: list[Client]) -> None:
    response = devices[0].post(f"/account/sessions/{session_of(devices[1]).pk}/end/")
    assert response["Location"] == "/account/sessions/"
    assert [doors.is_logged_in(client) for client in devices] == [True, False, True]


def test_logging_out_this_device_leads_to_the_front_page(devices: list[Client]) -> None:
    assert devices[0].post(f"/account/sessions/{session_of(devices[0]).pk}/end/")["Location"] == "/"
    assert [doors.is_logged_in(client) for client in devices] == [False, True, True]


@pytest.mark.attack("A09")
def test_all_other_devices_are_logged_out(devices: list[Client]) -> None:
    devices[0].post("/account/sessions/")
    assert [doors.is_logged_in(client) for client in devices] == [True, False, False]


@pytest.mark.attack("A17")
def test_nobody_logs_out_somebody_elses_device(devices: list[Client], registered: Client) -> None:
    path = f"/account/sessions/{session_of(devices[0]).pk}/end/"
    assert registered.post(path).status_code == 404
    assert Client().post(path)["Location"].startswith("/account/login/")
    assert doors.is_logged_in(devices[0])


@pytest.mark.attack("A14")
def test_logging_out_takes_a_post(registered: Client) -> None:
    assert registered.get("/account/logout/").status_code == 200
    assert doors.is_logged_in(registered)
    assert registered.post("/account/logout/")["Location"] == "/"
    assert not doors.is_logged_in(registered)
    assert registered.get(f"/account/sessions/{UserSession.objects.count()}/end/").status_code == 405


def test_a_logged_out_browser_holds_no_session(registered: Client) -> None:
    registered.post("/account/logout/")
    assert registered.cookies["sessionid"].value == ""


# --- Fifty devices ---------------------------------------------------------------------------------------------------
def test_of_fifty_devices_one_stays_when_all_others_are_logged_out() -> None:
    user, other = make.user("shared@example.org"), device(make.user("bystander@example.org"), "Another reader's")
    clients = [device(user, f"Device {number}") for number in range(50)]
    page = clients[7].get("/account/sessions/").content.decode()
    assert page.count("Log out this device") == 49
    assert page.count("Log out here") == 1
    assert UserSession.objects.filter(user=user).count() == 50
    assert clients[7].post("/account/sessions/")["Location"] == "/account/sessions/"
    assert [doors.is_logged_in(client) for client in clients] == [number == 7 for number in range(50)]
    assert UserSession.objects.filter(user=user).count() == 1
    assert doors.is_logged_in(other)


def test_the_button_for_all_others_stands_only_where_there_are_others(devices: list[Client]) -> None:
    assert "Log out all other devices" in devices[0].get("/account/sessions/").content.decode()
    devices[0].post("/account/sessions/")
    assert "Log out all other devices" not in devices[0].get("/account/sessions/").content.decode()


def test_an_ended_session_comes_back_by_no_request(devices: list[Client]) -> None:
    stolen = devices[1].cookies["sessionid"].value
    devices[0].post("/account/sessions/")
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get("/account/")["Location"].startswith("/account/login/")
    assert not Session.objects.filter(session_key=stolen).exists()
    assert not UserSession.objects.filter(session_key=stolen).exists()


# --- When a device was last seen -------------------------------------------------------------------------------------
TABLE = "usersessions_usersession"


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def queries(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as context:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in context.captured_queries]


def test_a_second_view_costs_nothing_for_it(clock: Any, django_assert_num_queries: Any) -> None:
    client = device(make.user(), "This one")
    article = make.article(tier="free").get_absolute_url()
    client.get(article)
    sent = queries(client, article)
    assert not [sql for sql in sent if TABLE in sql]
    assert [sql for sql in sent if not sql.startswith("SELECT")] == []
    with django_assert_num_queries(len(sent)):
        client.get(article)
    clock.shift(timedelta(seconds=SEEN_EVERY))
    assert [sql.split()[0] for sql in queries(client, article) if TABLE in sql] == ["SELECT", "UPDATE"]
    with django_assert_num_queries(len(sent)):
        client.get(article)


def test_it_is_written_once_in_ten_minutes(clock: Any) -> None:
    client = device(make.user(), "This one")
    began = session_of(client).last_seen_at
    clock.shift(timedelta(seconds=SEEN_EVERY - 1))
    doors.is_logged_in(client)
    assert session_of(client).last_seen_at == began
    clock.shift(timedelta(seconds=1))
    for _again in range(3):
        doors.is_logged_in(client)
    assert session_of(client).last_seen_at == began + timedelta(seconds=SEEN_EVERY)


def test_the_list_learns_of_another_network_and_browser(clock: Any) -> None:
    client = device(make.user(), "This one")
    clock.shift(timedelta(seconds=SEEN_EVERY))
    client.get("/account/", headers={"User-Agent": "Another one"}, REMOTE_ADDR="203.0.113.7")
    assert (session_of(client).user_agent, session_of(client).ip) == ("Another one", "203.0.113.7")


def test_a_session_with_a_new_key_is_in_the_list_at_once(clock: Any) -> None:
    client = device(make.user(), "This one")
    store = client.session
    store.cycle_key()
    client.cookies["sessionid"] = store.session_key
    assert doors.is_logged_in(client)
    assert session_of(client).user_agent == "This one"


def test_a_stranger_is_in_no_list_and_costs_nothing(clock: Any, stranger: Client) -> None:
    article = make.article(tier="free").get_absolute_url()
    assert not [sql for sql in queries(stranger, article) if TABLE in sql or "django_session" in sql]
    doors.ask_at_login(stranger, "new@example.org")
    assert not [sql for sql in queries(stranger, article) if TABLE in sql]
    assert not UserSession.objects.exists()


def test_a_superuser_ends_a_session_and_not_only_its_line(superuser: Client, devices: list[Client]) -> None:
    row = session_of(devices[1])
    path = "/admin/usersessions/usersession/"
    assert superuser.get(f"{path}?q=owner@example.org").status_code == 200
    assert superuser.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert [doors.is_logged_in(client) for client in devices] == [True, False, True]
    chosen = {"action": "delete_selected", "_selected_action": [session_of(devices[2]).pk], "post": "yes"}
    assert superuser.post(path, chosen).status_code == 302
    assert [doors.is_logged_in(client) for client in devices] == [True, False, False]
