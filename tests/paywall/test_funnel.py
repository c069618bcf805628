"""The funnel: what is counted at which step, that nobody is known by it, and that it breaks nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from articles.models import Article
from paywall import funnel
from paywall.models import FunnelCount, Step
from subscriptions.models import Lead, Plan
from subscriptions.signals import checkout_started, lead_captured, lead_confirmed, payment_received
from subscriptions.sources import Source, from_where
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def tell(client: Client, article: Article, headers: dict[str, str] | None = None, /, **fields: str) -> Any:
    form = {"step": "gate_seen", "article": article.slug, "came_from": "www.google.com", **fields}
    return client.post("/access/seen/", form, headers=SAME_ORIGIN if headers is None else headers)


def counted() -> list[tuple[int | None, str, str, int]]:
    rows = FunnelCount.objects.order_by("pk")
    return list(rows.values_list("article_id", "step", "source", "number"))


def test_a_gate_that_was_seen_is_counted_by_article_day_and_source(stranger: Client) -> None:
    article = make.article()
    for _ in range(2):
        response = tell(stranger, article)
    tell(stranger, article, step="teaser_seen", came_from="direct")
    assert (response.status_code, response.content) == (204, b"")
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    assert counted() == [(article.pk, "gate_seen", "search", 2), (article.pk, "teaser_seen", "direct", 1)]
    assert FunnelCount.objects.values_list("day", flat=True).distinct().get() == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"step": "paid"}, SAME_ORIGIN),
        ({"step": "address_entered"}, SAME_ORIGIN),
        ({"step": ""}, SAME_ORIGIN),
        ({"article": "no-such-article"}, SAME_ORIGIN),
        ({"article": "a\x00b"}, SAME_ORIGIN),
        ({"article": "a" * 5000}, SAME_ORIGIN),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {}),
    ],
)
def test_what_no_page_of_ours_tells_is_answered_alike_and_not_counted(
    stranger: Client, fields: dict[str, str], headers: dict[str, str]
) -> None:
    article = make.article()
    assert tell(stranger, article, headers, **fields).status_code == 204
    assert counted() == []
    assert tell(stranger, article).status_code == 204
    assert len(counted()) == 1


def test_a_draft_is_not_counted(stranger: Client) -> None:
    assert tell(stranger, make.article(status="draft")).status_code == 204
    assert counted() == []


def test_the_withheld_page_tells_of_itself_and_the_granted_one_does_not(stranger: Client, subscriber: Client) -> None:
    article = make.article()
    withheld = stranger.get(article.get_absolute_url()).content.decode()
    assert f'data-seen="/access/seen/" data-article="{article.slug}"' in withheld
    assert "data-seen" not in subscriber.get(article.get_absolute_url()).content.decode()


def test_staff_who_read_as_a_stranger_and_previews_are_not_counted(superuser: Client) -> None:
    article = make.article()
    preview = superuser.get(f"/admin/articles/article/{article.pk}/preview/stranger/").content.decode()
    assert 'class="gate"' in preview
    assert "data-seen" not in preview
    superuser.post("/admin/read-as/", {"chosen": "stranger"})
    page = superuser.get(article.get_absolute_url()).content.decode()
    assert 'class="gate"' in page
    assert "data-seen" not in page


@pytest.mark.parametrize(
    ("told", "source"),
    [
        ("", Source.UNKNOWN),
        ("direct", Source.DIRECT),
        ("mail", Source.MAIL),
        ("mail.google.com", Source.MAIL),
        ("www.google.co.uk", Source.SEARCH),
        ("duckduckgo.com", Source.SEARCH),
        ("t.co", Source.SOCIAL),
        ("m.facebook.com", Source.SOCIAL),
        ("notfacebook.com", Source.OTHER),
        ("example.org", Source.OTHER),
        ("google", Source.OTHER),
        ("testserver", Source.SITE),
        ("www.testserver", Source.SITE),
        ("x" * 5000, Source.OTHER),
    ],
)
def test_where_a_reader_came_from_is_a_class_and_no_address(settings: Any, told: str, source: Source) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    assert from_where(told) is source


@pytest.mark.django_db(transaction=True)
def test_an_address_its_confirmation_a_checkout_and_a_payment_are_counted(stranger: Client) -> None:
    article = make.article()
    form = {"email": "new@example.org", "plan": "free", "next": f"{article.get_absolute_url()}#continue"}
    stranger.post("/subscribe/start/", {**form, "came_from": "t.co"}, headers=SAME_ORIGIN)
    lead = Lead.objects.get()
    assert lead.source == "social"
    lead_confirmed.send(Lead, lead=lead)

    class Attempt:
        pass

    attempt = Attempt()
    attempt.lead = lead  # type: ignore[attr-defined]
    checkout_started.send(Attempt, attempt=attempt)
    payment_received.send(Attempt, attempt=attempt)
    steps = ["address_entered", "confirmed", "checkout_started", "paid"]
    assert counted() == [(article.pk, step, "social", 1) for step in steps]


def test_a_lead_from_the_page_of_the_plans_is_counted_without_an_article_once_a_day() -> None:
    plan = Plan.objects.get(key="free")
    lead = Lead.objects.create(email="a@example.org", plan=plan, consent_wording="x", consent_version="1")
    for _ in range(2):
        lead_captured.send(Lead, lead=lead)
    assert counted() == [(None, "address_entered", "unknown", 2)]


def test_the_form_that_was_refused_keeps_where_its_reader_came_from(stranger: Client) -> None:
    form = {"email": "", "plan": "free", "next": "/", "came_from": 'bing.com"><b>'}
    page = stranger.post("/subscribe/start/", form, headers=SAME_ORIGIN)
    assert page.status_code == 400
    assert 'name="came_from" value="bing.com&quot;&gt;&lt;b&gt;"' in page.content.decode()


def test_a_count_that_fails_breaks_neither_a_page_nor_a_joining(
    stranger: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    article = make.article()
    monkeypatch.setattr(funnel, "ADD", "SELECT no_such_column FROM paywall_funnelcount WHERE %s = %s AND %s = %s")
    assert tell(stranger, article).status_code == 204
    assert "a step of the funnel was not counted" in caplog.text
    assert Article.objects.count() == 1  # the transaction around it goes on
    monkeypatch.setattr(funnel, "article_at", lambda _path: (_ for _ in ()).throw(DatabaseError("away")))
    form = {"email": "new@example.org", "plan": "free", "next": "/"}
    assert stranger.post("/subscribe/start/", form, headers=SAME_ORIGIN).status_code in (302, 303)
    assert Lead.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_all_counted() -> None:
    article = make.article()

    def count_in_thread(_number: int) -> None:
        try:
            funnel.count(Step.GATE_SEEN, article.pk, Source.DIRECT)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count_in_thread, range(40)))
    assert counted() == [(article.pk, "gate_seen", "direct", 40)]


def test_the_day_is_that_of_the_publication(settings: Any, stranger: Client) -> None:
    article = make.article(published_at=datetime(2026, 1, 1, tzinfo=UTC))
    with time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False), timezone.override("Pacific/Auckland"):
        funnel.count(Step.GATE_SEEN, article.pk, Source.DIRECT)
    assert FunnelCount.objects.get().day == date(2026, 12, 1)


def test_old_counts_are_forgotten() -> None:
    today = timezone.localdate()
    for age in (0, 1094, 1096):
        FunnelCount.objects.create(day=today - timedelta(days=age), source="direct", step="paid", number=1)
    assert funnel.prune() == 1
    assert FunnelCount.objects.count() == 2
