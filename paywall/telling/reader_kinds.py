"""The classes of readers, as facts: what the test bench asks the decision with. They are nobody in particular."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from paywall.access import NO_METER, MeterFacts, ReaderFacts, Reason, Right
from paywall.meters.anonymous_meter import anonymous_facts
from paywall.meters.meter import facts_by, terms_of_meter
from paywall.meters.periods import local_day
from subscriptions.models import Plan, PlanKind


@dataclass(frozen=True, slots=True)
class ReaderKind:
    key: str
    label: str
    facts: ReaderFacts
    meter: MeterFacts = NO_METER
    has_lapsed: bool = False


def reader_kinds(article_id: int, moment: datetime) -> list[ReaderKind]:
    """All of them, as they would read this article at `moment` (UTC) by the plans and the meter as these are now."""
    return [*without_rights(moment), *by_plans(moment), *by_rights(article_id)]


def without_rights(moment: datetime) -> Iterator[ReaderKind]:
    month = facts_by(terms_of_meter(), local_day(moment))
    registered = ReaderFacts(is_registered=True)
    yield from strangers(anonymous_facts(None, None, moment))
    yield ReaderKind("registered", _("registered, with reads left"), registered, month)
    has_read = _("registered, and has opened this article with a read")
    yield ReaderKind("has-read", has_read, registered, opened(month))
    yield ReaderKind("used-up", _("registered, no read left"), registered, replace(month, used=month.allowance))
    yield ReaderKind("lapsed", _("whose subscription has ended"), registered, month, has_lapsed=True)


def strangers(meter: MeterFacts) -> Iterator[ReaderKind]:
    """More than one class where they have free articles too."""
    yield ReaderKind("stranger", _("a stranger"), ReaderFacts(), meter)
    if meter.allowance:
        has_read = _("a stranger who has opened this article with a read")
        yield ReaderKind("stranger-has-read", has_read, ReaderFacts(), opened(meter))
        used_up = replace(meter, used=meter.allowance)
        yield ReaderKind("stranger-used-up", _("a stranger, no read left"), ReaderFacts(), used_up)


def opened(meter: MeterFacts) -> MeterFacts:
    """Once the article is among those that were opened, where there is an allowance for it."""
    return replace(meter, used=min(1, meter.allowance), has_read_this=meter.allowance > 0)


def by_plans(moment: datetime) -> Iterator[ReaderKind]:
    """A plan that counts its articles holds no library, but a larger allowance."""
    for plan in Plan.objects.exclude(kind=PlanKind.REGISTRATION):
        key, label = f"plan-{plan.key}", _("subscriber of “%(plan)s”") % {"plan": plan.name}
        if plan.is_light:
            month = facts_by(terms_of_meter(), local_day(moment), of_plan=plan.allowance)
            yield ReaderKind(key, label, ReaderFacts(is_registered=True), month)
        else:
            rights = (Right(Reason.SUBSCRIBER, plan_id=plan.pk),)
            yield ReaderKind(key, label, ReaderFacts(is_registered=True, rights=rights))


def by_rights(article_id: int) -> Iterator[ReaderKind]:
    def kind(key: str, label: str, right: Right, *, is_registered: bool = False) -> ReaderKind:
        return ReaderKind(key, label, ReaderFacts(is_registered=is_registered, rights=(right,)))

    yield kind("granted", _("who was granted the library"), Right(Reason.SUBSCRIBER), is_registered=True)
    holder = Right(Reason.SINGLE_ARTICLE, article_id=article_id)
    yield kind("holder", _("who holds this article"), holder, is_registered=True)
    yield kind("institution", _("in the network of an institution"), Right(Reason.INSTITUTION))
    yield kind("gift", _("with a gift link to it"), Right(Reason.GIFT, article_id=article_id))
    yield kind("mail-link", _("with the link of our mail"), Right(Reason.MAIL_LINK, article_id=article_id))
    yield kind("crawler", _("a verified crawler"), Right(Reason.CRAWLER))
    yield ReaderKind("staff", _("staff"), ReaderFacts(is_registered=True, is_staff=True))
