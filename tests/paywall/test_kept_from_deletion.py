"""What may not be deleted because who may read would change with it, and how staff are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone

from articles.models import Section
from paywall.models import ArticleTerms, Opening
from subscriptions.models import Plan, PlanPrice
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return make.logged_in(make.user("boss@example.org", is_staff=True, is_superuser=True))


@pytest.fixture
def named() -> Plan:
    """The only plan that an article asks for."""
    plan = Plan.objects.create(key="maritime", name="Maritime", kind="recurring", amount_minor=900, interval="month")
    ArticleTerms.objects.create(article=make.article(headline="Cranes of the quay")).plans.add(plan)
    return plan


def test_a_plan_that_an_article_needs_is_not_deleted(named: Plan) -> None:
    with pytest.raises(ProtectedError), transaction.atomic():
        named.delete()
    with pytest.raises(ProtectedError), transaction.atomic():
        Plan.objects.filter(pk=named.pk).delete()
    by_sql = "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM subscriptions_plan WHERE key = 'maritime'"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(by_sql)
    assert list(ArticleTerms.objects.get().plans.all()) == [named]


def test_staff_are_told_which_articles_need_it(staff: Client, named: Plan) -> None:
    address = f"/admin/subscriptions/plan/{named.pk}/delete/"
    for page in (staff.get(address), staff.post(address, {"post": "yes"})):
        assert "The terms of articles name Maritime: “Cranes of the quay”." in page.text
    chosen = {"action": "delete_selected", "_selected_action": [named.pk], "post": "yes"}
    assert "Cranes of the quay" in staff.post("/admin/subscriptions/plan/", chosen).text
    assert Plan.objects.filter(pk=named.pk).exists()


def test_a_plan_that_no_article_names_any_more_is_deleted(staff: Client, named: Plan) -> None:
    ArticleTerms.objects.get().plans.clear()
    PlanPrice.objects.filter(plan=named).delete()
    assert staff.post(f"/admin/subscriptions/plan/{named.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Plan.objects.filter(pk=named.pk).exists()


def test_a_section_that_was_open_is_deleted_after_its_openings(staff: Client) -> None:
    now = timezone.now()
    section = make.section("Ports")
    times = {"over": (-2, -1), "running": (-1, 1), "planned": (1, 2)}
    openings = {
        name: Opening.objects.create(
            section=section, starts_at=now + timedelta(days=begins), ends_at=now + timedelta(days=ends)
        )
        for name, (begins, ends) in times.items()
    }
    address = f"/admin/articles/section/{section.pk}/delete/"
    page = staff.post(address, {"post": "yes"}).text
    assert "Ports is or was opened to everybody:" in page
    assert page.count(" – ") >= 3
    for name, opening in openings.items():
        if name == "running":
            assert staff.post(f"/admin/paywall/opening/{opening.pk}/delete/", {"post": "yes"}).status_code == 403
            staff.post(f"/admin/paywall/opening/{opening.pk}/close/")
        assert staff.post(f"/admin/paywall/opening/{opening.pk}/delete/", {"post": "yes"}).status_code == 302
    assert staff.post(address, {"post": "yes"}).status_code == 302
    assert not Section.objects.filter(pk=section.pk).exists()
