"""What the state of an article is in words, what it needs before it goes out, and the steps between states.

Nothing here asks who may take them.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from articles.models import Article, Photo, Section, Status
from articles.moments import staff_moment_in_words


def state_in_words(article: Article, now: datetime) -> str:
    if article.status == Status.PUBLISHED and article.published_at is not None and not article.is_out(now):
        return _("scheduled for %(moment)s") % {"moment": staff_moment_in_words(article.published_at)}
    return str(Status(article.status).label)


def missing_to_publish(*, section: Section | None, photo: Photo | None, has_body: bool) -> dict[str, str]:
    """What keeps an article from going out: a sentence for each field that wants something."""
    missing = {}
    if section is None:
        missing["section"] = _("Choose a section: an article without one cannot go out.")
    if not has_body:
        missing["body"] = _("Write the body: an article without one cannot go out.")
    if photo is not None and not photo.alt.strip():
        missing["photo"] = _("This photo has no alternative text. Say what it shows, for those who cannot see it.")
    return missing


def publish(article: Article, now: datetime) -> None:
    """Out from this moment on. A date in the past is kept: the article has been out before, or is an old one."""
    article.status = Status.PUBLISHED
    article.published_at = published_at_for(article.published_at, now)
    article.save(update_fields=["status", "published_at", "modified_at"])


def published_at_for(given: datetime | None, now: datetime) -> datetime:
    """The date of an article that goes out at `now`."""
    return now if given is None or given > now else given


def withdraw(article: Article) -> None:
    article.status = Status.WITHDRAWN
    article.save(update_fields=["status", "modified_at"])
