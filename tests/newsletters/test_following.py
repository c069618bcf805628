"""Following an author or a topic: links that are the same for everybody, pages that are one reader's own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import ProtectedError
from django.test import Client

from accounts.models import User
from articles.models import Author, Topic
from newsletters import follows
from newsletters.models import DailyMail, Follow
from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

LIST = "/account/following/"
AUTHOR = "/account/following/author/ilse-marchetti/"
TOPIC = "/account/following/topic/ports/"


def an_author(name: str = "Ilse Marchetti") -> Author:
    """One of whom something is out."""
    author = make.author(name)
    make.article(authors=[author])
    return author


def a_topic(name: str = "Ports") -> Topic:
    topic = make.topic(name)
    make.article(topics=[topic])
    return topic


def main_of(client: Client, path: str) -> str:
    return client.get(path).content.decode().split("<main")[1].split("</main>")[0]


def test_the_links_are_the_same_for_everybody(stranger: Client, subscriber: Client) -> None:
    author, topic = make.author(), make.topic()
    article = make.article(authors=[author], topics=[topic])
    subscriber.post(AUTHOR)
    for client in (stranger, subscriber):
        assert f'href="{AUTHOR}" rel="nofollow">Follow Ilse Marchetti</a>' in main_of(client, author.get_absolute_url())
        assert f'href="{TOPIC}" rel="nofollow">Follow Ports</a>' in main_of(client, topic.get_absolute_url())
        page = main_of(client, article.get_absolute_url())
        assert re.findall(r'href="(/account/following/[^"]+)"', page) == [AUTHOR, TOPIC]


@pytest.mark.parametrize("path", [AUTHOR, TOPIC])
def test_a_reader_follows_and_stops_by_a_button_and_never_by_a_link(path: str, registered: Client) -> None:
    name = an_author().name if path == AUTHOR else a_topic().name
    page = main_of(registered, path)
    assert f"Follow {name}?" in page
    assert "You follow" not in page
    assert not Follow.objects.exists()
    assert registered.post(path)["Location"] == path
    registered.post(path)
    assert Follow.objects.count() == 1
    assert f"You follow {name}" in main_of(registered, path)
    assert name in main_of(registered, LIST)
    registered.post(path, {"stop": "1"})
    assert not Follow.objects.exists()
    assert f"Follow {name}?" in main_of(registered, path)


def test_a_stranger_logs_in_and_is_back_before_the_button(stranger: Client) -> None:
    an_author()
    assert stranger.get(AUTHOR)["Location"] == f"/account/login/?next={AUTHOR}"
    assert stranger.post(AUTHOR)["Location"] == f"/account/login/?next={AUTHOR}"
    doors.ask_at_login(stranger, "new@example.org", AUTHOR)
    assert doors.type_code(stranger, doors.mailed_code("new@example.org"), AUTHOR)["Location"] == AUTHOR
    assert "Follow Ilse Marchetti?" in main_of(stranger, AUTHOR)
    assert not Follow.objects.exists()


def test_the_list_names_authors_and_topics_and_stops_each(registered: Client) -> None:
    assert "You follow nobody yet." in main_of(registered, LIST)
    an_author(), a_topic(), an_author("Pavel Okonjo")
    for path in (AUTHOR, TOPIC, "/account/following/author/pavel-okonjo/"):
        registered.post(path)
    page = main_of(registered, LIST)
    assert re.findall(r'own-list__name"><a[^>]*>([^<]+)<', page) == ["Ilse Marchetti", "Pavel Okonjo", "Ports"]
    assert registered.post(AUTHOR, {"stop": "1", "list": "1"})["Location"] == LIST
    page = main_of(registered, LIST)
    assert "You no longer follow Ilse Marchetti." in page
    assert "Pavel Okonjo" in page


def test_the_switch_of_the_daily_mail(registered: Client) -> None:
    an_author()
    registered.post(AUTHOR)
    assert "Switch the daily mail off" in main_of(registered, LIST)
    assert registered.post(f"{LIST}mail/", {"off": "1"})["Location"] == LIST
    assert "Switch the daily mail on" in main_of(registered, LIST)
    assert "Your daily mail is switched off" in main_of(registered, AUTHOR)
    a_topic()
    registered.post(TOPIC)
    assert DailyMail.objects.get().is_on is False  # following more does not switch it on again
    registered.post(f"{LIST}mail/", {"on": "1"})
    assert DailyMail.objects.get().is_on is True


def test_the_switch_works_before_anything_is_followed(registered: Client) -> None:
    registered.post(f"{LIST}mail/", {"off": "1"})
    assert "Switch the daily mail on" in main_of(registered, LIST)
    an_author()
    registered.post(AUTHOR)
    assert DailyMail.objects.get().is_on is False


@pytest.mark.attack("A17")
def test_a_reader_sees_and_changes_their_own_alone(registered: Client, subscriber: Client) -> None:
    an_author()
    subscriber.post(AUTHOR)
    assert "You follow nobody yet." in main_of(registered, LIST)
    registered.post(AUTHOR, {"stop": "1"})
    registered.post(f"{LIST}mail/", {"off": "1"})
    assert "Ilse Marchetti" in main_of(subscriber, LIST)
    assert "Switch the daily mail off" in main_of(subscriber, LIST)
    subscriber.post(AUTHOR, {"stop": "1"})
    assert "You follow nobody yet." in main_of(subscriber, LIST)


def test_its_pages_ask_for_a_login_and_a_token_and_are_kept_nowhere(stranger: Client) -> None:
    an_author()
    reader = make.logged_in(make.user())
    careless = Client(enforce_csrf_checks=True)
    careless.cookies.update(reader.cookies)
    for path in (LIST, AUTHOR):
        assert stranger.get(path)["Location"] == f"/account/login/?next={path}"
        assert reader.get(path)["Cache-Control"] == "private, no-store"
    for path in (AUTHOR, f"{LIST}mail/"):
        assert careless.post(path).status_code == 403
    assert not Follow.objects.exists()
    assert reader.get(f"{LIST}mail/").status_code == 405


def test_nobody_follows_what_is_not_there(registered: Client) -> None:
    assert registered.get(AUTHOR).status_code == 404
    an_author()
    assert registered.get(AUTHOR).status_code == 200


def test_a_limit_and_the_most_that_one_reader_may_follow_are_told_in_words(
    registered: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_author(), a_topic()
    monkeypatch.setattr(follows, "MOST", 1)
    registered.post(AUTHOR)
    assert registered.post(TOPIC)["Location"] == LIST
    assert "You follow 1 authors and topics" in main_of(registered, LIST)
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"own_lists": "2/m/key"}
    assert registered.post(AUTHOR, {"stop": "1"}).status_code == 429
    assert Follow.objects.count() == 1


def test_the_database_holds_one_row_for_one_thing_that_is_followed() -> None:
    user, author, topic = make.user(), make.author(), make.topic()
    Follow.objects.create(user=user, author=author)
    Follow.objects.create(user=user, topic=topic)
    refused = [{"author": author}, {"topic": topic}, {}, {"author": make.author("Pavel Okonjo"), "topic": topic}]
    for fields in refused:
        with pytest.raises(IntegrityError), transaction.atomic():
            Follow.objects.create(user=user, **fields)
    assert Follow.objects.count() == 2


def test_what_a_reader_follows_goes_with_them(registered: Client, subscriber: Client) -> None:
    an_author()
    registered.post(AUTHOR)
    subscriber.post(AUTHOR)
    User.objects.get(email="registered@example.org").delete()
    assert [follow.user.email for follow in Follow.objects.all()] == ["subscriber@example.org"]
    assert DailyMail.objects.count() == 1


def test_the_account_page_counts_them(registered: Client) -> None:
    an_author()
    assert "Nobody yet." in main_of(registered, "/account/")
    registered.post(AUTHOR)
    page = main_of(registered, "/account/")
    assert "You follow 1 author or topic." in page
    assert "at most once a day" in page
    registered.post(f"{LIST}mail/", {"off": "1"})
    assert "The daily mail is switched off." in main_of(registered, "/account/")


@pytest.mark.django_db(transaction=True)
def test_pressed_ten_times_at_once_it_is_one_follow() -> None:
    user, author = make.user(), make.author()
    make.article(authors=[author])
    barrier = Barrier(10)

    def press(_number: int) -> None:
        barrier.wait()
        try:
            follows.follow(user, author)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(press, range(10)))
    assert Follow.objects.count() == 1
    assert DailyMail.objects.get().told_up_to == Follow.objects.get().since > 0


# --- what is not out, and what staff delete ---------------------------------------------------------------------------


@pytest.mark.attack("L26")
@pytest.mark.parametrize("path", [AUTHOR, TOPIC])
def test_nobody_begins_to_follow_what_only_drafts_have(path: str, registered: Client) -> None:
    article = make.article(authors=[make.author()], topics=[make.topic()], status="draft")
    for response in (registered.get(path), registered.post(path), registered.post(path, {"stop": "1"})):
        assert response.status_code == 404
        assert "Marchetti" not in response.content.decode()
    assert not Follow.objects.exists()
    article.status = "published"
    article.save()
    assert registered.post(path)["Location"] == path


@pytest.mark.parametrize("path", [AUTHOR, TOPIC])
def test_who_follows_already_can_stop_when_nothing_is_out_any_more(path: str, registered: Client) -> None:
    article = make.article(authors=[make.author()], topics=[make.topic()])
    registered.post(path)
    article.status = "draft"
    article.save()
    assert "You follow" in main_of(registered, path)
    assert registered.post(path, {"stop": "1"})["Location"] == LIST
    assert not Follow.objects.exists()
    assert registered.get(path).status_code == 404


@pytest.mark.parametrize("kind", ["author", "topic"])
def test_whom_readers_follow_is_not_deleted_and_staff_are_told_why(
    kind: str, superuser: Client, registered: Client, subscriber: Client
) -> None:
    make.article(authors=[make.author("Pavel Okonjo")], topics=[make.topic("Fog")])
    row: Any = {"author": make.author, "topic": make.topic}[kind]()
    for email in ("registered@example.org", "subscriber@example.org"):
        follows.follow(User.objects.get(email=email), row)
    with pytest.raises(ProtectedError):
        row.delete()
    path = f"/admin/articles/{kind}/{row.pk}/delete/"
    selected = {"action": "delete_selected", "_selected_action": [row.pk]}
    for page in (superuser.get(path), superuser.post(f"/admin/articles/{kind}/", selected)):
        told = page.content.decode()
        assert f"2 readers follow {row}." in told
        assert f"take {row} off all articles instead" in told
        assert "Yes, I’m sure" not in told
    superuser.post(path, {"post": "yes"})
    superuser.post(f"/admin/articles/{kind}/", selected | {"post": "yes"})
    assert Follow.objects.count() == 2
    Follow.objects.all().delete()
    superuser.post(path, {"post": "yes"})
    assert not type(row).objects.filter(pk=row.pk).exists()
