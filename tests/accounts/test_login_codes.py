"""Logging in with a mailed code: what is asked, what is answered, and that nobody learns who has an account."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

DOORS = pytest.mark.parametrize("ask", [doors.ask_at_gate, doors.ask_at_login], ids=["gate", "login page"])
OWN = ("Expires", "X-Request-ID")  # of each answer, whoever asked
type Ask = Callable[..., HttpResponse]


def with_token_masked(response: HttpResponse) -> str:
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1…", response.content.decode())
    return re.sub(r"\breader-\w@example\.org", "…@example.org", text)


def observed(ask: Ask, email: str) -> list[Any]:
    """Whatever a stranger can see of asking for a code, of the page after it, and of three wrong codes."""
    client = Client()
    responses = [ask(client, email), client.get(doors.CONFIRM, {"next": doors.ARTICLE})]
    responses += [doors.type_code(client, doors.WRONG) for _ in range(3)]
    headers = [sorted((name, value) for name, value in response.items() if name not in OWN) for response in responses]
    cookies = sorted((name, morsel["max-age"], morsel["samesite"]) for name, morsel in client.cookies.items())
    return [[response.status_code for response in responses], headers, [*map(with_token_masked, responses)], cookies]


@pytest.mark.attack("A01")
@DOORS
def test_known_unknown_and_other_addresses_look_alike(ask: Ask) -> None:
    make.user("reader-a@example.org")
    make.user("reader-b@example.org", is_active=False)
    User.objects.create_user("reader-c@example.org")
    EmailAddress.objects.create(user=make.user("holder@example.org"), email="reader-d@example.org", verified=True)
    with time_machine.travel(timezone.now(), tick=False):
        known = observed(ask, "reader-a@example.org")
        assert observed(ask, "reader-b@example.org") == known, "switched off"
        assert observed(ask, "reader-c@example.org") == known, "never confirmed"
        assert observed(ask, "reader-d@example.org") == known, "another account's further address"
        assert observed(ask, "reader-e@example.org") == known, "unknown"


@pytest.mark.attack("A02")
@DOORS
@pytest.mark.parametrize(("kind", "mails"), [("known", 1), ("unknown", 1), ("unconfirmed", 1), ("inactive", 0)])
def test_one_mail_each_and_none_to_an_account_that_is_switched_off(ask: Ask, kind: str, mails: int) -> None:
    make.user("known@example.org")
    make.user("inactive@example.org", is_active=False)
    User.objects.create_user("unconfirmed@example.org")
    ask(Client(), f"{kind}@example.org")
    assert doors.queued_mails() == mails
    assert DBTaskResult.objects.count() == 1  # as much work for each
    make.run_tasks()
    assert [letter.to for letter in mail.outbox] == [[f"{kind}@example.org"]] * mails


@DOORS
def test_an_unknown_address_gets_an_account_that_its_owner_enters_with_the_code(ask: Ask, stranger: Client) -> None:
    ask(stranger, "New@Example.org")
    user = User.objects.get()
    assert user.email == "new@example.org"
    assert not user.has_usable_password()
    assert not EmailAddress.objects.get().verified
    assert not doors.is_logged_in(stranger)
    response = doors.type_code(stranger, doors.mailed_code("new@example.org"))
    assert (response.status_code, response["Location"]) == (302, doors.ARTICLE)
    assert doors.is_logged_in(stranger)
    address = EmailAddress.objects.get()
    assert (address.user, address.verified, address.primary) == (user, True, True)


def test_a_confirmed_further_address_opens_the_account_that_holds_it(stranger: Client) -> None:
    holder = make.user("holder@example.org")
    EmailAddress.objects.create(user=holder, email="secondary@example.org", verified=True)
    doors.ask_at_login(stranger, "secondary@example.org")
    doors.type_code(stranger, doors.mailed_code("secondary@example.org"))
    assert stranger.session["_auth_user_id"] == str(holder.pk)
    assert User.objects.count() == 1


def test_an_address_that_an_account_only_claims_does_not_open_that_account(stranger: Client) -> None:
    claimer = make.user("claimer@example.org")
    EmailAddress.objects.create(user=claimer, email="owner@example.org", verified=False)
    doors.ask_at_login(stranger, "owner@example.org")
    doors.type_code(stranger, doors.mailed_code("owner@example.org"))
    claimer.refresh_from_db()
    assert claimer.email == "claimer@example.org"
    assert stranger.session["_auth_user_id"] == str(User.objects.exclude(pk=claimer.pk).get().pk)


def test_spaces_and_dashes_in_a_code_do_no_harm(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    assert doors.type_code(stranger, f" {code[:3]}-{code[3:]} ").status_code == 302


def test_the_mail_names_the_site_and_tells_no_code_in_its_subject(stranger: Client, settings: Any) -> None:
    doors.ask_at_gate(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    (letter,) = mail.outbox
    assert code not in letter.subject
    assert settings.SITE_NAME in letter.subject
    assert letter.from_email == settings.DEFAULT_FROM_EMAIL
    assert settings.SITE_URL in letter.body
    assert "testserver" not in letter.body
    first, *others = [part.get_content_type() for part in letter.message().walk() if not part.is_multipart()]
    assert (first, others) == ("text/plain", ["text/html"])


@pytest.mark.parametrize("code", ["000000x", "", "12345", "x" * 5000, "１２３４５６", "'; --"])
def test_a_wrong_code_is_refused_in_words_and_the_way_on_is_kept(code: str, stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    response = doors.type_code(stranger, code)
    text = response.content.decode()
    assert response.status_code == 400
    assert 'aria-describedby="id_code_error"' in text
    assert 'id="id_code_error"' in text
    assert 'name="next" value="/articles/story/#continue"' in text
    assert not doors.is_logged_in(stranger)


def test_the_right_code_after_two_wrong_ones_still_leads_on(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    doors.type_code(stranger, doors.WRONG)
    doors.type_code(stranger, doors.WRONG)
    assert doors.type_code(stranger, code)["Location"] == doors.ARTICLE


@pytest.mark.attack("A05")
def test_after_three_wrong_codes_the_right_one_is_of_no_more_use(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    responses = [doors.type_code(stranger, doors.WRONG) for _ in range(3)]
    assert [response.status_code for response in responses] == [400, 400, 400]
    assert "/account/login/?next=%2Farticles%2Fstory%2F%23continue" in responses[-1].content.decode()
    late = doors.type_code(stranger, code)
    assert late.status_code == 400
    assert "Ask for another code" in late.content.decode()
    assert not doors.is_logged_in(stranger)


@pytest.mark.attack("A04")
def test_an_old_code_is_refused_in_words(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        page = stranger.get(doors.CONFIRM, {"next": doors.ARTICLE})
        assert page["Location"] == "/account/login/?next=%2Farticles%2Fstory%2F%23continue"
        response = doors.type_code(stranger, code)
    assert response.status_code == 400
    assert "/account/login/?next=%2Farticles%2Fstory%2F%23continue" in response.content.decode()


@pytest.mark.attack("A05")
def test_a_code_works_only_in_the_browser_that_asked(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    other = Client()
    before = Session.objects.count()
    assert doors.type_code(other, code).status_code == 400
    assert Session.objects.count() == before
    doors.ask_at_login(other, "other@example.org")
    assert doors.type_code(other, code).status_code == 400
    assert doors.type_code(stranger, code).status_code == 302


@pytest.mark.attack("A04")
def test_a_used_code_is_of_no_more_use(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    doors.type_code(stranger, code)
    stranger.post("/account/logout/")
    assert doors.type_code(stranger, code).status_code == 400
    assert not doors.is_logged_in(stranger)


def test_a_corrected_address_takes_the_place_of_the_first(stranger: Client) -> None:
    doors.ask_at_gate(stranger, "mistyped@example.org")
    page = stranger.get("/account/login/?next=/articles/story/")
    assert page.status_code == 200
    doors.ask_at_login(stranger, "reader@example.org")
    assert "reader@example.org" in stranger.get(doors.CONFIRM).content.decode()
    assert doors.type_code(stranger, doors.mailed_code("reader@example.org")).status_code == 302
    assert stranger.session["_auth_user_id"] == str(User.objects.get(email="reader@example.org").pk)


def test_another_code_takes_the_place_of_the_first_and_the_way_on_is_kept(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    first = doors.mailed_code("reader@example.org")
    response = stranger.post(doors.CONFIRM, {"action": "resend", "next": doors.ARTICLE})
    assert response["Location"] == f"{doors.CONFIRM}?next=%2Farticles%2Fstory%2F%23continue"
    assert doors.queued_mails() == 2
    second = doors.mailed_code("reader@example.org")
    if first != second:
        assert doors.type_code(stranger, first).status_code == 400
    assert doors.type_code(stranger, second)["Location"] == doors.ARTICLE


def test_a_page_left_open_for_a_pruned_account_is_answered_in_words(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    code = doors.mailed_code("reader@example.org")
    User.objects.all().delete()
    assert doors.type_code(stranger, code).status_code == 400


@pytest.mark.attack("A13")
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "http://testserver/x"]
)
def test_next_never_leads_elsewhere(target: str, stranger: Client) -> None:
    response = doors.ask_at_login(stranger, "reader@example.org", target)
    assert response["Location"] == doors.CONFIRM
    response = doors.type_code(stranger, doors.mailed_code("reader@example.org"), target)
    assert response["Location"] == "/account/"


@pytest.mark.parametrize("path", ["/account/signup/", "/account/login/code/"])
def test_allauths_further_doors_are_the_login_page(path: str, stranger: Client) -> None:
    page = stranger.get(f"{path}?next=/articles/story/", follow=True)
    assert page.status_code == 200
    assert 'name="login"' in page.content.decode()
    assert 'name="next" value="/articles/story/"' in page.content.decode()


@pytest.mark.attack("A01")
@pytest.mark.parametrize("path", ["/account/signup/", "/account/login/code/"])
def test_allauths_further_doors_tell_nothing_of_an_account(path: str) -> None:
    make.user("reader-a@example.org")
    seen = []
    for name in ("reader-a", "reader-b"):
        response = Client().post(path, {"email": f"{name}@example.org", "login": f"{name}@example.org"})
        seen.append((response.status_code, with_token_masked(response), response.get("Location"), doors.queued_mails()))
        DBTaskResult.objects.all().delete()
    assert seen[0] == seen[1]


@pytest.mark.parametrize("address", ["", "nobody", "a@example.org,b@example.org", "admın@example.org", "x" * 300])
def test_a_bad_address_at_the_login_page_is_refused_in_words_and_leaves_no_row(address: str, stranger: Client) -> None:
    response = doors.ask_at_login(stranger, address)
    text = response.content.decode()
    assert response.status_code == 400
    assert 'id="id_login_error"' in text
    assert re.search(r'<input[^>]*name="login"[^>]*aria-describedby="id_login_error"', text)
    assert (User.objects.count(), Session.objects.count(), doors.queued_mails()) == (0, 0, 0)


@pytest.mark.attack("A08")
def test_the_session_gets_another_key_at_login(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    before = stranger.session.session_key
    doors.type_code(stranger, doors.mailed_code("reader@example.org"))
    assert stranger.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_browser_that_only_asked_is_forgotten_sooner_than_one_that_logged_in(stranger: Client, settings: Any) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    assert stranger.cookies["sessionid"]["max-age"] == settings.ACCOUNT_LOGIN_TIMEOUT
    doors.type_code(stranger, doors.mailed_code("reader@example.org"))
    assert stranger.cookies["sessionid"]["max-age"] == settings.SESSION_COOKIE_AGE


@pytest.mark.parametrize(
    "headers", [{"X-User": "1"}, {"Remote-User": "known@example.org"}, {"Authorization": "Basic eDp5"}]
)
def test_a_claim_in_a_header_logs_nobody_in(headers: dict[str, str]) -> None:
    make.user("known@example.org")
    client = Client(headers=headers)
    client.cookies["subscriber"] = "1"
    client.cookies["sessionid"] = "known@example.org"
    assert not doors.is_logged_in(client)
