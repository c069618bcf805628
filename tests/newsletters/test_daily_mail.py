"""What the daily mail holds, for whom and when: each article once, in the morning of the publication's time zone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from articles.models import Article
from newsletters import daily, follows
from newsletters.arrivals import note_arrivals
from newsletters.models import DailyMail, Letter
from tests import make

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 11, 23, 20, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 6, 20, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller


def go_round() -> None:
    """A round of housekeeping as far as the mail is concerned, and all that it queues."""
    daily.queue_letters_of_today()
    make.run_tasks()


def told(user: User) -> list[str]:
    """The headlines of all mails to the reader, in the order in which they stand there."""
    texts = [str(message.body) for message in mail.outbox if message.to == [user.email]]
    lines = [line for text in texts for line in text.splitlines()]
    return [line for line in lines if Article.objects.filter(headline=line).exists()]


def follower(*followed: follows.Followed) -> User:
    user = make.user()
    for one in followed:
        follows.follow(user, one)
    return user


# --- what it holds --------------------------------------------------------------------------------------------------


def test_it_names_what_came_out_by_those_who_are_followed_and_nothing_else(clock: time_machine.Traveller) -> None:
    ilse, pavel, ports = make.author(), make.author("Pavel Okonjo"), make.topic()
    before = make.article(authors=[ilse], headline="Before")
    of_author, of_topic, nobody = follower(ilse), follower(ports), follower()
    later = timezone.now() + timedelta(hours=2)
    make.article(authors=[ilse], headline="By Ilse", published_at=later)
    make.article(authors=[pavel], topics=[ports], headline="About ports", published_at=later + timedelta(hours=1))
    make.article(authors=[pavel], headline="By Pavel", published_at=later)
    both = follower(ilse, ports)
    make.article(authors=[ilse], topics=[ports], headline="By both", published_at=later + timedelta(hours=2))
    clock.move_to(MORNING)
    go_round()
    assert told(of_author) == ["By both", "By Ilse"]
    assert told(of_topic) == ["By both", "About ports"]
    assert told(both) == ["By both", "About ports", "By Ilse"]
    assert told(nobody) == []
    assert len(mail.outbox) == 3
    assert before.headline not in "".join(str(message.body) for message in mail.outbox)


def test_each_article_is_told_once_however_often_the_round_is_made(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    user = follower(ilse)
    make.article(authors=[ilse], headline="One", published_at=MORNING - timedelta(hours=1))
    clock.move_to(MORNING)
    for _round in range(3):
        go_round()
    make.article(authors=[ilse], headline="Two", published_at=MORNING + timedelta(hours=1))
    clock.shift(timedelta(hours=5))
    go_round()
    assert told(user) == ["One"]
    clock.move_to(MORNING + DAY)
    go_round()
    assert told(user) == ["One", "Two"]
    clock.shift(DAY)
    go_round()
    assert len(mail.outbox) == 2  # nothing new, no mail


def test_a_scheduled_article_is_told_when_it_is_out_and_a_withdrawn_one_is_not(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    user = follower(ilse)
    make.article(authors=[ilse], headline="Tomorrow", published_at=MORNING + timedelta(hours=3))
    taken_back = make.article(authors=[ilse], headline="Taken back", published_at=EVENING)
    make.article(authors=[ilse], headline="Draft", status="draft")
    out = make.article(authors=[ilse], headline="Out", published_at=EVENING)
    note_arrivals()
    Article.objects.filter(pk=taken_back.pk).update(status="withdrawn")
    clock.move_to(MORNING)
    go_round()
    assert told(user) == ["Out"]
    assert Letter.objects.get().article_ids == [out.pk]
    clock.shift(DAY)
    go_round()
    assert told(user) == ["Out", "Tomorrow"]


def test_what_is_withdrawn_after_the_letter_was_written_is_not_in_it(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    user, other = follower(ilse), follower(make.topic())
    gone = make.article(authors=[ilse], topics=[make.topic()], headline="Gone", published_at=EVENING)
    make.article(authors=[ilse], headline="Stays", published_at=EVENING)
    clock.move_to(MORNING)
    daily.write_batch(timezone.localtime())
    Article.objects.filter(pk=gone.pk).update(status="withdrawn")
    make.run_tasks()
    assert told(user) == ["Stays"]
    assert [letter.state for letter in Letter.objects.filter(user=other)] == ["dropped"]
    assert len(mail.outbox) == 1


def test_an_article_that_is_published_under_a_past_date_is_not_missed_unless_it_is_older_than_a_week(
    clock: time_machine.Traveller,
) -> None:
    ilse = make.author()
    user = follower(ilse)
    make.article(authors=[ilse], headline="First", published_at=EVENING)
    clock.move_to(MORNING)
    go_round()
    make.article(authors=[ilse], headline="Dated back", published_at=EVENING - timedelta(days=5))
    make.article(authors=[ilse], headline="From the archive", published_at=EVENING - timedelta(days=60))
    clock.shift(DAY)
    go_round()
    assert told(user) == ["First", "Dated back"]
    Article.objects.filter(headline="First").update(published_at=timezone.now() + timedelta(hours=1))
    clock.shift(DAY)
    go_round()
    assert told(user) == ["First", "Dated back"]  # a new date is no new article


def test_who_follows_on_one_day_hears_nothing_of_the_time_before(clock: time_machine.Traveller) -> None:
    ilse, pavel = make.author(), make.author("Pavel Okonjo")
    user = follower(pavel)
    make.article(authors=[ilse], headline="Not followed yet", published_at=EVENING)
    follows.follow(user, ilse)
    clock.shift(timedelta(minutes=5))
    make.article(authors=[ilse], headline="Followed", published_at=timezone.now())
    make.article(authors=[pavel], headline="By Pavel", published_at=timezone.now())
    follows.stop_following(user, pavel)
    clock.move_to(MORNING)
    go_round()
    assert told(user) == ["Followed"]


def test_what_came_out_while_the_mail_was_off_is_not_sent_later(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    user, other = follower(ilse), follower(ilse)
    follows.switch_off(user.pk)
    make.article(authors=[ilse], headline="Meanwhile", published_at=EVENING)
    clock.move_to(MORNING)
    go_round()
    assert (told(user), told(other)) == ([], ["Meanwhile"])
    follows.switch_on(user)
    make.article(authors=[ilse], headline="Again", published_at=MORNING)
    clock.shift(DAY)
    go_round()
    assert (told(user), told(other)) == (["Again"], ["Meanwhile", "Again"])


def test_readers_of_one_batch_who_have_been_told_differently_far_are_each_told_the_rest(
    clock: time_machine.Traveller,
) -> None:
    ilse = make.author()
    user, late = follower(ilse), follower(ilse)
    User.objects.filter(pk=late.pk).update(is_active=False)
    make.article(authors=[ilse], headline="One", published_at=EVENING)
    clock.move_to(MORNING)
    go_round()
    User.objects.filter(pk=late.pk).update(is_active=True)
    make.article(authors=[ilse], headline="Two", published_at=MORNING)
    clock.shift(DAY)
    go_round()
    assert told(user) == ["One", "Two"]
    assert told(late) == ["Two", "One"]


def test_after_a_long_time_without_a_worker_the_last_week_is_told(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    user = follower(ilse)
    make.article(authors=[ilse], headline="Long ago", published_at=EVENING)
    note_arrivals()
    clock.shift(timedelta(days=20))
    make.article(authors=[ilse], headline="Lately", published_at=timezone.now() - timedelta(days=2))
    go_round()
    assert told(user) == ["Lately"]


def test_of_very_many_articles_the_newest_are_named_and_the_others_counted(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "MOST_ARTICLES", 2)
    ilse = make.author()
    user = follower(ilse)
    for number in range(5):
        make.article(authors=[ilse], headline=f"Number {number}", published_at=EVENING + timedelta(minutes=number))
    clock.move_to(MORNING)
    go_round()
    assert told(user) == ["Number 4", "Number 3"]
    assert mail.outbox[0].subject == "Number 4, and 4 more"
    assert "And 3 articles more:" in str(mail.outbox[0].body)


# --- to whom --------------------------------------------------------------------------------------------------------


def test_only_to_confirmed_addresses_of_active_accounts(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    unconfirmed, inactive, moved, fine = (follower(ilse) for _number in range(4))
    unconfirmed.emailaddress_set.update(verified=False)
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    User.objects.filter(pk=moved.pk).update(email="not-confirmed-yet@example.org")
    make.article(authors=[ilse], published_at=EVENING)
    clock.move_to(MORNING)
    go_round()
    assert [message.to for message in mail.outbox] == [[fine.email]]
    assert list(DailyMail.objects.filter(due_on__gt=MORNING.date()).values_list("user", flat=True)) == [fine.pk]


def test_what_changes_between_writing_and_sending_counts(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    off, inactive, unconfirmed, moved = (follower(ilse) for _number in range(4))
    make.article(authors=[ilse], published_at=EVENING)
    clock.move_to(MORNING)
    daily.write_batch(timezone.localtime())
    follows.switch_off(off.pk)
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    unconfirmed.emailaddress_set.update(verified=False)
    moved.emailaddress_set.update(email="moved@example.org")
    User.objects.filter(pk=moved.pk).update(email="moved@example.org")
    make.run_tasks()
    assert [message.to for message in mail.outbox] == [["moved@example.org"]]
    assert Letter.objects.filter(state="dropped").count() == 3


# --- how much it costs, and many at once ----------------------------------------------------------------------------


def test_a_batch_of_many_readers_takes_as_many_queries_as_one_of_two(clock: time_machine.Traveller) -> None:
    ilse, ports = make.author(), make.topic()
    make.article(published_at=EVENING)
    costs = []
    for number in (2, 12):
        for _reader in range(number):
            follower(ilse, ports)
        for _article in range(number):
            make.article(authors=[ilse], topics=[ports], published_at=timezone.now())
        clock.shift(DAY)
        with CaptureQueriesContext(connection) as queries:
            assert daily.write_batch(timezone.localtime()) >= number
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_batches_follow_one_another_until_all_are_done(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "BATCH", 2)
    monkeypatch.setattr("newsletters.letters.BATCH", 2)
    ilse = make.author()
    users = [follower(ilse) for _number in range(5)]
    make.article(authors=[ilse], published_at=EVENING)
    clock.move_to(MORNING)
    go_round()
    assert sorted(message.to[0] for message in mail.outbox) == sorted(user.email for user in users)
    assert DBTaskResult.objects.filter(task_path="newsletters.daily.write_letters").count() == 3


def test_a_batch_that_fails_half_way_leaves_nothing_behind_and_is_done_again(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ilse = make.author()
    user = follower(ilse)
    make.article(authors=[ilse], headline="One", published_at=EVENING)
    clock.move_to(MORNING)
    with monkeypatch.context() as patch:
        patch.setattr(daily, "queue_letters", lambda _letters: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            daily.write_batch(timezone.localtime())
    assert not Letter.objects.exists()
    go_round()
    assert told(user) == ["One"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_each_reader_one_letter() -> None:
    ilse = make.author()
    with time_machine.travel(EVENING, tick=False) as clock:
        users = [follower(ilse) for _number in range(6)]
        for _number in range(4):
            make.article(authors=[ilse], published_at=EVENING)
        clock.move_to(MORNING)
        barrier = threading.Barrier(4)

        def work(_number: int) -> int:
            barrier.wait()
            try:
                return daily.write_batch(timezone.localtime())
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == len(users)
        make.run_tasks()
    assert sorted(message.to[0] for message in mail.outbox) == sorted(user.email for user in users)
    assert [len(letter.article_ids) for letter in Letter.objects.all()] == [4] * 6


@pytest.mark.django_db(transaction=True)
def test_arrivals_that_are_noted_at_once_are_numbered_once() -> None:
    for _number in range(5):
        make.article()
    barrier = threading.Barrier(5)

    def note(_number: int) -> int:
        barrier.wait()
        try:
            return note_arrivals()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(note, range(5)))) == 1
