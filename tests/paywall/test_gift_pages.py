"""Where gift links are made, listed and revoked, by whom, and how many in a month."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from articles.models import Article
from articles.page_store import PageStore
from paywall.models import GiftLink
from paywall.reading_as import SESSION_KEY, ReaderClass
from paywall.ways_in import gifts
from subscriptions.models import Grant
from tests import make
from tests.paywall.test_gifts import article as article
from tests.paywall.test_gifts import giver as giver
from tests.paywall.test_gifts import held as held
from tests.paywall.test_gifts import link as link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

NEW = "/gift/new/"
MINE = "/account/gifts/"


def give(client: Client, article: Article, **fields: str) -> Any:
    return client.post(NEW, {"article": str(article.public_id), **fields}, follow=True)


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode().partition("<main")[2]).split())


def address_in(response: Any) -> str:
    (url,) = re.findall(r"http://localhost:8000(/gift/[A-Za-z0-9_-]{43}/)</textarea>", response.content.decode())
    return str(url)


# --- by whom ---------------------------------------------------------------------------------------------------------


def test_a_subscriber_makes_a_link_copies_it_and_a_friend_reads(giver: User, held: Grant, article: Article) -> None:
    client = make.logged_in(giver)
    page = client.get(NEW, {"article": str(article.public_id)})
    assert "10 of 10 gifts left this month" in words(page)
    assert 'name="is_named">' in page.content.decode()  # not ticked
    assert 'value="Ada Lamplighter"' in page.content.decode()
    made = give(client, article, name="Ada Lamplighter")
    assert made.status_code == 200
    assert "9 of 10 gifts left this month" in words(made)
    shown = Client().get(address_in(made)).content.decode()
    assert article.sentinel in shown
    assert "Lamplighter" not in shown
    named = Client().get(address_in(give(client, article, name="Ada L.", is_named="on"))).content.decode()
    assert "Ada L." in named


def test_the_articles_own_page_has_one_way_there_for_everybody(
    kept_pages: PageStore, stranger: Client, giver: User, held: Grant, article: Article
) -> None:
    way = f'href="{NEW}?article={article.public_id}"'
    for client in (stranger, make.logged_in(giver)):
        assert way in client.get(article.get_absolute_url()).content.decode()
    free = make.article(tier="free")
    assert NEW not in stranger.get(free.get_absolute_url()).content.decode()
    asked = stranger.get(NEW, {"article": str(article.public_id)})
    assert asked["Location"].startswith("/account/login/?next=/gift/new/%3Farticle%3D")


def by_a_free_read(client: Client, article: Article) -> None:
    assert article.sentinel in client.get(article.get_absolute_url()).content.decode()


def by_a_gift(client: Client, article: Article) -> None:
    other = make.user()
    make.grant(other)
    assert client.get(f"/gift/{gifts.give(other, article, timezone.now()).token}/").status_code == 200


def by_nothing_any_more(client: Client, article: Article) -> None:
    user = User.objects.get(pk=client.session["_auth_user_id"])
    make.grant(user, starts_at=timezone.now() - timedelta(days=9), ends_at=timezone.now())


@pytest.mark.parametrize("read", [by_a_free_read, by_a_gift, by_nothing_any_more], ids=lambda do: do.__name__)
def test_what_is_read_by_no_right_of_ones_own_cannot_be_given(read: Any, registered: Client, article: Article) -> None:
    read(registered, article)
    before = GiftLink.objects.count()
    assert "Only subscribers can give" in words(registered.get(NEW, {"article": str(article.public_id)}))
    assert "Only subscribers can give" in words(give(registered, article))
    assert GiftLink.objects.count() == before


def test_being_staff_is_nothing_to_give(editor: Client, article: Article) -> None:
    assert "Only subscribers can give" in words(give(editor, article))
    assert not GiftLink.objects.exists()


def test_who_holds_the_one_article_gives_that_and_no_other(giver: User, article: Article) -> None:
    make.grant(giver, scope=f"article:{article.public_id}")
    client = make.logged_in(giver)
    assert article.sentinel in Client().get(address_in(give(client, article))).content.decode()
    assert "Only subscribers can give" in words(give(client, make.article()))


def test_of_an_article_that_everybody_may_read_the_page_gives_the_address(giver: User, held: Grant) -> None:
    free = make.article(tier="free")
    page = make.logged_in(giver).get(NEW, {"article": str(free.public_id)})
    assert f"http://localhost:8000{free.get_absolute_url()}</textarea>" in page.content.decode()


@pytest.mark.parametrize("wanted", ["", "1", "x", "00000000-0000-0000-0000-000000000000"])
def test_an_article_that_is_not_there_cannot_be_given(wanted: str, subscriber: Client) -> None:
    for response in (subscriber.get(NEW, {"article": wanted}), subscriber.post(NEW, {"article": wanted})):
        assert response.status_code == 404


def test_a_draft_cannot_be_given(subscriber: Client) -> None:
    draft = make.article(status="draft")
    assert subscriber.get(NEW, {"article": str(draft.public_id)}).status_code == 404


def test_a_name_that_is_none_is_asked_for_again(giver: User, held: Grant, article: Article) -> None:
    client = make.logged_in(giver)
    for name, said in (("", "Write the name"), ("see bad.example", "a name, not an address")):
        page = give(client, article, name=name, is_named="on")
        assert page.status_code == 400
        assert said in words(page)
        assert "checked" in page.content.decode()
    assert not GiftLink.objects.exists()


def test_no_other_site_makes_or_revokes_one(giver: User, link: GiftLink, article: Article) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = make.logged_in(giver).cookies
    assert client.post(NEW, {"article": str(article.public_id)}).status_code == 403
    assert client.post(f"{MINE}{link.pk}/revoke/").status_code == 403
    assert client.get(f"{MINE}{link.pk}/revoke/").status_code == 405
    assert GiftLink.objects.get().revoked_at is None


def test_staff_who_read_as_a_subscriber_give_nothing(superuser: Client, article: Article) -> None:
    session = superuser.session
    until = (timezone.now() + timedelta(minutes=30)).timestamp()
    session[SESSION_KEY] = {"class": ReaderClass.SUBSCRIBER.value, "until": until}
    session.save()
    assert superuser.post(NEW, {"article": str(article.public_id)}).status_code == 403
    assert not GiftLink.objects.exists()


def test_staff_who_read_as_a_stranger_use_nothing_up(superuser: Client, link: GiftLink, article: Article) -> None:
    session = superuser.session
    until = (timezone.now() + timedelta(minutes=30)).timestamp()
    session[SESSION_KEY] = {"class": ReaderClass.STRANGER.value, "until": until}
    session.save()
    page = superuser.get(f"/gift/{link.token}/")
    assert article.sentinel not in page.content.decode()
    link.refresh_from_db()
    assert link.readers == 0


# --- how many --------------------------------------------------------------------------------------------------------


def test_ten_a_month_and_revoking_gives_none_back(giver: User, held: Grant, article: Article) -> None:
    client = make.logged_in(giver)
    for _number in range(10):
        address_in(give(client, article))
    assert "0 of 10 gifts left this month" in words(give(client, article))
    GiftLink.objects.revoke(timezone.now())
    assert "0 of 10 gifts left this month" in words(give(client, article))
    assert GiftLink.objects.count() == 10


def test_a_month_is_that_of_the_publications_zone(giver: User, held: Grant, article: Article, settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"  # 13 hours ahead
    last_hour = datetime(2026, 11, 30, 10, 59, 59, tzinfo=UTC)
    with time_machine.travel(last_hour, tick=False):
        for _number in range(gifts.QUOTA):
            gifts.give(giver, article, timezone.now())
        with pytest.raises(gifts.QuotaUsed):
            gifts.give(giver, article, timezone.now())
    with time_machine.travel(last_hour + timedelta(seconds=1), tick=False):
        assert gifts.left_of(giver.pk, timezone.now()) == gifts.QUOTA
        gifts.give(giver, article, timezone.now())


@pytest.mark.attack("M06")
def test_a_month_belongs_to_one_reader(giver: User, held: Grant, article: Article, subscriber: Client) -> None:
    for _number in range(gifts.QUOTA):
        gifts.give(giver, article, timezone.now())
    made = give(subscriber, article, giver=str(giver.pk), slot="-1", period="2020-01-01", quota="99")
    assert "9 of 10 gifts left this month" in words(made)


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_says_what_when_how_many_and_until_when(giver: User, link: GiftLink, article: Article) -> None:
    Client().get(f"/gift/{link.token}/")
    page = make.logged_in(giver).get(MINE)
    for part in (article.headline, "Made on 23 November 2026", "1 of 10 readers", "Ends on 7 December 2026"):
        assert part in words(page), part
    assert address_in(page) == f"/gift/{link.token}/"
    assert page["Cache-Control"].startswith("private, no-store") or "no-store" in page["Cache-Control"]


def test_revoked_ended_and_asleep_ones_show_no_address(giver: User, held: Grant, link: GiftLink) -> None:
    client = make.logged_in(giver)
    Grant.objects.update(revoked_at=timezone.now())
    asleep = client.get(MINE)
    assert "On hold" in words(asleep)
    Grant.objects.update(revoked_at=None)
    assert "has been revoked" in words(client.post(f"{MINE}{link.pk}/revoke/", follow=True))
    revoked = client.get(MINE)
    assert "Revoked" in words(revoked)
    GiftLink.objects.update(revoked_at=None)
    with time_machine.travel(link.expires_at):
        ended = make.logged_in(giver).get(MINE)
    assert "Ended on 7 December 2026" in words(ended)
    assert all(link.token not in page.content.decode() for page in (asleep, revoked, ended))


@pytest.mark.attack("A17")
def test_somebody_elses_link_is_not_there(subscriber: Client, link: GiftLink) -> None:
    assert subscriber.get(f"{MINE}{link.pk}/").status_code == 404
    assert subscriber.post(f"{MINE}{link.pk}/revoke/").status_code == 404
    assert link.token not in subscriber.get(MINE).content.decode()
    assert GiftLink.objects.get().revoked_at is None


def test_a_stranger_is_asked_to_log_in(stranger: Client, link: GiftLink) -> None:
    for path in (NEW, MINE, f"{MINE}{link.pk}/"):
        assert stranger.get(path)["Location"].startswith("/account/login/")
    assert stranger.post(f"{MINE}{link.pk}/revoke/")["Location"].startswith("/account/login/")


def test_the_account_page_tells_of_gifts_to_who_has_any(giver: User, link: GiftLink, registered: Client) -> None:
    assert "9 of 10 gifts left this month" in words(make.logged_in(giver).get("/account/"))
    assert "Gift links" not in words(registered.get("/account/"))


# --- admin -----------------------------------------------------------------------------------------------------------


def test_support_looks_and_revokes_and_sees_no_address(giver: User, link: GiftLink) -> None:
    user = make.user("support@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    client = make.logged_in(user)
    for path in ("/admin/paywall/giftlink/?q=giver@example.org", f"/admin/paywall/giftlink/{link.pk}/change/"):
        page = client.get(path).content.decode()
        assert "giver@example.org" in page
        for secret in (link.token, link.seed, link.token_hash):
            assert secret not in page
    client.post("/admin/paywall/giftlink/", {"action": "revoke", "_selected_action": [link.pk]})
    assert Client().get(f"/gift/{link.token}/").status_code == 302
