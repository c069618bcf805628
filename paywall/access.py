"""May this reader read this body? One pure decision over plain facts: no database, no request, no clock, no Django.

Access is added, never subtracted: whatever is unknown here stays withheld.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from paywall.asking import TIERS_ALONE, ArticleFacts, Ask, Asking, Policy, asking_of


class Reason(StrEnum):
    """Why a body opens or not. The words for readers are in `paywall/telling/reasons.py`."""

    FREE = "free"
    REGISTERED = "registered"
    SUBSCRIBER = "subscriber"
    SINGLE_ARTICLE = "single_article"
    INSTITUTION = "institution"
    MAIL_LINK = "mail_link"
    GIFT = "gift"
    CRAWLER = "crawler"
    METERED = "metered"
    STAFF = "staff"

    REGISTRATION_NEEDED = "registration_needed"
    SUBSCRIPTION_NEEDED = "subscription_needed"
    PLAN_NEEDED = "plan_needed"
    READ_AVAILABLE = "read_available"
    ALLOWANCE_USED = "allowance_used"
    NOT_PUBLISHED = "not_published"
    UNDECIDED = "undecided"


# Of two rights the one that is named to its reader. What a right is not listed for, it does not open.
RIGHTS = (
    Reason.SUBSCRIBER,
    Reason.SINGLE_ARTICLE,
    Reason.INSTITUTION,
    Reason.MAIL_LINK,
    Reason.GIFT,
    Reason.CRAWLER,
)
# A gift gives what a registered reader would get for a read.
OPENS_EVERY_BLOCK = frozenset(RIGHTS) - {Reason.GIFT}


@dataclass(frozen=True, slots=True)
class Right:
    """What a reader holds: the library or, with `article_id`, one article; until a moment (UTC, exclusive) or without a
    known end. `plan_id` is the plan by which it is held; a right without one counts as any. `via` names who gave it.
    """

    reason: Reason
    until: datetime | None = None
    article_id: int | None = None
    plan_id: int | None = None
    via: str = ""

    def opens(self, article: ArticleFacts, plan_ids: frozenset[int], now: datetime) -> bool:
        return (
            self.reason in RIGHTS
            and (self.until is None or now < self.until)
            and (self.article_id is None or self.article_id == article.article_id)
            and (not plan_ids or self.plan_id is None or self.plan_id in plan_ids)
        )


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """What the decision needs of a reader: a confirmed address, and what is held."""

    is_registered: bool = False
    is_staff: bool = False
    rights: tuple[Right, ...] = ()


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """A reader's period: articles opened so far, whether this one is among them, and the day on which the next read
    comes. In a rolling window reads come back one by one. `is_plans`: they are paid for, by a plan that counts.
    """

    allowance: int = 0
    used: int = 0
    has_read_this: bool = False
    renews_on: date | None = None
    is_rolling: bool = False
    is_plans: bool = False

    @property
    def reads_left(self) -> int:
        return max(0, self.allowance - self.used)


@dataclass(frozen=True, slots=True)
class Access:
    """The decision for one article. `until` is when it must be asked again (UTC); `reads_left` is None where no meter
    counts; `asking` is what the article asks of everybody, and by which record; `via` names who gave the right.
    `opens_every_block`: whether also the parts that are for subscribers alone.
    """

    article_id: int | None
    granted: bool
    reason: Reason
    until: datetime | None = None
    opens_every_block: bool = False
    reads_left: int | None = None
    allowance: int | None = None
    renews_on: date | None = None
    is_rolling: bool = False
    is_plans: bool = False
    via: str = ""
    asking: Asking | None = None


NO_METER = MeterFacts()


def withheld(article_id: int | None, reason: Reason = Reason.UNDECIDED, asking: Asking | None = None) -> Access:
    return Access(article_id=article_id, granted=False, reason=reason, asking=asking)


def decide(
    article: ArticleFacts,
    reader: ReaderFacts,
    now: datetime,
    *,
    policy: Policy = TIERS_ALONE,
    meter: MeterFacts = NO_METER,
) -> Access:
    """The one decision that every surface asks, for the moment `now` (UTC). Rights beat the meter; the unknown opens
    for staff alone.
    """
    asking = asking_of(article, policy, now)
    if reader.is_staff:
        return Access(article.article_id, granted=True, reason=Reason.STAFF, opens_every_block=True, asking=asking)
    if not article.is_out(now) and not article.is_preview:
        return withheld(article.article_id, Reason.NOT_PUBLISHED, asking)
    right = best_right(article, reader, article.plan_ids, now)
    match asking.ask:
        case Ask.OPEN:
            opens_every_block = right is not None and right.reason in OPENS_EVERY_BLOCK
            return Access(article.article_id, True, Reason.FREE, asking.until, opens_every_block, asking=asking)
        case Ask.REGISTRATION | Ask.METER | Ask.PLAN if right is not None:
            return granted_by(right, article, asking)
        case Ask.REGISTRATION if reader.is_registered:
            return Access(article.article_id, True, Reason.REGISTERED, asking.until, asking=asking)
        case Ask.REGISTRATION:
            return withheld(article.article_id, Reason.REGISTRATION_NEEDED, asking)
        case Ask.METER:
            return decide_by_meter(article, meter, asking)
        case Ask.PLAN if best_right(article, reader, frozenset(), now) is not None:
            return withheld(article.article_id, Reason.PLAN_NEEDED, asking)
        case Ask.PLAN:
            return withheld(article.article_id, Reason.SUBSCRIPTION_NEEDED, asking)
        case _:
            return withheld(article.article_id, asking=asking)


def best_right(article: ArticleFacts, reader: ReaderFacts, plan_ids: frozenset[int], now: datetime) -> Right | None:
    """Of the rights that open the article the first in the order of RIGHTS; of two of a kind the one that lasts."""
    opening = [right for right in reader.rights if right.opens(article, plan_ids, now)]
    return min(opening, key=precedence, default=None)


def precedence(right: Right) -> tuple[int, bool, float]:
    ends_in = 0.0 if right.until is None else -right.until.timestamp()
    return RIGHTS.index(right.reason), right.until is not None, ends_in


def granted_by(right: Right, article: ArticleFacts, asking: Asking) -> Access:
    return Access(
        article_id=article.article_id,
        granted=True,
        reason=right.reason,
        until=right.until,
        opens_every_block=right.reason in OPENS_EVERY_BLOCK,
        via=right.via,
        asking=asking,
    )


def decide_by_meter(article: ArticleFacts, meter: MeterFacts, asking: Asking) -> Access:
    """A read opens the body only once it is recorded; until then it is merely available."""
    if meter.has_read_this:
        reason = Reason.METERED
    elif meter.allowance == 0:
        return withheld(article.article_id, Reason.SUBSCRIPTION_NEEDED, asking)
    elif meter.reads_left > 0:
        reason = Reason.READ_AVAILABLE
    else:
        reason = Reason.ALLOWANCE_USED
    return Access(
        article_id=article.article_id,
        granted=reason is Reason.METERED,
        reason=reason,
        until=asking.until,
        reads_left=meter.reads_left,
        allowance=meter.allowance,
        renews_on=meter.renews_on,
        is_rolling=meter.is_rolling,
        is_plans=meter.is_plans,
        asking=asking,
    )


def holds_library(reader: ReaderFacts, now: datetime) -> bool:
    """Whether a live right to the whole library is held, by whichever plan."""
    return bool(library_plans(reader, now))


def library_plans(reader: ReaderFacts, now: datetime) -> frozenset[int | None]:
    """The plans by which a live right to the whole library is held; None among them stands for any plan."""
    return frozenset(
        right.plan_id
        for right in reader.rights
        if right.article_id is None and right.reason in RIGHTS and (right.until is None or now < right.until)
    )


def opens_every_premium(reader: ReaderFacts, now: datetime) -> bool:
    """Whether this reader may read every premium article that is out now and asks for no plan of its own: as staff or
    with the library, never by a free read, a purchase of one article or a time in which one is free. Their search may
    look into bodies.
    """
    return reader.is_staff or holds_library(reader, now)
