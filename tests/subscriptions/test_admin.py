"""Plans, leads and grants in admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.entitlements import entitlement_of
from subscriptions.models import Grant, Lead, Plan
from tests import make
from tests.articles.admin_forms import moment

WHY = "The author has left."

pytestmark = pytest.mark.django_db

GRANTS, LEADS, PLANS = (f"/admin/subscriptions/{name}/" for name in ("grant", "lead", "plan"))


def give(client: Client, user: User, **fields: Any) -> Any:
    sent = {
        "user": user.pk,
        "scope": "library",
        "reason": "Author",
        **moment("starts_at", timezone.now()),
        **moment("ends_at", None),
    }
    return client.post(f"{GRANTS}add/", sent | fields)


def plan_fields(**fields: Any) -> dict[str, Any]:
    made = {
        "name": "Weekly",
        "key": "weekly",
        "kind": "recurring",
        "amount_minor": "900",
        "currency": "USD",
        "interval": "month",
        "trial_days": "0",
        "least_seats": "2",
        "most_seats": "50",
        "pass_hours": "24",
        "gift_months": "12",
        "amounts-TOTAL_FORMS": "0",
        "amounts-INITIAL_FORMS": "0",
    }
    return {**made, "description": "", "button": "Subscribe", "small_print": "", "position": "9", **fields}


def has_library(user: User) -> bool:
    return entitlement_of(user.pk, timezone.now()).has_library


def test_a_grant_is_given_with_its_reason_and_names_its_giver(superuser: Client) -> None:
    user = make.user()
    assert give(superuser, user).status_code == 302
    grant = Grant.objects.get()
    assert (grant.given_by, grant.source, grant.reason) == (
        User.objects.get(email="root@example.org"),
        "staff",
        "Author",
    )
    assert has_library(user)


def test_a_grant_without_a_reason_or_with_an_early_end_is_refused(superuser: Client) -> None:
    yesterday = moment("ends_at", timezone.now() - timedelta(days=1))
    for fields, field in (({"reason": ""}, "reason"), (yesterday, "ends_at")):
        response = give(superuser, make.user(), **fields)
        assert set(response.context["adminform"].form.errors) == {field}
    assert not Grant.objects.exists()


@pytest.mark.parametrize("why", ["", "  "])
def test_a_grant_is_not_revoked_without_a_reason(superuser: Client, why: str) -> None:
    grant = make.grant(make.user())
    answer = superuser.post(GRANTS, {"action": "revoke", "why": why, "_selected_action": [grant.pk]}, follow=True)
    assert "Say why: nothing was revoked." in answer.content.decode()
    grant.refresh_from_db()
    assert grant.revoked_at is None


@pytest.mark.parametrize("from_its_page", [True, False])
def test_a_revoked_grant_opens_nothing_and_is_kept(superuser: Client, from_its_page: bool) -> None:
    user = make.user()
    grant = make.grant(user)
    chosen = {"_selected_action": [grant.pk]}
    if from_its_page:
        superuser.post(
            f"{GRANTS}{grant.pk}/change/", {"CHANGE_FORM-action": "revoke", "CHANGE_FORM-why": WHY, **chosen}
        )
    else:
        superuser.post(GRANTS, {"action": "revoke", "why": WHY, **chosen})
    grant.refresh_from_db()
    assert grant.revoked_at is not None
    assert (grant.revoked_reason, grant.revoked_by) == (WHY, User.objects.get(email="root@example.org"))
    assert not has_library(user)
    assert LogEntry.objects.get(object_id=str(grant.pk)).get_change_message() == "Revoked."
    assert "revoked" in superuser.get(GRANTS).content.decode()


def test_a_grant_is_not_given_to_somebody_else_afterwards_nor_deleted(superuser: Client) -> None:
    owner, other = make.user(), make.user()
    grant = make.grant(owner, reason="Author")
    sent = {
        "user": other.pk,
        "scope": "article:x",
        "reason": "Author, still",
        **moment("ends_at", timezone.now() + timedelta(days=5)),
    }
    assert superuser.post(f"{GRANTS}{grant.pk}/change/", sent).status_code == 302
    grant.refresh_from_db()
    assert (grant.user, grant.scope, grant.reason) == (owner, "library", "Author, still")
    assert superuser.post(f"{GRANTS}{grant.pk}/delete/", {"post": "yes"}).status_code == 403


def test_leads_are_looked_at_and_found_by_their_whole_address(superuser: Client) -> None:
    lead = Lead.objects.create(
        email="someone@example.org", plan=Plan.objects.first(), consent_wording="Yes", consent_version="1"
    )
    assert list(superuser.get(f"{LEADS}?q=Someone@example.org").context["cl"].result_list) == [lead]
    assert list(superuser.get(f"{LEADS}?q=someone").context["cl"].result_list) == []
    assert superuser.get(f"{LEADS}add/").status_code == 403
    assert superuser.post(f"{LEADS}{lead.pk}/change/", {"email": "else@example.org"}).status_code == 403
    assert superuser.post(f"{LEADS}{lead.pk}/delete/", {"post": "yes"}).status_code == 403


def test_plans_are_ordered_and_worded(superuser: Client) -> None:
    plans = list(Plan.objects.all())
    rows: dict[str, Any] = {"form-TOTAL_FORMS": str(len(plans)), "form-INITIAL_FORMS": str(len(plans)), "_save": "x"}
    for index, plan in enumerate(plans):
        rows |= {
            f"form-{index}-id": plan.pk,
            f"form-{index}-position": str(10 - index),
            f"form-{index}-is_offered": "on",
        }
    assert superuser.post(PLANS, rows).status_code == 302
    assert list(Plan.objects.offered()) == plans[::-1]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "registration"}, "amount_minor"),
        ({"kind": "recurring", "interval": ""}, "interval"),
        ({"currency": "usd"}, "currency"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_words(superuser: Client, fields: dict[str, str], field: str) -> None:
    response = superuser.post(f"{PLANS}add/", plan_fields(**fields))
    assert set(response.context["adminform"].form.errors) == {field}
    assert superuser.post(f"{PLANS}add/", plan_fields()).status_code == 302
