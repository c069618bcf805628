"""The reader's devices: seen, and logged out one by one or all others at once."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.devices import device_name
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
        ("curl/8.5.0", "curl/8.5.0"),
        ("Firefox/140.0", "Firefox/140.0"),
        ("", ""),
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


def test_all_other_devices_are_logged_out(devices: list[Client]) -> None:
    devices[0].post("/account/sessions/")
    assert [doors.is_logged_in(client) for client in devices] == [True, False, False]


def test_nobody_logs_out_somebody_elses_device(devices: list[Client], registered: Client) -> None:
    path = f"/account/sessions/{session_of(devices[0]).pk}/end/"
    assert registered.post(path).status_code == 404
    assert Client().post(path)["Location"].startswith("/account/login/")
    assert doors.is_logged_in(devices[0])


def test_logging_out_takes_a_post(registered: Client) -> None:
    assert registered.get("/account/logout/").status_code == 200
    assert doors.is_logged_in(registered)
    assert registered.post("/account/logout/")["Location"] == "/"
    assert not doors.is_logged_in(registered)
    assert registered.get(f"/account/sessions/{UserSession.objects.count()}/end/").status_code == 405


def test_a_logged_out_browser_holds_no_session(registered: Client) -> None:
    registered.post("/account/logout/")
    assert registered.cookies["sessionid"].value == ""
