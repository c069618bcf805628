"""An article that is free for a time: who reads it till when, what the page says, and who decides it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from paywall.models import ArticleTerms, MeteredRead
from tests import make
from tests.articles.admin_forms import change_url, fields_of, terms_fields

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=6)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("tier", ["premium", "registered"])
@pytest.mark.parametrize(("now", "is_open"), [(LATER - timedelta(seconds=1), True), (LATER, False)])
def test_a_stranger_reads_it_until_that_second(stranger: Client, tier: str, now: datetime, is_open: bool) -> None:
    article = make.article(tier=tier, published_at=NOON - timedelta(days=1))
    ArticleTerms.objects.create(article=article, free_until=LATER)
    with time_machine.travel(now, tick=False):
        page = stranger.get(article.get_absolute_url()).content.decode()
    assert (article.sentinel in page) is is_open
    assert ("Free to read until 23 November 2026, 18:00 UTC." in page) is is_open
    data = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)[0])
    assert data["isAccessibleForFree"] is is_open
    assert ("hasPart" in data) is not is_open


def test_no_free_read_is_spent_on_it(registered: Client) -> None:
    article = make.article()
    ArticleTerms.objects.create(article=article, free_until=datetime(2999, 1, 1, tzinfo=UTC))
    assert article.sentinel in registered.get(article.get_absolute_url()).content.decode()
    assert not MeteredRead.objects.exists()
    ArticleTerms.objects.all().delete()
    assert article.sentinel in registered.get(article.get_absolute_url()).content.decode()
    assert MeteredRead.objects.count() == 1


def test_a_draft_stays_closed_whatever_its_terms(stranger: Client) -> None:
    article = make.article(status="draft")
    ArticleTerms.objects.create(article=article, free_until=datetime(2999, 1, 1, tzinfo=UTC))
    assert stranger.get(article.get_absolute_url()).status_code == 404


def test_an_editor_sets_it_on_the_articles_own_page(editor: Client, stranger: Client) -> None:
    article = make.article(section=make.section(), body=make.long_body(0))
    form = fields_of(article, make.long_body(1), **terms_fields(datetime(2999, 1, 1, tzinfo=UTC)))
    response = editor.post(change_url(article), form)
    assert response.status_code == 302, response.content.decode()[:3000]
    assert ArticleTerms.objects.get().free_until == datetime(2999, 1, 1, tzinfo=UTC)
    assert 'data-reason="free"' in stranger.get(article.get_absolute_url()).content.decode()


def test_the_form_names_the_terms_and_the_zone_of_their_moment(editor: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    page = editor.get(change_url(make.article())).content.decode()
    terms = page.split('id="terms-group"')[1]
    assert re.search(r"<h2[^>]*>\s*Free for a time\s*</h2>", terms)
    assert "whatever “Open to” says. In the publication's time, Europe/London." in terms


def test_who_may_not_publish_sees_the_terms_and_cannot_change_them() -> None:
    article = make.article(section=make.section())
    ArticleTerms.objects.create(article=article, free_until=datetime(2999, 1, 1, tzinfo=UTC))
    user = make.editor("writer@example.org")
    group = user.groups.get()
    group.permissions.remove(*group.permissions.filter(codename="publish_article"))
    writer = make.logged_in(User.objects.get(pk=user.pk))
    page = writer.get(change_url(article)).content.decode()
    assert "1 Jan 2999" in page
    assert 'name="terms-0-free_until_0"' not in page
