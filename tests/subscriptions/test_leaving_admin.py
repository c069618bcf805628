"""What staff see of declarations and agreements: all but the code, and nothing that they could change."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts import own_codes
from subscriptions.models import Agreement, Declaration
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    user = make.user(is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    return make.logged_in(user)


def declaration(**fields: object) -> Declaration:
    return Declaration.objects.create(kind="cancel", email="reader@example.org", message="I move abroad.", **fields)


def test_what_was_never_confirmed_waits_for_staff_without_its_code(support: Client) -> None:
    seal = own_codes.seal("leaving", "x", "123456")
    row = declaration(code_seal=seal)
    listed = support.get("/admin/subscriptions/declaration/?state__exact=received").content.decode()
    assert "reader@example.org" in listed
    page = support.get(f"/admin/subscriptions/declaration/{row.pk}/change/").content.decode()
    assert "I move abroad." in page
    assert seal not in page


@pytest.mark.parametrize("term", ["reader@example.org", "number"])
def test_a_declaration_is_found_by_its_address_and_by_its_number(support: Client, term: str) -> None:
    row = declaration()
    for sought, is_found in ((str(row.pk) if term == "number" else term, True), ("else@example.org", False)):
        listed = support.get("/admin/subscriptions/declaration/", {"q": sought}).content.decode()
        assert (str(row.pk) in listed) is is_found


@pytest.mark.parametrize(("state", "after"), [("received", "settled"), ("confirmed", "settled"), ("done", "done")])
def test_what_was_done_by_hand_is_settled_and_written_down(support: Client, state: str, after: str) -> None:
    row = declaration(state=state, confirmed_at=timezone.now())
    form = {"action": "settle", "_selected_action": [str(row.pk)]}
    support.post("/admin/subscriptions/declaration/", form)
    row.refresh_from_db()
    assert row.state == after
    assert LogEntry.objects.count() == int(after != state)


def test_a_settled_declaration_is_not_confirmed_any_more(support: Client) -> None:
    row = declaration(user=make.user(), code_sent_at=timezone.now(), state="settled")
    seal = own_codes.seal("leaving", str(row.pk), "123456")
    Declaration.objects.filter(pk=row.pk).update(code_seal=seal)
    form = {"code": "123456"}
    assert Client().post(f"/cancel/{row.pk}/", form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 400


def test_agreements_are_looked_at_alone(support: Client) -> None:
    make.lead("reader@example.org")
    row = Agreement.objects.get()
    page = support.get(f"/admin/subscriptions/agreement/{row.pk}/change/")
    assert row.wording in page.content.decode()
    assert support.post(f"/admin/subscriptions/agreement/{row.pk}/change/", {"wording": "nothing"}).status_code == 403
    assert support.post(f"/admin/subscriptions/agreement/{row.pk}/delete/", {"post": "yes"}).status_code == 403
