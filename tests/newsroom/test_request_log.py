"""The line about each request, and what the other lines of it hold: its id, and nothing of the reader's."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from newsroom import log_lines, request_log
from newsroom.request_log import RequestLogMiddleware
from subscriptions.models import Lead
from tests import make
from tests.accounts import doors

NETWORK = "203.0.113.9"
EMAIL = "someone.new@example.org"
AGENT = "A Browser of Mine/7.7"
BY_NAME = ("", "django", "django.request", "django.security", "newsroom.requests")


class Lines(list[dict[str, Any]]):
    def __init__(self, stream: io.StringIO) -> None:
        super().__init__()
        self.stream = stream

    def read(self) -> list[dict[str, Any]]:
        self[:] = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return self

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.read() if line["logger"] == "newsroom.requests"]

    def others(self) -> list[dict[str, Any]]:
        return [line for line in self.read() if line["logger"] != "newsroom.requests"]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What a public host writes to stdout."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log_lines.JsonLines())
    handler.addFilter(log_lines.RequestContext())
    loggers = [logging.getLogger(name) for name in ("", "django")]  # the two that do not hand on
    level, chatty = logging.getLogger("newsroom.requests").level, logging.getLogger("newsroom.requests")
    chatty.setLevel(logging.INFO)
    for logger in loggers:
        logger.addHandler(handler)
    yield Lines(stream)
    for logger in loggers:
        logger.removeHandler(handler)
    chatty.setLevel(level)


def client(**options: Any) -> Client:
    return Client(REMOTE_ADDR=NETWORK, HTTP_USER_AGENT=AGENT, **options)


def answer_of(response: HttpResponse, request: HttpRequest | None = None) -> HttpResponse:
    return RequestLogMiddleware(lambda _request: response)(request or RequestFactory().get("/"))


@pytest.mark.django_db
def test_a_request_is_one_line(lines: Lines) -> None:
    make.article(slug="the-secret-slug")
    response = client().get("/articles/the-secret-slug/?utm=me")
    (line,) = lines.requests()
    assert line.pop("ms") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line.pop("cache") in ("hit", "miss", "bypass")
    assert line == {
        "level": "INFO",
        "logger": "newsroom.requests",
        "message": "request",
        "method": "GET",
        "route": resolve("/articles/the-secret-slug/").route,
        "status": 200,
        "bytes": len(response.content),
        "request_id": response["X-Request-ID"],
    }


@pytest.mark.django_db
def test_nothing_of_a_reader_is_in_any_line(lines: Lines, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_for_the_tests"]
    make.article(slug="story")
    reader = client()
    statuses = [
        reader.get("/articles/story/?gift=a-gift-link-of-mine&code=998877").status_code,
        doors.ask_at_gate(reader, EMAIL).status_code,
    ]
    code = doors.mailed_code(EMAIL)
    statuses += [doors.type_code(reader, each).status_code for each in (doors.WRONG, code)]
    statuses += [
        reader.get("/account/").status_code,
        reader.get(f"/nothing/{EMAIL}/998877/?mail={EMAIL}").status_code,
        reader.post("/account/login/", {"login": EMAIL, "password": "my-password"}).status_code,
        client(enforce_csrf_checks=True).post("/account/login/?next=/q", {"login": EMAIL}).status_code,
        reader.post("/stripe/webhook/", {"about": EMAIL}, content_type="application/json").status_code,
        reader.get("/", headers={"Host": "evil.example.net"}).status_code,
        reader.put("/robots.txt?secret=word").status_code,
    ]
    failing = client(raise_request_exception=False)
    failing.cookies = reader.cookies
    trouble = RuntimeError(f"no {EMAIL} at {NETWORK} with 998877 at /x?secret=word and {'t0ken' * 9}")
    with mock.patch("newsroom.health.plain", side_effect=trouble):
        statuses.append(failing.post("/healthz?secret=word", {"login": EMAIL}).status_code)
        statuses.append(failing.get("/healthz?secret=word").status_code)
    assert {200, 302, 400, 403, 404, 405, 500} <= set(statuses), statuses
    assert len(lines.requests()) >= len(statuses)
    assert Lead.objects.count() == 1
    cookies = [morsel.value for morsel in reader.cookies.values() if morsel.value]
    assert cookies
    forbidden = [EMAIL, "someone", NETWORK, code, "998877", "a-gift-link-of-mine", "secret", "word", "evil.example"]
    forbidden += ["t0kent0ken", "/nothing/", "my-password", AGENT, "story", doors.WRONG, *cookies]
    assert [word for word in forbidden if word.lower() in lines.text.lower()] == []


@pytest.mark.django_db
def test_an_error_is_told_once_with_its_place_and_the_id_of_its_request(lines: Lines) -> None:
    reader = client(raise_request_exception=False)
    with mock.patch("newsroom.health.plain", side_effect=RuntimeError("the boiler is cold")):
        response = reader.get("/healthz?secret=word")
    (error,) = lines.others()
    assert error["level"] == "ERROR"
    assert error["message"] == "Internal Server Error"
    assert error["exc_info"].endswith("builtins.RuntimeError: the boiler is cold")
    assert "newsroom/health.py" in error["exc_info"]
    assert error["request_id"] == response["X-Request-ID"] == lines.requests()[0]["request_id"]
    assert lines.requests()[0]["status"] == 500


@pytest.mark.django_db
def test_an_answer_that_no_error_has_led_to_is_the_line_of_its_request_alone(lines: Lines) -> None:
    client().get("/no/such/page/")
    with mock.patch("newsroom.health.plain", return_value=HttpResponse(status=503)):
        client().get("/healthz")
    assert lines.others() == []
    missing, unready = lines.requests()
    assert (missing["status"], missing["route"]) == (404, "unmatched")
    assert (unready["status"], unready["route"]) == (503, "healthz")


@pytest.mark.django_db
def test_a_refused_form_is_told_with_the_reason_alone(lines: Lines) -> None:
    reader = client(enforce_csrf_checks=True)
    form = {"login": EMAIL}
    reader.post("/account/login/?q=word", form, headers={"Origin": "https://evil.example.net"})
    (line,) = lines.others()
    assert (line["logger"], line["message"]) == ("django.security.csrf", "Forbidden: Origin checking failed")
    assert "exc_info" not in line


@pytest.mark.django_db
def test_lines_of_libraries_carry_the_id_and_no_address(lines: Lines) -> None:
    def speak(_request: HttpRequest) -> HttpResponse:
        logging.getLogger("some.library").warning("mail to <%s> from %s bounced", EMAIL, "2001:db8:1:2:3:4:5:6")
        return HttpResponse()

    response = RequestLogMiddleware(speak)(RequestFactory().get("/"))
    (line,) = lines.others()
    assert line["message"] == "mail to <[address]> from [network] bounced"
    assert line["request_id"] == response["X-Request-ID"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            IntegrityError(f"duplicate key\nDETAIL: Key (email)=({EMAIL})"),
            "django.db.utils.IntegrityError: duplicate key",
        ),
        (
            psycopg.DataError('invalid input for uuid: "my name"\nLINE 1'),
            "psycopg.DataError: invalid input for uuid: [value]",
        ),
        (ValueError("at 12:30:45 on 2026-11-23"), "builtins.ValueError: at 12:30:45 on 2026-11-23"),
        (KeyError(EMAIL), "builtins.KeyError: '[address]'"),
    ],
)
def test_the_message_of_an_exception_quotes_nobody(error: Exception, expected: str) -> None:
    try:
        raise RuntimeError("after it") from error
    except RuntimeError as last:
        found = list(log_lines.traceback_lines(last))
    assert f"{expected}\n" in found
    assert found[-1] == "builtins.RuntimeError: after it\n"


# --- the id -----------------------------------------------------------------------------------------------------------

GIVEN = "5f0c2f2e-8a5d-4c7b-9d0e-1b2c3d4e5f60"


@pytest.mark.parametrize(
    ("proxies", "given", "is_taken"),
    [
        (1, GIVEN, True),
        (0, GIVEN, False),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, f"{GIVEN}\nforged", False),
        (1, f"{GIVEN} {EMAIL}", False),
        (1, "é" * 20, False),
        (1, "", False),
    ],
)
def test_an_id_is_taken_from_a_trusted_proxy_if_it_is_well_formed(
    proxies: int, given: str, is_taken: bool, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", HTTP_X_REQUEST_ID=given)
    sent = answer_of(HttpResponse(), request)["X-Request-ID"]
    assert (sent == given) is is_taken
    assert is_taken or re.fullmatch(r"[0-9a-f]{32}", sent)


def test_two_requests_have_two_ids() -> None:
    assert answer_of(HttpResponse())["X-Request-ID"] != answer_of(HttpResponse())["X-Request-ID"]


# --- facts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "expected"), [("hit", "hit"), ("miss", "miss"), (None, "bypass")])
def test_what_the_page_cache_said_is_in_the_line_and_not_in_the_answer(
    said: str | None, expected: str, lines: Lines
) -> None:
    request = RequestFactory().get("/")
    if said is not None:
        vars(request)["page_cache"] = said
    response = answer_of(HttpResponse(), request)
    assert lines.requests()[0]["cache"] == expected
    assert "X-Cache" not in response.headers


def test_a_page_from_the_page_cache_has_its_route(lines: Lines) -> None:
    request = RequestFactory().get("/articles/some-slug/")
    vars(request)["page_cache"] = "hit"
    answer_of(HttpResponse(), request)
    assert lines.requests()[0]["route"] == resolve("/articles/some-slug/").route


@pytest.mark.parametrize(
    ("path", "expected"), [("/static/css/site.css", "static"), ("/anything/", "unmatched"), ("/", "unmatched")]
)
def test_what_no_address_matched_has_one_route(path: str, expected: str) -> None:
    assert request_log.route_of(RequestFactory().get(path)) == expected


def test_a_made_up_method_is_no_method_of_ours(lines: Lines) -> None:
    answer_of(HttpResponse(), RequestFactory().generic("BREW", "/"))
    assert lines.requests()[0]["method"] == "other"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (HttpResponse(b"twelve bytes"), 12),
        (StreamingHttpResponse([b"x"]), None),
        (StreamingHttpResponse([b"x"], headers={"Content-Length": "1"}), 1),
    ],
)
def test_the_size_is_told_where_it_is_known(response: HttpResponse, expected: int | None) -> None:
    assert request_log.size_of(response) == expected


def test_local_mode_writes_no_line_for_a_request() -> None:
    assert not logging.getLogger("newsroom.requests").isEnabledFor(logging.INFO)
