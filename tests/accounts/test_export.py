"""A copy of one's data: all of one's own, nothing of anybody else's, no secret."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.db.models import Model
from django.http import FileResponse
from django.test import Client
from django.utils import timezone

from accounts.erasure import links_to_users
from accounts.export import Table, as_csv, tables_of
from accounts.models import User
from articles.models import SavedArticle
from newsletters import follows
from paywall.feed_keys import FeedKey, hash_of
from paywall.models import MeteredRead
from paywall.ways_in import gifts
from subscriptions.models import Card, Dispute, Grant
from tests import make

pytestmark = pytest.mark.django_db

HASHES = ("password", "token_hash", "seed", "code_seal", "session_key", "browser", "session_url")


def archive_of(client: Client) -> zipfile.ZipFile:
    response = client.post("/account/export/")
    assert response.status_code == 200
    assert isinstance(response, FileResponse)
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Cache-Control"] == "private, no-store"
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))  # type: ignore[arg-type]


def rows_of(archive: zipfile.ZipFile, path: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(archive.read(path))
    return found


def owner_of_everything(email: str) -> User:
    """A reader with something in every app."""
    user, now = make.user(email), timezone.now()
    article = make.article(headline=f"Read by {email}", topics=[make.topic()])
    SavedArticle.objects.create(user=user, article=article)
    follows.follow(user, make.topic())
    MeteredRead.objects.create(user=user, article=article, period=now.date(), slot=1)
    FeedKey.objects.make_for(user.pk, now)
    make.grant(user, reason="A colleague")
    subscription = make.subscription(user)
    Card.objects.create(subscription=subscription, kind="card", brand="visa", last4="4242")
    Dispute.objects.create(
        stripe_id=f"dp_{user.pk}",
        customer=subscription.customer,
        subscription=subscription,
        charge_id=f"ch_{user.pk}",
        amount_minor=8900,
        currency="USD",
        status="won",
        opened_at=now,
    )
    gifts.give(user, article, now)
    make.lead(email)
    return user


def test_every_app_gives_its_part_of_the_readers_own() -> None:
    user = owner_of_everything("mine@example.org")
    archive = archive_of(make.logged_in(user))
    assert rows_of(archive, "accounts/account.json")[0]["email"] == "mine@example.org"
    assert rows_of(archive, "articles/saved.json")[0]["article__headline"] == "Read by mine@example.org"
    assert rows_of(archive, "newsletters/following.json")[0]["topic__name"] == "Ports"
    assert rows_of(archive, "paywall/reads.json")[0]["article__headline"] == "Read by mine@example.org"
    assert len(rows_of(archive, "paywall/gifts.json")) == 1
    assert rows_of(archive, "subscriptions/access.json")[0]["reason"] == "A colleague"
    assert rows_of(archive, "subscriptions/subscriptions.json")[0]["plan__name"] == "Annual"
    assert [row["last4"] for row in rows_of(archive, "subscriptions/cards.json")] == ["4242"]
    assert [row["stripe_id"] for row in rows_of(archive, "subscriptions/disputes.json")] == [f"dp_{user.pk}"]
    page = archive.read("index.html").decode()
    assert "Read by mine@example.org" in page
    assert "<script" not in page


def test_nothing_of_anybody_else_is_in_it() -> None:
    user = owner_of_everything("mine@example.org")
    owner_of_everything("theirs@example.org")
    archive = archive_of(make.logged_in(user))
    for name in archive.namelist():
        assert "theirs@example.org" not in archive.read(name).decode(), name


def test_no_secret_and_no_hash_is_in_it() -> None:
    user = owner_of_everything("mine@example.org")
    user.set_password("a long and secret sentence")
    user.save()
    token = FeedKey.objects.make_for(user.pk, timezone.now())
    archive = archive_of(make.logged_in(user))
    text = "".join(archive.read(name).decode() for name in archive.namelist())
    for secret in (token, hash_of(token), user.password):
        assert secret not in text
    columns = {name for tables in tables_of(user).values() for table in tables for name in table.head}
    assert columns.isdisjoint(HASHES)


def test_a_table_for_a_spreadsheet_holds_no_formula() -> None:
    text = as_csv(Table("names", "Names", [{"name": "=1+1", "when": timezone.now()}]))
    assert '"\'=1+1"' in text


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_the_login(method: str) -> None:
    response = getattr(Client(), method)("/account/export/")
    assert response.status_code == 302
    assert "/account/login/" in response["Location"]


def test_a_login_of_long_ago_is_asked_again() -> None:
    user = make.user()
    assert make.logged_in(user).get("/account/export/").status_code == 200
    assert make.logged_in(user, ago=timedelta(hours=2)).post("/account/export/").status_code != 200


def test_ten_copies_an_hour_are_enough() -> None:
    browser = make.logged_in(make.user())
    statuses = []
    for _ in range(11):
        response = browser.post("/account/export/")
        statuses.append(response.status_code)
        list(response)  # sent to its end, which closes the archive
    assert statuses == [200] * 10 + [429]


# What names a user without being a reader's own data: who gave, changed or acknowledged something, as staff.
OF_STAFF = {"acknowledged_by", "given_by", "opened_by", "verified_by", "actor"}
# What is exported under another name, or is no data of a reader's.
ELSEWHERE = {
    "account.EmailAddress.user",
    "mfa.Authenticator.user",
    "usersessions.UserSession.user",
    "admin.LogEntry.user",
    "accounts.User_groups.user",
    "accounts.User_user_permissions.user",
    "paywall.Institution_contacts.user",
    "subscriptions.StripeCustomer.user",
}


def test_no_model_with_a_reader_in_it_is_forgotten() -> None:
    """Each foreign key to an account is exported by its app, or named above with its reason."""
    exported = {model._meta.label for model in EXPORTED}
    forgotten = [
        str(link)
        for link in links_to_users()
        if link.name not in OF_STAFF
        and str(link) not in ELSEWHERE
        and link.relation.field.model._meta.label not in exported
    ]
    assert forgotten == []


def exported_models() -> set[type[Model]]:
    from newsletters.models import DailyMail, Follow, Letter
    from paywall.models import CampusVisit, GiftLink, MailPass
    from subscriptions.models import (
        Agreement,
        CheckoutAttempt,
        Declaration,
        Gift,
        Group,
        Lead,
        OutgoingMail,
        Purchase,
        Seat,
        Subscription,
        TrialUse,
    )

    return {
        *(SavedArticle, DailyMail, Follow, Letter, CampusVisit, GiftLink, MailPass, MeteredRead, FeedKey, Grant),
        *(Gift, TrialUse),
        *(Agreement, CheckoutAttempt, Declaration, Group, Lead, OutgoingMail, Purchase, Seat, Subscription),
    }


EXPORTED = exported_models()
