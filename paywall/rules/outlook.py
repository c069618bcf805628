"""What one article asks of everybody from now on, in lines for staff: rules, openings and its own terms together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from articles.models import Article
from articles.moments import staff_moment_in_words
from paywall.asking import Ask, Asking, Origin, asking_of
from paywall.marks import plan_names
from paywall.policy import policy_of
from paywall.terms import recorded_facts

MOST_LINES = 6


def outlook_of(article: Article, now: datetime) -> list[str]:
    """Now, and after each change that is known to come; from its publication on where that lies ahead. By the records
    as they stand.
    """
    policy = policy_of(now)
    facts = recorded_facts(article, policy)
    begins = now
    if article.published_at is not None and article.published_at > now:
        begins = article.published_at
    lines = list(lines_from(begins, now, lambda moment: asking_of(facts, policy, moment)))
    if facts.published_at is None:
        lines.append(_("What is counted from its publication comes to it then."))
    return lines


def lines_from(begins: datetime, now: datetime, ask: Callable[[datetime], Asking]) -> Iterator[str]:
    moment: datetime | None = begins
    last: Asking | None = None
    number = 0
    while moment is not None and number < MOST_LINES:
        asking = ask(moment)
        if last is None or (asking.ask, asking.plan_ids) != (last.ask, last.plan_ids):
            told = {"who": who(asking), "why": why(asking), "moment": staff_moment_in_words(moment)}
            words = _("Now: %(who)s (%(why)s).") if moment == now else _("From %(moment)s: %(who)s (%(why)s).")
            yield words % told
            number += 1
        last, moment = asking, asking.until


def who(asking: Asking) -> str:
    match asking.ask:
        case Ask.OPEN:
            return _("open to everybody")
        case Ask.REGISTRATION:
            return _("registered readers")
        case Ask.METER:
            return _("subscribers, or one of the free articles")
        case Ask.PLAN if asking.plan_ids:
            return _("subscribers of %(names)s") % {"names": _(" or ").join(plan_names(asking.plan_ids))}
        case Ask.PLAN:
            return _("subscribers alone")
    return _("nobody")


def why(asking: Asking) -> str:
    match asking.origin:
        case Origin.OPENING:
            return _("an opening")
        case Origin.RULE:
            return _("the rule “%(name)s”") % {"name": asking.name}
        case Origin.TIER:
            return _("its tier")
    return _("its own terms")
