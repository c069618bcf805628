"""The POST of the gate: who may send it, what it stores, and what it answers to bad input."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from subscriptions.models import Lead, Plan
from subscriptions.signals import lead_captured, lead_confirmed
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def join(client: Client, headers: dict[str, str] | None = None, **fields: Any) -> HttpResponse:
    form = {"email": "new@example.org", "plan": "free", "next": "/articles/story/#continue", **fields}
    return client.post("/subscribe/start/", form, headers=SAME_ORIGIN if headers is None else headers)


def test_the_free_option_keeps_the_address_and_asks_for_the_code(stranger: Client) -> None:
    response = join(stranger)
    assert response.status_code in (302, 303)
    assert response["Location"].startswith("/account/login/code/confirm/?next=")
    lead = Lead.objects.get()
    assert (lead.email, lead.plan.key, lead.source_path, lead.confirmed_at) == (
        "new@example.org",
        "free",
        "/articles/story/",
        None,
    )
    assert lead.consent_wording
    assert lead.consent_version


def test_every_page_with_a_gate_has_one_field_and_three_options(stranger: Client) -> None:
    article = make.article()
    for url in (article.get_absolute_url(), "/subscribe/"):
        text = stranger.get(url).content.decode()
        form = text[text.index('action="/subscribe/start/"') :]
        assert form.count('name="email"') == 1
        assert form.count('name="plan"') == 3


def test_editors_order_and_word_the_options(stranger: Client) -> None:
    Plan.objects.filter(key="monthly").update(
        position=0, name="Month by month", button="By the month", amount_minor=1250, currency="EUR"
    )
    text = stranger.get("/subscribe/").content.decode()
    assert text.index("Month by month") < text.index("Read free") < text.index("Annual")
    assert "By the month" in text
    assert "€12.50" in text


def test_what_the_annual_plan_saves_is_computed(stranger: Client) -> None:
    assert "Saves $19 a year" in stranger.get("/subscribe/").content.decode()
    Plan.objects.filter(key="monthly").update(amount_minor=700)
    assert "Saves" not in stranger.get("/subscribe/").content.decode()


@pytest.mark.parametrize("plan", ["annual", "monthly"])
def test_a_paid_option_answers_in_words_and_keeps_the_way_back(plan: str, stranger: Client) -> None:
    response = join(stranger, plan=plan)
    assert response.status_code == 200
    assert "not available yet" in response.content.decode()
    assert "/articles/story/#continue" in response.content.decode()
    assert User.objects.count() == 0
    lead = Lead.objects.get()
    assert (lead.email, lead.plan.key, lead.confirmed_at) == ("new@example.org", plan, None)


BAD_ADDRESSES = [
    "",
    "nobody",
    "nobody@",
    "@example.org",
    "a@b@example.org",
    "a@example.org,b@example.org",
    "a@example.org;b@example.org",
    "a@example.org b@example.org",
    '"q" <a@example.org>',
    "a@example.org\nBcc: x@evil.example",
    "a@example.org\r\nBcc: x@evil.example",
    "a@example.org\x00",
    "x" * 300 + "@example.org",
    "Ａｄｍｉｎ@example.org",
    "admın@example.org",
    "<script>@example.org",
    "a@" + "b" * 250 + ".org",
    "a@-example.org",
    "a@localhost",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_bad_address_is_refused_in_words_and_leaves_no_row(address: str, stranger: Client) -> None:
    before = doors.row_counts()
    response = join(stranger, email=address)
    assert response.status_code == 400
    assert 'id="gate-email-error"' in response.content.decode()
    assert "<script>@" not in response.content.decode()
    assert doors.row_counts() == before


@pytest.mark.parametrize("plan", ["", "gold", "free ", "FREE", "price_123", "x" * 5000, "free\x00"])
def test_an_unknown_option_is_refused_in_words_and_leaves_no_row(plan: str, stranger: Client) -> None:
    before = doors.row_counts()
    response = join(stranger, plan=plan)
    assert response.status_code == 400
    assert "Please choose one of the options." in response.content.decode()
    assert 'value="new@example.org"' in response.content.decode()
    assert doors.row_counts() == before


def test_an_option_that_is_no_longer_offered_is_refused(stranger: Client) -> None:
    Plan.objects.filter(key="free").update(is_offered=False)
    assert join(stranger).status_code == 400


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%0d%0aLocation:https://evil.example\r\n",
    "/\tevil",
    " /articles/",
    "articles/story/",
    "http://testserver/",
    "https://testserver@evil.example/",
    "/" + "x" * 5000,
]


@pytest.mark.attack("A13")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_next_that_leads_elsewhere_is_refused_and_leaves_no_row(target: str, stranger: Client) -> None:
    before = doors.row_counts()
    response = join(stranger, next=target)
    assert response.status_code == 400
    assert "evil.example" not in response.content.decode()
    assert doors.row_counts() == before


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Referer": "http://testserver/"},
    {"Origin": "http://testserver.evil.example"},
]


@pytest.mark.attack("A14")
@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_from_elsewhere_is_refused_and_leaves_no_row(headers: dict[str, str], stranger: Client) -> None:
    before = doors.row_counts()
    response = join(stranger, headers=headers)
    assert response.status_code == 403
    assert "not sent from our own pages" in response.content.decode()
    assert doors.row_counts() == before


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}])
def test_a_form_of_our_own_pages_is_taken(headers: dict[str, str], stranger: Client) -> None:
    assert join(stranger, headers=headers).status_code in (302, 303)
    assert Lead.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_other_methods_are_refused(method: str, stranger: Client) -> None:
    response = getattr(stranger, method)("/subscribe/start/", headers=SAME_ORIGIN)
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    if method != "head":
        assert "cannot be opened directly" in response.content.decode()


def test_an_oversized_body_is_refused_and_leaves_no_row(stranger: Client) -> None:
    before = doors.row_counts()
    response = stranger.post(
        "/subscribe/start/",
        "email=" + "x" * 3_000_000,
        content_type="application/x-www-form-urlencoded",
        headers=SAME_ORIGIN,
    )
    assert response.status_code == 413
    assert "more than we can take at once" in response.content.decode()
    assert doors.row_counts() == before


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-99",
    ],
)
def test_a_body_of_another_kind_is_refused_without_a_fault(content_type: str, stranger: Client) -> None:
    before = doors.row_counts()
    response = stranger.generic("POST", "/subscribe/start/", b"\xff\xfe{}[", content_type, headers=SAME_ORIGIN)
    assert 400 <= response.status_code < 500
    assert doors.row_counts() == before


def test_a_confirmed_reader_owns_the_lead(stranger: Client) -> None:
    join(stranger)
    response = doors.type_code(stranger, doors.mailed_code("new@example.org"))
    assert response["Location"] == "/articles/story/#continue"
    lead = Lead.objects.get()
    assert lead.confirmed_at is not None
    assert lead.user == User.objects.get(email="new@example.org")


def test_a_lead_with_a_further_address_of_an_account_is_its_owners(stranger: Client) -> None:
    owner = make.user("owner@example.org")
    EmailAddress.objects.create(user=owner, email="further@example.org", verified=True)
    join(stranger, email="further@example.org")
    join(Client(), email=owner.email)
    doors.type_code(stranger, doors.mailed_code("further@example.org"))
    confirmed = Lead.objects.filter(confirmed_at__isnull=False)
    assert [(lead.email, lead.user) for lead in confirmed] == [("further@example.org", owner)]


def test_the_apps_above_hear_of_a_lead_once_it_is_committed(
    stranger: Client, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[str, bool]] = []

    def listen(lead: Lead, **_kwargs: object) -> None:
        heard.append((lead.email, lead.confirmed_at is not None))

    lead_captured.connect(listen)
    lead_confirmed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            join(stranger)
            assert heard == []
        assert heard == [("new@example.org", False)]
        with django_capture_on_commit_callbacks(execute=True):
            doors.type_code(stranger, doors.mailed_code("new@example.org"))
            assert len(heard) == 1
    finally:
        lead_captured.disconnect(listen)
        lead_confirmed.disconnect(listen)
    assert heard == [("new@example.org", False), ("new@example.org", True)]


def test_a_reader_who_is_logged_in_goes_straight_on(registered: Client) -> None:
    response = join(registered, email="somebody-else@example.org")
    assert response["Location"] == "/articles/story/#continue"
    assert not User.objects.filter(email="somebody-else@example.org").exists()
    assert Lead.objects.get().email == "registered@example.org"


def test_what_a_registered_reader_has_is_not_offered_in_small_print(stranger: Client, registered: Client) -> None:
    assert "Nothing to cancel." in stranger.get("/subscribe/").content.decode()
    page = registered.get("/subscribe/").content.decode()
    assert "This is what you have" in page
    assert "Nothing to cancel." not in page
    assert "Cancel online at any time." in page


def test_a_refused_form_still_shows_what_was_typed_and_chosen(stranger: Client) -> None:
    answer = join(stranger, email="ruth@example", plan="annual")
    text = answer.content.decode()
    assert 'value="ruth@example"' in text
    before, _mark, after = text.partition("Your choice")
    assert before.rstrip().endswith('Annual <span class="option__chosen">')
    assert "Your choice" not in after
    assert "Your choice" not in join(stranger, email="ruth@example", plan="no-such").content.decode()
