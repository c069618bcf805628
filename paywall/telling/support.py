"""What a reader is told of an article, for who answers readers: the same sentence by the same functions, and the facts
behind it. Nothing is spent and nothing is asked of Stripe for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from articles.models import Article
from articles.moments import moment_in_words
from paywall.access import MeterFacts, Reason, Right
from paywall.readers import reader_of_user
from paywall.telling.answers import Answer, answer_at, answer_now
from subscriptions.models import Plan


@dataclass(frozen=True, slots=True)
class HeldRight:
    """One right in words: what it is, by which plan or whom, until when, and whether it opens this article then."""

    what: str
    via: str
    until: str
    opens: bool


@dataclass(frozen=True, slots=True)
class Explained:
    answer: Answer
    rights: tuple[HeldRight, ...]
    has_subscription: bool


def explain(user: User, article: Article, moment: datetime, *, is_now: bool) -> Explained:
    """For a moment (UTC) that is not now: by the records as they stand. Whatever was written on the way, such as the
    question to Stripe where a subscription seems overdue, is taken back.
    """
    with transaction.atomic():
        reader = reader_of_user(user, moment, is_now=is_now)
        answer = answer_now(article, reader, moment) if is_now else answer_at(article, reader, moment)
        transaction.set_rollback(True)
    return Explained(answer, tuple(held_rights(answer, article, moment)), reader.entitlement.has_subscription)


def held_rights(answer: Answer, article: Article, moment: datetime) -> Iterator[HeldRight]:
    names = dict(Plan.objects.values_list("pk", "name"))
    for right in answer.reader.rights:
        yield HeldRight(
            what=scope_in_words(right),
            via=right.via or names.get(right.plan_id or 0, "") or kind_in_words(right.reason),
            until="" if right.until is None else moment_in_words(right.until),
            opens=right.opens(answer.facts, answer.facts.plan_ids, moment),
        )


def scope_in_words(right: Right) -> str:
    return _("The whole library") if right.article_id is None else _("This article")


def kind_in_words(reason: Reason) -> str:
    return {
        Reason.SUBSCRIBER: _("granted or subscribed, by no plan that is known"),
        Reason.SINGLE_ARTICLE: _("granted"),
        Reason.INSTITUTION: _("institution"),
        Reason.MAIL_LINK: _("link in a mail"),
        Reason.GIFT: _("gift"),
    }.get(reason, str(reason))


def meter_in_words(meter: MeterFacts) -> str:
    """The reader's period as it counts for the answer; empty where it did not have to be asked."""
    if not meter.allowance:
        return ""
    words = _("%(used)d of %(allowance)d used.") % {"used": meter.used, "allowance": meter.allowance}
    return f"{words} {_('This article is among them.')}" if meter.has_read_this else words
