"""What support is told of a reader and an article: the reader's own sentence, and the facts behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from articles.models import Article
from paywall.models import MeteredRead, Opening, Rule
from subscriptions.models import Subscription, SyncJob
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def of_role(role: str) -> Client:
    user = make.user(f"{role}@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return make.logged_in(user)


@pytest.fixture
def support() -> Client:
    return of_role("support")


@pytest.fixture
def reader() -> User:
    return make.user("ada@example.org")


def ask(client: Client, email: str, article: str, at: str = "") -> Any:
    return client.post("/admin/answers/", {"reader": email, "article": article, "at": at})


def told(client: Client, user: User, article: Article, at: str = "") -> str:
    response = client.get("/admin/answers/", {"user": user.pk, "article": article.slug, "at": at})
    assert response.status_code == 200
    return response.content.decode()


def own_page(user: User, article: Article) -> str:
    """The sentence as the reader's own page of the article gives it."""
    html = make.logged_in(user).get("/access/", {"article": article.slug}).content.decode()
    return html.partition('<p class="access__why">')[2].partition("</p>")[0]


def subscribed(user: User, article: Article) -> None:
    make.subscription(user)


def granted_this(user: User, article: Article) -> None:
    make.grant(user, scope=f"article:{article.public_id}")


def used_up(user: User, article: Article) -> None:
    client = make.logged_in(user)
    for _number in range(5):
        client.get(make.article().get_absolute_url())


def has_read_it(user: User, article: Article) -> None:
    make.logged_in(user).get(article.get_absolute_url())


def lapsed(user: User, article: Article) -> None:
    now = timezone.now()
    make.grant(user, starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=1))


@pytest.mark.parametrize("become", [lambda user, article: None, subscribed, granted_this, used_up, has_read_it, lapsed])
def test_support_sees_the_sentence_that_the_reader_sees(
    at_noon: None, support: Client, reader: User, become: Any
) -> None:
    article = make.article()
    become(reader, article)
    reads = MeteredRead.objects.count()
    sentence = own_page(reader, article)
    assert sentence
    assert sentence in told(support, reader, article)
    assert MeteredRead.objects.count() == reads


def test_the_address_of_a_reader_is_posted_and_its_number_stands_in_the_pages_address(
    support: Client, reader: User
) -> None:
    article = make.article()
    response = ask(support, " ADA@Example.org ", article.get_absolute_url(), "2026-11-23T12:00:00")
    assert response.status_code == 302
    expected = f"/admin/answers/?user={reader.pk}&article={article.slug}&at=2026-11-23T12%3A00%3A00"
    assert response["Location"] == expected
    assert "ada@example.org" in support.get(response["Location"]).content.decode()


def test_the_facts_behind_the_sentence_are_shown(support: Client, reader: User) -> None:
    article = make.article()
    subscribed(reader, article)
    make.grant(reader, scope=f"article:{article.public_id}", ends_at=NOON + timedelta(days=999))
    Rule.objects.create(name="All for readers with an address", ask="registration")
    html = told(support, reader, article)
    assert make.plans()["annual"].name in html
    assert "The whole library" in html
    assert "This article" in html
    assert "18 August 2029" in html
    assert "The rule “All for readers with an address”" in html
    assert "/admin/paywall/rule/" not in html  # support sees no rules
    assert f'href="/admin/accounts/user/{reader.pk}/change/"' in html


def test_another_moment_is_judged_by_the_records_as_they_stand(support: Client, reader: User) -> None:
    article = make.article(published_at=NOON - timedelta(days=9))
    make.grant(reader, starts_at=NOON - timedelta(days=2), ends_at=NOON)
    Opening.objects.create(starts_at=NOON + timedelta(hours=1), ends_at=NOON + timedelta(hours=2))
    for at, sentence in (
        ("2026-11-20T12:00:00", "You can open this article"),
        ("2026-11-23T11:59:59", "You are reading this as a subscriber."),
        ("2026-11-23T12:00:00", "Your access to the whole library has ended."),
        ("2026-11-23T13:00:00", "It is open to everybody until 23 November 2026, 14:00 UTC."),
    ):
        assert sentence in told(support, reader, article, at), at


def test_looking_asks_nothing_of_stripe(support: Client, reader: User) -> None:
    subscription = make.subscription(reader)
    before = SyncJob.objects.get(customer=subscription.customer).generation
    far = (subscription.period_end + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%S")
    answer = told(support, reader, make.article(), far)
    assert "You are reading this as a subscriber." in answer  # until Stripe has answered
    assert SyncJob.objects.get(customer=subscription.customer).generation == before
    assert Subscription.objects.get().overdue_since is None


def test_an_address_without_an_account_and_an_article_that_is_none_are_said(support: Client, reader: User) -> None:
    article, draft = make.article(), make.article(status="draft", headline="Secret plans")
    response = ask(support, "nobody@example.org", article.slug)
    assert response.status_code == 400
    assert "Nobody has an account with this address" in response.content.decode()
    for text in ("zzz", draft.slug, "Secret plans"):
        html = ask(support, reader.email, text).content.decode()
        assert "No article has this address" in html
        assert draft.get_absolute_url() not in html
    assert "Secret plans" not in told(support, reader, draft)
    assert support.get("/admin/answers/", {"user": "999999"}).status_code == 404


def test_headlines_lead_on_with_the_same_reader_and_moment(support: Client, reader: User) -> None:
    quays = [make.article(headline=f"The quay {number}") for number in range(2)]
    html = ask(support, reader.email, "quay", "2026-11-23T12:00:00").content.decode()
    for article in quays:
        assert f"user={reader.pk}&amp;article={article.slug}&amp;at=2026-11-23T12%3A00%3A00" in html


def test_support_and_publishers_reach_it_and_nobody_else_does(reader: User, editor: Client, stranger: Client) -> None:
    article = make.article()
    address = f"/admin/answers/?user={reader.pk}&article={article.slug}"
    for role in ("support", "publishers"):
        client = of_role(role)
        assert "Nothing but the account." in client.get(address).content.decode()
        assert (
            f"/admin/answers/?user={reader.pk}"
            in client.get(f"/admin/accounts/user/{reader.pk}/change/").content.decode()
        )
    assert editor.get(address).status_code == 403
    assert stranger.get(address).status_code == 302
    assert make.logged_in(reader).get(address).status_code == 302
