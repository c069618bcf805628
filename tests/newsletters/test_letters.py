"""Sending the daily mail: what stands in it and in its head, once each, whatever the mail server or a worker does."""

from __future__ import annotations

import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from articles.models import Article, Author
from newsletters import letters
from newsletters.models import DailyMail, Letter
from newsroom import housekeeping, lost_tasks
from paywall.models import ArticleTerms
from tests import make
from tests.newsletters.test_daily_mail import DAY, EVENING, MORNING, clock, follower, go_round

__all__ = ["clock"]

pytestmark = pytest.mark.django_db

AWAY = [ConnectionRefusedError(111, "refused"), TimeoutError(), smtplib.SMTPServerDisconnected("gone")]


def parts(message: Any) -> list[str]:
    """Every part of the mail as its reader gets it, decoded, and its head."""
    made: Message = message.message()
    payloads = [part.get_payload(decode=True) for part in made.walk() if not part.is_multipart()]
    return [payload.decode() for payload in payloads if isinstance(payload, bytes)] + [
        f"{name}: {value}" for name, value in made.items()
    ]


def one_letter(clock: time_machine.Traveller, **fields: Any) -> tuple[User, Article]:
    """A reader to whom one article is mailed."""
    ilse = Author.objects.filter(slug="ilse-marchetti").first() or make.author()
    user = follower(ilse)
    article = make.article(authors=[ilse], published_at=EVENING, **fields)
    clock.move_to(MORNING)
    go_round()
    return user, article


# --- what stands in it ----------------------------------------------------------------------------------------------


def test_it_says_what_is_new_by_whom_how_long_and_for_whom(clock: time_machine.Traveller, settings: Any) -> None:
    settings.SITE_URL = "https://review.example"
    ilse, pavel = make.author(), make.author("Pavel Okonjo")
    user = follower(ilse)
    for number, tier in enumerate(("free", "registered", "premium", "premium")):
        fields = {"headline": f"Headline {number}", "slug": f"headline-{number}", "standfirst": f"Standfirst {number}."}
        published_at = EVENING - timedelta(minutes=number)
        article = make.article(authors=[ilse, pavel], tier=tier, published_at=published_at, **fields)
    ArticleTerms.objects.create(article=article, free_until=MORNING + DAY)
    clock.move_to(MORNING)
    go_round()
    (message,) = mail.outbox
    assert message.to == [user.email]
    assert message.subject == "Headline 0, and 3 more"
    text = str(message.body)
    names = "Ilse Marchetti and Pavel Okonjo"
    for number, who in enumerate(("free to read", "for registered readers", "for subscribers", "free to read")):
        said = f"Headline {number}\nStandfirst {number}.\n{names} · 2 minutes · {who}\n"
        assert f"\n\n{said}https://review.example/articles/headline-{number}/\n" in text
    assert "https://review.example/account/following/" in text
    assert "\n\n\n" not in text
    (html,) = [part for part in parts(message) if "<html" in part]
    assert 'href="https://review.example/articles/headline-0/"' in html
    assert "Headline 0" in html


def test_one_article_alone_is_the_subject(clock: time_machine.Traveller) -> None:
    one_letter(clock, headline="The lamps & the quay")
    assert mail.outbox[0].subject == "The lamps & the quay"
    assert "The lamps & the quay\nWhat the harbour saw." in str(mail.outbox[0].body)


def test_its_head_says_that_it_is_a_list_and_how_to_leave_it(clock: time_machine.Traveller, settings: Any) -> None:
    settings.SITE_URL = "https://review.example"
    user, _article = one_letter(clock)
    headers = mail.outbox[0].message()
    assert headers["List-Id"] == "<daily.review.example>"
    assert headers["List-Unsubscribe"].startswith(f"<https://review.example/account/mail/stop/{user.pk}.")
    assert headers["List-Unsubscribe"].endswith("/>")
    assert headers["List-Unsubscribe"].strip("<>") in str(mail.outbox[0].body)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Precedence"] == "bulk"


@pytest.mark.attack("L33")
@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
@pytest.mark.parametrize("is_subscriber", [False, True])
def test_no_part_of_it_holds_a_word_of_a_body_or_a_teaser(
    tier: str, is_subscriber: bool, clock: time_machine.Traveller
) -> None:
    ilse = make.author()
    user = follower(ilse)
    if is_subscriber:
        make.grant(user)
    whole = make.article(authors=[ilse], tier=tier, published_at=EVENING)
    bare = make.article(authors=[ilse], tier=tier, published_at=EVENING, standfirst="")
    clock.move_to(MORNING)
    go_round()
    (message,) = mail.outbox
    everything = "\n".join(parts(message))
    assert whole.headline in everything
    assert whole.standfirst in everything
    assert bare.headline in everything
    for word in (whole.sentinel, bare.sentinel, "ferry left before dawn", "clerks wrote down"):
        assert word not in everything
        assert all(word not in str(task.args_kwargs) for task in DBTaskResult.objects.all())


@pytest.mark.attack("L32")
def test_there_is_no_mail_to_view_in_the_browser_and_its_links_open_nothing(
    clock: time_machine.Traveller, stranger: Client, settings: Any
) -> None:
    user, article = one_letter(clock)
    make.grant(user)
    addresses = [line for line in str(mail.outbox[0].body).splitlines() if line.startswith("http")]
    paths = [address.removeprefix(settings.SITE_URL) for address in addresses]
    assert paths[:2] == [article.get_absolute_url(), "/account/following/"]
    assert [path.rpartition("/account/mail/stop/")[1] for path in paths[2:]] == ["/account/mail/stop/", ""]
    for path in filter(None, paths):
        assert article.sentinel not in stranger.get(path).content.decode()
    assert article.sentinel in make.logged_in(user).get(paths[0]).content.decode()


@pytest.mark.attack("E02")
def test_a_headline_or_a_name_over_two_lines_begins_no_header(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    user = follower(ilse)
    Author.objects.update(name="Ilse\r\nBcc: all@example.org")
    hostile = "Lamps\r\nBcc: all@example.org\n\nTo: all@example.org" + "x" * 180
    make.article(authors=[ilse], published_at=EVENING, headline=hostile)
    clock.move_to(MORNING)
    go_round()
    (message,) = mail.outbox
    assert message.recipients() == [user.email]
    assert message.message()["Bcc"] is None
    assert message.subject.startswith("Lamps Bcc: all@example.org To:")
    assert len(message.subject) <= 200


@pytest.mark.attack("E01")
def test_nobody_is_mailed_who_has_not_logged_in_and_nobody_twice_a_day(
    stranger: Client, clock: time_machine.Traveller
) -> None:
    authors = [make.author(f"Author Number {number}") for number in range(10)]
    reader = make.user("reader@example.org")
    User.objects.create_user("victim@example.org")
    logged_in = make.logged_in(reader)
    for author in authors:
        make.article(authors=[author], published_at=EVENING - timedelta(days=30))
        path = f"/account/following/author/{author.slug}/"
        for _time in range(5):
            stranger.post(path, {"email": "victim@example.org"})
            logged_in.post(path, {"email": "victim@example.org"})
        make.article(authors=[author], published_at=EVENING)
    clock.move_to(MORNING - timedelta(minutes=30))
    for _hour in range(18):
        go_round()
        clock.shift(timedelta(hours=1))
    assert [message.to for message in mail.outbox] == [["reader@example.org"]]


# --- once each ------------------------------------------------------------------------------------------------------


def run_for(clock: time_machine.Traveller, hours: float) -> None:
    for _minute in range(int(hours * 12)):
        make.run_tasks()
        clock.shift(timedelta(minutes=5))


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_a_server_that_is_away_for_hours_gets_each_mail_once(
    error: Exception, mail_server: list[BaseException], clock: time_machine.Traveller
) -> None:
    ilse = make.author()
    users = [follower(ilse) for _number in range(3)]
    make.article(authors=[ilse], published_at=EVENING)
    mail_server += [error] * 4
    clock.move_to(MORNING)
    go_round()
    assert len(mail_server) == 3  # who is away is not asked for each of the others
    assert mail.outbox == []
    run_for(clock, 3)
    assert sorted(message.to[0] for message in mail.outbox) == sorted(user.email for user in users)
    assert set(Letter.objects.values_list("state", flat=True)) == {"sent"}


def test_one_address_that_is_refused_for_now_or_for_good_keeps_nobody_waiting(
    mail_server: list[BaseException], clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    ilse = make.author()
    users = [follower(ilse) for _number in range(3)]
    make.article(authors=[ilse], published_at=EVENING)
    for_good = smtplib.SMTPRecipientsRefused({users[0].email: (550, b"no such user")})
    for_now = smtplib.SMTPRecipientsRefused({users[1].email: (450, b"greylisted")})
    mail_server += [for_good, for_now]
    clock.move_to(MORNING)
    go_round()
    assert [message.to for message in mail.outbox] == [[users[2].email]]
    run_for(clock, 1)
    assert [message.to for message in mail.outbox] == [[users[2].email], [users[1].email]]
    assert [letter.state for letter in Letter.objects.all()] == ["failed", "sent", "sent"]
    assert "@" not in caplog.text


def test_a_server_that_stays_away_is_given_up_within_a_day(
    mail_server: list[BaseException], clock: time_machine.Traveller
) -> None:
    mail_server += [ConnectionRefusedError()] * 99
    one_letter(clock)
    run_for(clock, 20)
    assert Letter.objects.get().state == "failed"
    assert len(mail_server) == 99 - 1 - len(letters.WAITS)


def test_a_task_that_is_run_twice_sends_no_second_mail(clock: time_machine.Traveller) -> None:
    user, _article = one_letter(clock)
    letters.send_letters.enqueue(pks=[Letter.objects.get().pk])
    DBTaskResult.objects.filter(task_path="newsletters.letters.send_letters").update(status="READY", finished_at=None)
    DBTaskResult.objects.filter(task_path="newsletters.daily.write_letters").update(status="READY", finished_at=None)
    make.run_tasks()
    assert [message.to for message in mail.outbox] == [[user.email]]


def test_what_a_killed_worker_had_in_hand_is_not_sent_again_and_the_rest_is(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Killed(BaseException):
        """As if the process had ended."""

    ilse = make.author()
    users = [follower(ilse) for _number in range(3)]
    make.article(authors=[ilse], published_at=EVENING)
    clock.move_to(MORNING)
    settle = letters.settle

    def die(letter: Letter, state: str) -> None:
        if letter.user == users[1]:
            raise Killed
        settle(letter, state)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(letters, "settle", die)
        go_round()
    task = DBTaskResult.objects.get(task_path="newsletters.letters.send_letters")
    assert lost_tasks.may_repeat(task)
    lost_tasks.put_back(task)
    make.run_tasks()
    assert [message.to[0] for message in mail.outbox] == [user.email for user in users]
    clock.shift(timedelta(hours=2))
    housekeeping.queue_round()
    make.run_tasks()
    assert len(mail.outbox) == 3
    assert [letter.state for letter in Letter.objects.all()] == ["sent", "failed", "sent"]
    assert "1 letters given up: their worker is lost" in caplog.text


def test_letters_whose_task_was_lost_are_queued_again_and_old_ones_forgotten(clock: time_machine.Traveller) -> None:
    user, _article = one_letter(clock)
    mail.outbox.clear()
    Letter.objects.update(state="waiting", attempts=2)
    letters.tidy()
    letters.tidy()
    assert DBTaskResult.objects.filter(task_path="newsletters.letters.send_letters", status="READY").count() == 1
    make.run_tasks()
    assert [message.to for message in mail.outbox] == [[user.email]]
    clock.shift(timedelta(days=31))
    letters.tidy()
    assert not Letter.objects.exists()
    assert DailyMail.objects.count() == 1


def test_a_code_does_not_wait_behind_it() -> None:
    assert letters.send_letters.priority < 0
    assert letters.BATCH <= 20


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_one_letter_send_one_mail() -> None:
    user = make.user()
    DailyMail.objects.create(user=user)
    article = make.article()
    letter = Letter.objects.create(user=user, day=timezone.localdate(), article_ids=[article.pk])
    barrier = threading.Barrier(4)

    def work(_number: int) -> None:
        barrier.wait()
        try:
            letters.send_letters.call(pks=[letter.pk])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert [message.to for message in mail.outbox] == [[user.email]]
