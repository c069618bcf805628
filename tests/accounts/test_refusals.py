"""What the login page and the page of the code answer to requests that no browser of a reader makes."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.accounts import doors

pytestmark = pytest.mark.django_db

TOO_LARGE = "x" * 3_000_000  # bytes; a reader may send a million


@pytest.fixture(params=[False, True], ids=["nothing pending", "code on its way"])
def browser(request: pytest.FixtureRequest, stranger: Client) -> Client:
    if request.param:
        doors.ask_at_login(stranger, "reader@example.org")
    return stranger


@pytest.mark.parametrize("path", [doors.LOGIN, doors.CONFIRM])
@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_are_refused_in_words_and_leave_no_row(method: str, path: str, browser: Client) -> None:
    before = doors.row_counts()
    response: HttpResponse = getattr(browser, method)(path)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST"
    assert response["Cache-Control"] == "private, no-store"
    assert "cannot be opened directly" in response.content.decode()
    assert doors.row_counts() == before


@pytest.mark.parametrize(("path", "field"), [(doors.LOGIN, "login"), (doors.CONFIRM, "code")])
def test_an_oversized_body_is_refused_in_words_and_leaves_no_row(path: str, field: str, browser: Client) -> None:
    browser.get(doors.LOGIN)  # for the cookie: without it the body is not even looked through for the token
    browser.handler.enforce_csrf_checks = True
    before = doors.row_counts()
    response = browser.post(path, f"{field}={TOO_LARGE}", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert response["Cache-Control"] == "private, no-store"
    assert "more than we can take at once" in response.content.decode()
    assert doors.row_counts() == before
