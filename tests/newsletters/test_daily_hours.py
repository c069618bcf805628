"""When the daily mail is sent: in the morning of the publication's time zone, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from newsletters import daily, follows
from newsroom import housekeeping
from tests import make
from tests.newsletters.test_daily_mail import DAY, EVENING, MORNING, clock, follower, go_round, told

__all__ = ["clock"]

pytestmark = pytest.mark.django_db


def moments_of_mails(clock: time_machine.Traveller, start: datetime, hours: int) -> list[datetime]:
    """When, with a round at twenty past each hour and something new in each, a follower gets a mail."""
    ilse = make.author()
    clock.move_to(start)
    user = follower(ilse)
    moments = []
    for hour in range(hours):
        clock.move_to(start + timedelta(hours=hour, minutes=20))
        make.article(authors=[ilse], published_at=timezone.now() - timedelta(minutes=1))
        before = len(mail.outbox)
        go_round()
        moments += [timezone.localtime()] * (len(mail.outbox) - before)
    assert all(message.to == [user.email] for message in mail.outbox)
    return moments


# The clocks of Berlin went back on 25 October 2026 and go forward on 28 March 2027, those of Lord Howe by half an hour;
# in Havana they go forward at midnight, so that a day begins at one.
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("UTC", datetime(2026, 11, 23, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 23, 22, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 3, 26, 23, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 2, 13, tzinfo=UTC)),
        ("America/Havana", datetime(2027, 3, 13, 5, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 12, 30, 10, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 12, 30, 11, tzinfo=UTC)),
    ],
)
def test_one_mail_each_morning_whatever_the_clocks_do(
    zone: str, start: datetime, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.TIME_ZONE = zone
    moments = moments_of_mails(clock, start, hours=24 * 3)
    assert [moment.hour for moment in moments] == [6, 6, 6]
    assert len({moment.date() for moment in moments}) == 3


def test_a_worker_that_was_away_in_the_morning_sends_when_it_is_back_and_the_next_mail_is_tomorrows(
    clock: time_machine.Traveller,
) -> None:
    ilse = make.author()
    user = follower(ilse)
    make.article(authors=[ilse], headline="One", published_at=EVENING)
    clock.move_to(MORNING + timedelta(hours=17))
    go_round()
    make.article(authors=[ilse], headline="Two", published_at=timezone.now())
    clock.shift(timedelta(minutes=50))  # past midnight
    daily.write_letters.enqueue()  # as one that was queued before it
    go_round()
    assert told(user) == ["One"]
    clock.move_to(MORNING + DAY)
    go_round()
    assert told(user) == ["One", "Two"]


@pytest.mark.parametrize("begin", ["follow", "switch on"])
def test_who_begins_in_the_afternoon_gets_the_first_mail_in_the_morning(
    begin: str, clock: time_machine.Traveller
) -> None:
    ilse = make.author()
    clock.move_to(MORNING - DAY)
    user = follower(ilse)
    if begin == "switch on":
        follows.switch_off(user.pk)
        clock.move_to(EVENING)
        follows.switch_on(user)
    else:
        go_round()
        clock.move_to(EVENING)
        follows.follow(user, ilse)
    make.article(authors=[ilse], headline="One", published_at=EVENING + timedelta(minutes=1))
    clock.shift(timedelta(hours=1))
    go_round()
    assert told(user) == []
    clock.move_to(MORNING)
    go_round()
    assert told(user) == ["One"]


def test_housekeeping_does_it(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    user = follower(ilse)
    make.article(authors=[ilse], headline="One", published_at=EVENING)
    clock.move_to(MORNING)
    housekeeping.queue_round()
    make.run_tasks()
    assert told(user) == ["One"]
