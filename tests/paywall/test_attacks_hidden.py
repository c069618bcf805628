"""What is tried at articles that are not out, and at what lies behind the site: guessing, waiting, old versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from articles.models import Article
from tests import make
from tests.paywall import surfaces
from tests.paywall.closed import Closed, closed_article, text_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def noon() -> Any:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def closed(noon: Any) -> Closed:
    return closed_article()


def hidden(word: str, **state: Any) -> Article:
    filed: dict[str, Any] = {"section": make.section(), "topics": [make.topic()], "authors": [make.author()]}
    body = make.OPENING + f"<p>It says {word} and more.</p>" * 12
    return make.article(headline=f"{word} headline", slug=f"{word}-slug", tier="free", body=body, **filed | state)


def everywhere() -> list[str]:
    return [*map(reverse, surfaces.FIXED), *surfaces.list_pages(), *surfaces.searches(["headline", "story"])]


STATES: dict[str, dict[str, Any]] = {
    "draft": {"status": "draft"},
    "scheduled": {"published_at": NOON + timedelta(minutes=5)},
    "withdrawn": {"status": "withdrawn"},
}


@pytest.mark.attack("L15")
@pytest.mark.parametrize("state", STATES)
def test_no_list_and_no_related_article_names_what_is_not_out(state: str, closed: Closed) -> None:
    """The word of one that is out, in the same lists, is found in most of them."""
    hidden("hiddenword", **STATES[state])
    hidden("shownword")
    named = 0
    for who, client in closed.everybody():
        for path in [*everywhere(), closed.path]:
            page = text_of(client.get(path))
            assert "hiddenword" not in page, (who, path)
            named += "shownword" in page
    assert named > 40


@pytest.mark.attack("L15")
def test_nothing_completes_what_is_typed(closed: Closed) -> None:
    for path in ("/search/suggest/?q={}", "/autocomplete/?q={}", "/search/?q={}&format=json", "/search.json?q={}"):
        answer = closed.refused["stranger"].get(path.format(closed.word[:6]))
        assert closed.word not in text_of(answer)
    closed.assert_read_by_the_subscriber_alone()


@pytest.mark.attack("L27")
def test_a_scheduled_article_is_nowhere_until_its_second_and_then_everywhere(noon: Any) -> None:
    article = hidden("embargoword", published_at=NOON + 5 * SECOND)
    client = Client()
    paths = [
        article.get_absolute_url(),
        "/",
        "/sections/security/",
        "/feeds/latest.xml",
        "/feeds/latest.json",
        "/sitemap-news.xml",
    ]
    for tenths in range(0, 50, 7):
        noon.move_to(NOON + timedelta(seconds=tenths / 10))
        for path in paths:
            assert "embargoword" not in text_of(client.get(path)), (tenths, path)
    noon.move_to(NOON + 5 * SECOND)
    for path in paths:
        assert "embargoword" in text_of(client.get(path)), path


@pytest.mark.attack("L27")
def test_a_zone_or_a_date_of_the_clients_moves_no_embargo(noon: Any) -> None:
    article = hidden("embargoword", published_at=NOON + timedelta(hours=1))
    for headers in (
        {"Date": "Tue, 24 Nov 2026 12:00:00 GMT"},
        {"X-Timezone": "Pacific/Auckland", "Time-Zone": "Pacific/Auckland"},
        {"If-Modified-Since": "Tue, 24 Nov 2026 12:00:00 GMT"},
        {"Cookie": "timezone=Pacific/Auckland; tz=+14"},
    ):
        assert Client().get(article.get_absolute_url(), headers=headers).status_code == 404
    noon.move_to(NOON + timedelta(hours=1))
    assert Client().get(article.get_absolute_url()).status_code == 200


@pytest.mark.attack("L28")
@pytest.mark.parametrize("state", STATES)
def test_a_preview_is_for_staff_alone_and_is_kept_nowhere(state: str, closed: Closed, editor: Client) -> None:
    """There is no link that could be passed on: the address opens by the editor's own session."""
    article = hidden("previewword", **STATES[state])
    for kind in ("stranger", "subscriber"):
        path = reverse(f"admin:articles_article_preview_{kind}", args=[article.pk])
        for who, client in closed.everybody():
            answer = client.get(path)
            assert answer.status_code in (302, 403), who
            assert "previewword" not in text_of(answer)
        shown = editor.get(path)
        assert shown.status_code == 200
        assert "previewword headline" in text_of(shown)
        assert shown["Cache-Control"] == "private, no-store"
        assert "noindex" in shown["X-Robots-Tag"]
        assert shown["Referrer-Policy"] in ("same-origin", "no-referrer")


@pytest.mark.attack("L28")
def test_nobody_guesses_an_address_of_a_preview(closed: Closed) -> None:
    article = hidden("previewword", status="draft")
    for pattern in ["/p/{uuid}/", "/preview/{uuid}/", "/articles/{slug}/?preview=1", "/articles/{uuid}/"]:
        path = pattern.format(uuid=article.public_id, slug=article.slug)
        for _who, client in closed.everybody():
            answer = client.get(path)
            assert answer.status_code == 404
            assert "previewword headline" not in text_of(answer)


@pytest.mark.attack("L30")
@pytest.mark.parametrize("state", STATES)
def test_sitemaps_and_robots_name_what_is_out_alone(state: str, closed: Closed) -> None:
    hidden("hiddenword", **STATES[state])
    names = ["2026-11", "pages", "archive", "sections", "topics", "authors", "series"]
    parts = [reverse("articles:sitemap-part", args=[name]) for name in names]
    found = ""
    for path in ["/sitemap.xml", "/sitemap-news.xml", "/robots.txt", *parts]:
        for _who, client in closed.everybody():
            page = text_of(client.get(path))
            assert "hiddenword" not in page, path
            assert closed.word not in page, path
            found += page
    assert closed.path in found


@pytest.mark.attack("L31")
def test_former_versions_are_nowhere_and_their_history_is_for_staff(closed: Closed, editor: Client) -> None:
    for pattern in [
        "/articles/{slug}/revisions/",
        "/articles/{slug}/revisions/1/",
        "/articles/{slug}/history/",
        "/articles/{slug}/diff/1/2/",
        "/articles/{slug}/?version=1",
        "/articles/{slug}/?revision=1",
        "/admin/articles/article/{id}/history/",
        "/admin/articles/article/{id}/change/",
    ]:
        path = pattern.format(slug=closed.article.slug, id=closed.article.pk)
        for who, client in closed.refused.items():
            answer = client.get(path)
            assert answer.status_code in (302, 403, 404) or 'data-access="withheld"' in text_of(answer), who
            assert closed.word not in text_of(answer), who
        assert closed.word in text_of(editor.get(f"/admin/articles/article/{closed.article.pk}/change/"))


BEHIND = [
    "/.git/config",
    "/.git/HEAD",
    "/.env",
    "/.env.example",
    "/backup.sql",
    "/dump.sql.gz",
    "/db.sqlite3",
    "/settings.py",
    "/manage.py",
    "/docker-compose.yml",
    "/package.json",
    "/metrics",
    "/debug/",
    "/__debug__/",
    "/server-status",
    "/phpinfo.php",
    "/static/js/main.js.map",
    "/static/../newsroom/settings.py",
    "/media/../newsroom/settings.py",
    "/.well-known/openid-configuration",
]


@pytest.mark.attack("L35")
def test_nothing_behind_the_site_can_be_fetched(closed: Closed) -> None:
    for path in BEHIND:
        answer = closed.assert_nowhere_at(path)
        assert answer.status_code in (400, 404)
        assert "Traceback" not in text_of(answer)
        assert "SECRET_KEY" not in text_of(answer)


@pytest.mark.attack("L35")
def test_a_page_that_fails_says_nothing_of_why(
    closed: Closed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("articles.views.find_page", fails)
    client = Client(raise_request_exception=False)
    answer = client.get(closed.path)
    assert answer.status_code == 500
    for telling in ("Traceback", "the ledger is wet", "django", "settings", closed.word):
        assert telling not in answer.content.decode().replace("data-django", "")
    assert "the ledger is wet" in caplog.text


def fails(*_arguments: object) -> None:
    raise RuntimeError("the ledger is wet")
