"""The funnel in admin: its numbers, its drawing, its CSV, and who sees it."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from articles.models import Article
from paywall.funnel_report import Asked, article_lines
from paywall.models import FunnelCount
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

REPORT = "/admin/paywall/funnelcount/"
TODAY = date(2026, 11, 23)


@pytest.fixture
def article() -> Article:
    """With counts of two days: 200 came, 50 saw the gate, 10 gave an address; 5 of the 200 from a search engine."""
    article = make.article(headline="The long strait", slug="long-strait")
    other = make.article(headline="Another", slug="another")
    rows = [
        (article, TODAY, "direct", "teaser_seen", 120),
        (article, date(2026, 11, 22), "direct", "teaser_seen", 75),
        (article, TODAY, "search", "teaser_seen", 5),
        (article, TODAY, "direct", "gate_seen", 50),
        (article, TODAY, "direct", "address_entered", 10),
        (other, date(2026, 9, 1), "mail", "teaser_seen", 98765),
        (None, TODAY, "direct", "paid", 1),
    ]
    for found, day, source, step, number in rows:
        FunnelCount.objects.create(article=found, day=day, source=source, step=step, number=number)
    return article


def report(client: Client, **asked: str) -> str:
    response = client.get(REPORT, asked)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def table(client: Client, **asked: str) -> list[list[str]]:
    response: Any = client.get(f"{REPORT}csv/", asked)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31"])
def test_a_day_that_nobody_can_mean_is_refused_in_words(superuser: Client, article: Article, day: str) -> None:
    for name in ("since", "until"):
        response = superuser.get(REPORT, {name: day})
        assert response.status_code == 400
        assert "Ensure this value is" in response.text


def test_only_the_steps_of_the_articles_that_are_shown_are_counted(
    superuser: Client, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paywall.funnel_report.MOST_ARTICLES", 1)
    asked = Asked(date(2026, 11, 1), TODAY)
    with CaptureQueriesContext(connection) as queries:
        (line,) = article_lines(asked)
    assert (line.label, line.numbers) == ("The long strait", [200, 50, 10, 0, 0, 0])
    assert f'"article_id" IN ({article.pk})' in queries[1]["sql"]
    FunnelCount.objects.filter(article=None).update(number=999)
    (line,) = article_lines(asked)
    assert (line.label, line.numbers) == ("", [0, 0, 0, 0, 0, 999])


def test_the_report_shows_each_step_and_its_share_of_the_step_before(superuser: Client, article: Article) -> None:
    page = report(superuser)
    assert '<td class="number">200</td> <td class="number">–</td>' in page
    assert '<td class="number">50</td> <td class="number">25.0 %</td>' in page
    assert '<td class="number">10</td> <td class="number">20.0 %</td>' in page
    assert "<title>2026-11-22: 75</title>" in page
    assert "98,765" not in page
    assert f'<a href="{article.get_absolute_url()}">The long strait</a>' in page
    assert "Page of the plans and others" in page


def test_it_can_be_narrowed_to_days_a_source_or_an_article(superuser: Client, article: Article) -> None:
    assert '<td class="number">5</td>' in report(superuser, source="search")
    assert '<td class="number">120</td> <td class="number">–</td>' not in report(superuser, source="search")
    assert '<td class="number">75</td> <td class="number">–</td>' in report(superuser, until="2026-11-22")
    september = report(superuser, since="2026-09-01", until="2026-09-30")
    assert '<td class="number">98,765</td>' in september
    assert "The long strait" not in september
    assert "Another" not in report(superuser, article="long-strait")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"since": "2026-11-23", "until": "2026-11-01"}, "The first day has to be before the last."),
        ({"since": "2001-01-01"}, "At most 366 days at once."),
        ({"article": "nowhere"}, "There is no article at this address."),
        ({"since": "soon"}, "Enter a valid date."),
        ({"source": "moon"}, "Select a valid choice."),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_in_words(
    superuser: Client, asked: dict[str, str], words: str
) -> None:
    for address in (REPORT, f"{REPORT}csv/"):
        response = superuser.get(address, asked)
        assert response.status_code == 400
        assert words in response.content.decode()


def test_the_csv_has_every_count_and_no_formula(superuser: Client, article: Article) -> None:
    Article.objects.filter(pk=article.pk).update(slug="-long-strait")
    rows = table(superuser)
    assert rows[0] == ["day", "article", "source", "step", "number"]
    assert ["2026-11-23", "'-long-strait", "direct", "gate_seen", "50"] in rows
    assert ["2026-11-23", "", "direct", "paid", "1"] in rows
    assert len(rows) == 7
    assert len(table(superuser, source="search")) == 2


@pytest.mark.usefixtures("article")
def test_staff_without_the_permission_and_readers_do_not_see_it(editor: Client, subscriber: Client) -> None:
    for address in (REPORT, f"{REPORT}csv/"):
        assert editor.get(address).status_code == 403
        assert subscriber.get(address).status_code in (302, 403)


def test_nothing_counted_is_said_in_words(superuser: Client) -> None:
    assert "Nothing was counted in these days." in report(superuser)
