"""Previews in admin: the article as a stranger and as a subscriber see it, before it is out too; for staff alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from articles.models import Article
from tests import make
from tests.articles.admin_forms import LIST, change_url

pytestmark = pytest.mark.django_db


def preview(article: Article, reader: str) -> str:
    return f"{LIST}{article.pk}/preview/{reader}/"


STATES: list[dict[str, Any]] = [
    {"status": "draft"},
    {"status": "published"},
    {"status": "published", "published_at": timezone.now() + timezone.timedelta(days=9)},
    {"status": "withdrawn"},
]


@pytest.mark.parametrize("fields", STATES)
def test_a_stranger_meets_the_gate_and_a_subscriber_reads(editor: Client, fields: dict[str, Any]) -> None:
    article = make.article(**fields)
    as_stranger = editor.get(preview(article, "stranger"))
    assert 'data-access="withheld"' in as_stranger.content.decode()
    assert article.sentinel not in as_stranger.content.decode()
    as_subscriber = editor.get(preview(article, "subscriber"))
    assert 'data-access="granted"' in as_subscriber.content.decode()
    assert article.sentinel in as_subscriber.content.decode()


@pytest.mark.parametrize("reader", ["stranger", "subscriber"])
def test_a_preview_is_neither_kept_nor_indexed(editor: Client, reader: str) -> None:
    response = editor.get(preview(make.article(status="draft"), reader))
    assert "no-store" in response["Cache-Control"]
    assert "public" not in response["Cache-Control"]
    assert "Surrogate-Key" not in response
    assert "noindex" in response["X-Robots-Tag"]


@pytest.mark.parametrize("reader", ["stranger", "subscriber"])
def test_a_preview_is_for_staff_alone(stranger: Client, registered: Client, subscriber: Client, reader: str) -> None:
    article = make.article(status="draft")
    for client in (stranger, registered, subscriber):
        response = client.get(preview(article, reader), follow=True)
        assert article.sentinel not in response.content.decode()
        assert article.headline not in response.content.decode()
        assert response.redirect_chain[0][0].startswith("/admin/login/")


def test_staff_of_another_desk_see_no_preview() -> None:
    accountant = make.logged_in(make.user("accounts@example.org", is_staff=True))
    article = make.article(status="draft")
    for reader in ("stranger", "subscriber"):
        assert accountant.get(preview(article, reader)).status_code == 403


def test_a_preview_takes_no_other_method_and_no_other_reader(editor: Client) -> None:
    article = make.article(status="draft")
    assert editor.post(preview(article, "subscriber")).status_code == 405
    assert "data-access" not in editor.get(preview(article, "staff"), follow=True).content.decode()
    assert editor.get(f"{LIST}999999/preview/subscriber/").status_code == 404


def test_the_form_links_both_previews(editor: Client) -> None:
    article = make.article(status="draft")
    page = editor.get(change_url(article)).content.decode()
    for reader, label in (("stranger", "View as stranger"), ("subscriber", "View as subscriber")):
        assert preview(article, reader) in page
        assert label in page


def test_the_public_page_of_a_draft_stays_closed_to_the_editor_who_previews_it(editor: Client) -> None:
    assert editor.get(make.article(status="draft").get_absolute_url()).status_code == 404
