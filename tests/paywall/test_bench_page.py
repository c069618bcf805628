"""The test bench: what each class of reader gets of an article at any moment, and by which record."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from articles.models import Article, Tier
from paywall.access import Reason
from paywall.models import ArticleTerms, Meter, MeteredRead, Opening, Rule
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROW = re.compile(r'<tr data-reader="([\w-]+)" data-reason="(\w+)">(.*?)</tr>', re.DOTALL)


@pytest.fixture
def article() -> Article:
    return make.article(section=make.section(), published_at=NOON - timedelta(hours=1))


def page(client: Client, article: Article, at: str = "2026-11-23T12:00:00", **chosen: str) -> str:
    response = client.get("/admin/bench/", {"article": article.slug, "at": at, **chosen})
    assert response.status_code == 200
    return response.content.decode()


def rows(html: str) -> dict[str, str]:
    """The reason that each class is given."""
    return {reader: reason for reader, reason, _cells in ROW.findall(html)}


def test_all_classes_stand_in_one_table(editor: Client, article: Article) -> None:
    assert rows(page(editor, article)) == {
        "stranger": Reason.SUBSCRIPTION_NEEDED,
        "registered": Reason.READ_AVAILABLE,
        "has-read": Reason.METERED,
        "used-up": Reason.ALLOWANCE_USED,
        "lapsed": Reason.READ_AVAILABLE,
        "plan-monthly": Reason.SUBSCRIBER,
        "plan-annual": Reason.SUBSCRIBER,
        "granted": Reason.SUBSCRIBER,
        "holder": Reason.SINGLE_ARTICLE,
        "institution": Reason.INSTITUTION,
        "gift": Reason.GIFT,
        "mail-link": Reason.MAIL_LINK,
        "crawler": Reason.CRAWLER,
        "staff": Reason.STAFF,
    }
    assert not MeteredRead.objects.exists()
    assert article.sentinel not in page(editor, article)


def test_strangers_with_free_articles_are_classes_of_their_own(editor: Client, article: Article) -> None:
    Meter.objects.create(anonymous_allowance=3)
    found = rows(page(editor, article))
    assert found["stranger"] == Reason.READ_AVAILABLE
    assert found["stranger-has-read"] == Reason.METERED
    assert found["stranger-used-up"] == Reason.ALLOWANCE_USED
    assert rows(page(editor, article, reader="stranger-used-up")) == {"stranger-used-up": Reason.ALLOWANCE_USED}


def test_one_class_is_told_in_the_readers_own_sentence(editor: Client, article: Article) -> None:
    html = page(editor, article, reader="stranger")
    assert rows(html) == {"stranger": Reason.SUBSCRIPTION_NEEDED}
    assert "This article is for subscribers." in html
    assert "5 articles for subscribers are free for you every month" in html
    assert "All classes at once" in html


def test_a_light_plan_counts_and_a_plan_that_is_needed_tells_the_others_apart(editor: Client, article: Article) -> None:
    plans = make.plans()
    plans["monthly"].allowance = 20
    plans["monthly"].save()
    assert rows(page(editor, article))["plan-monthly"] == Reason.READ_AVAILABLE
    ArticleTerms.objects.create(article=article).plans.add(plans["annual"])
    html = page(editor, article)
    found = rows(html)
    assert (found["plan-annual"], found["granted"]) == (Reason.SUBSCRIBER, Reason.SUBSCRIBER)
    assert found["plan-monthly"] == found["registered"] == Reason.SUBSCRIPTION_NEEDED
    assert f"for subscribers of the plan {plans['annual'].name}" in html
    plans["monthly"].allowance = None
    plans["monthly"].save()
    assert rows(page(editor, article))["plan-monthly"] == Reason.PLAN_NEEDED


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2026-11-23T13:59:59", Reason.SUBSCRIPTION_NEEDED),
        ("2026-11-23T14:00:00", Reason.FREE),
        ("2026-11-23T19:59:59", Reason.FREE),
        ("2026-11-23T20:00:00", Reason.SUBSCRIPTION_NEEDED),
        ("2026-11-23T10:59:59", Reason.NOT_PUBLISHED),
        ("2024-01-01T00:00:00", Reason.NOT_PUBLISHED),
        ("2036-01-01T00:00:00", Reason.SUBSCRIPTION_NEEDED),
    ],
)
def test_an_opening_is_seen_at_any_moment_past_or_to_come(
    superuser: Client, article: Article, at: str, reason: Reason
) -> None:
    opening = Opening.objects.create(
        section=article.section, banner="The flood", starts_at=NOON.replace(hour=14), ends_at=NOON.replace(hour=20)
    )
    html = page(superuser, article, at=at, reader="stranger")
    assert rows(html) == {"stranger": reason}
    is_open = reason is Reason.FREE
    assert ("The opening “The flood”" in html) is is_open
    assert (f'href="/admin/paywall/opening/{opening.pk}/change/"' in html) is is_open


def test_the_moment_is_one_of_the_publications_zone(editor: Client, article: Article, settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    ArticleTerms.objects.create(article=article, free_until=NOON)  # seven in the morning there
    assert rows(page(editor, article, at="2026-11-23T06:59:59"))["stranger"] == Reason.FREE
    assert rows(page(editor, article, at="2026-11-23T07:00:00"))["stranger"] == Reason.SUBSCRIPTION_NEEDED


def test_the_rule_or_the_terms_that_decide_are_named_with_a_link(editor: Client, article: Article) -> None:
    html = page(editor, article)
    assert f"Its tier: {Tier.PREMIUM.label}" in html
    assert f'href="/admin/articles/article/{article.pk}/change/"' in html
    rule = Rule.objects.create(name="Security is for all", section=article.section, ask="open", position=1)
    Rule.objects.create(name="A later one", ask="plan", position=2)
    html = page(editor, article)
    assert "The rule “Security is for all”" in html
    assert "A later one" not in html
    assert f'href="/admin/paywall/rule/{rule.pk}/change/"' in html
    assert rows(html)["stranger"] == Reason.FREE
    ArticleTerms.objects.create(article=article, free_until=NOON + timedelta(hours=1))
    html = page(editor, article)
    assert f'href="/admin/articles/article/{article.pk}/change/#terms-group"' in html
    assert "until 23 November 2026, 13:00 UTC" not in html  # the rule goes on to hold it open


def test_an_article_is_found_by_its_address_or_by_words_of_its_headline(editor: Client, article: Article) -> None:
    draft = make.article(status="draft", headline="Lamps of the quay")
    other = make.article(headline="The quay at night")
    by_address = editor.get("/admin/bench/", {"article": f"http://testserver{article.get_absolute_url()}"})
    assert len(rows(by_address.content.decode())) == 14
    assert rows(page(editor, draft))["stranger"] == Reason.NOT_PUBLISHED
    found = editor.get("/admin/bench/", {"article": "quay", "at": "2026-11-23T12:00:00"}).content.decode()
    assert rows(found) == {}
    for row in (draft, other):
        assert f"article={row.slug}&amp;at=2026-11-23T12%3A00%3A00" in found
    assert "No article has this address" in editor.get("/admin/bench/", {"article": "zzz"}).content.decode()


@pytest.mark.parametrize("at", ["yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_moment_that_is_none_is_refused_in_words(editor: Client, article: Article, at: str) -> None:
    html = page(editor, article, at=at)
    assert "errorlist" in html
    assert rows(html) == {}


def test_editors_and_publishers_reach_it_from_the_article_and_nobody_else_does(
    editor: Client, stranger: Client, subscriber: Client, article: Article
) -> None:
    form = editor.get(f"/admin/articles/article/{article.pk}/change/").content.decode()
    assert f"/admin/articles/article/{article.pk}/bench/" in form
    response = editor.get(f"/admin/articles/article/{article.pk}/bench/")
    assert response["Location"] == f"/admin/bench/?article={article.slug}"
    support = make.user(is_staff=True)
    support.groups.add(Group.objects.get(name="support"))
    assert make.logged_in(support).get("/admin/bench/").status_code == 403
    for client in (stranger, subscriber):
        assert client.get("/admin/bench/").status_code == 302
