"""Following an author or a topic, and the choice of the daily mail. Only what a reader does themselves gets here."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from articles.models import Author, Topic
from newsletters.arrivals import note_arrivals
from newsletters.models import DailyMail, Follow

MOST = 500  # authors and topics that one reader may follow
MORNING = 6  # o'clock, in the publication's time; the round of housekeeping after that begins to send the mails

type Followed = Author | Topic


class TooManyFollows(Exception):
    """The reader follows as many as one may."""

    def __str__(self) -> str:
        full = _(
            "You follow %(most)d authors and topics, and one reader may follow no more. Stop following some first."
        )
        return full % {"most": MOST}


def follow(user: User, followed: Followed) -> None:
    """From the next article on. Following twice is following once. Raises TooManyFollows."""
    with transaction.atomic():
        last = note_arrivals()  # what is out already is not new to this reader
        DailyMail.objects.get_or_create(user=user, defaults={"told_up_to": last, "due_on": next_morning()})
        DailyMail.objects.select_for_update().get(user=user)  # the count holds until the row is there
        if is_followed(user, followed):
            return
        if Follow.objects.filter(user=user).count() >= MOST:
            raise TooManyFollows
        Follow.objects.create(user=user, since=last, **key_of(followed))


def stop_following(user: User, followed: Followed) -> None:
    Follow.objects.filter(user=user, **key_of(followed)).delete()


def is_followed(user: User, followed: Followed) -> bool:
    return Follow.objects.filter(user=user, **key_of(followed)).exists()


def next_morning() -> date:
    """The day of the next morning that is still to come."""
    now = timezone.localtime()
    return now.date() if now.hour < MORNING else now.date() + timedelta(days=1)


def key_of(followed: Followed) -> dict[str, Followed]:
    return {"author": followed} if isinstance(followed, Author) else {"topic": followed}


def followed_by(user: User) -> list[Followed]:
    """Authors by name, then topics by name."""
    authors = Author.objects.filter(followers__user=user)
    return [*authors, *Topic.objects.filter(followers__user=user)]


def has_mail(user: User) -> bool:
    """Whether the daily mail is on, as it is until somebody switches it off."""
    return not DailyMail.objects.filter(user=user, is_on=False).exists()


def has_chosen(user: User) -> bool:
    """Whether the reader has ever followed anybody, or switched the mail."""
    return DailyMail.objects.filter(user=user).exists()


def switch_on(user: User) -> None:
    """What came out while it was off is not sent later."""
    with transaction.atomic():
        last = note_arrivals()
        mail, is_new = DailyMail.objects.select_for_update().get_or_create(
            user=user, defaults={"told_up_to": last, "due_on": next_morning()}
        )
        if not is_new and not mail.is_on:
            mail.is_on, mail.told_up_to, mail.due_on = True, last, next_morning()
            mail.save(update_fields=["is_on", "told_up_to", "due_on"])


def switch_off(user_id: int) -> None:
    """Of a reader who is gone there is nothing to switch off."""
    if User.objects.filter(pk=user_id).exists():
        DailyMail.objects.update_or_create(user_id=user_id, defaults={"is_on": False})
