"""What an article asks of everybody at a moment, and which record says so. Pure, as `paywall/access.py` is: it knows
nothing of who reads.

An opening is stronger than the article's own terms, these are stronger than the rules, and of the rules the first that
fits decides. Where nothing else is said the tier counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Ask(StrEnum):
    """What has to be given for the body."""

    OPEN = "open"  # nothing
    REGISTRATION = "registration"  # a confirmed address
    METER = "meter"  # a subscription, or a read of the allowance
    PLAN = "plan"  # a subscription; the allowance does not count
    UNKNOWN = "unknown"  # nobody knows, so that nobody gets it


class Origin(StrEnum):
    """The kind of record that says what is asked."""

    TIER = "tier"
    PREMIUM_FROM = "premium_from"  # the article's terms, as all down to PLANS
    FREE_TIME = "free_time"
    PLANS = "plans"
    RULE = "rule"
    OPENING = "opening"


ASKS_BY_TIER = {"free": Ask.OPEN, "registered": Ask.REGISTRATION, "premium": Ask.METER}


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """What the decision needs of an article. Moments are in UTC; `free_until` is exclusive, `premium_from` inclusive:
    from then on its tier is premium. `plan_ids`: of the plans one of which is needed for it, where one is.
    """

    article_id: int
    tier: str
    is_published: bool = True
    published_at: datetime | None = None
    is_preview: bool = False
    section_id: int | None = None
    series_id: int | None = None
    topic_ids: frozenset[int] = frozenset()
    author_ids: frozenset[int] = frozenset()
    free_until: datetime | None = None
    premium_from: datetime | None = None
    plan_ids: frozenset[int] = frozenset()

    def is_out(self, now: datetime) -> bool:
        return self.is_published and self.published_at is not None and self.published_at <= now

    def tier_at(self, now: datetime) -> str:
        return "premium" if self.premium_from is not None and self.premium_from <= now else self.tier


def moment_after(moment: datetime, age: timedelta) -> datetime:
    """The last that there is, where the sum lies behind it."""
    try:
        return moment + age
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """One rule. What is None or empty is not looked at; the rest has to hold together. It counts from `starts_at` on
    and until `ends_at` (UTC, exclusive), for articles that are at least `older_than` and not yet `younger_than` old.
    """

    rule_id: int
    ask: Ask
    name: str = ""
    section_id: int | None = None
    topic_id: int | None = None
    series_id: int | None = None
    author_id: int | None = None
    tier: str = ""
    older_than: timedelta | None = None
    younger_than: timedelta | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def fits(self, article: ArticleFacts, tier: str) -> bool:
        """Whether it is about such articles, whatever the time."""
        return (
            (self.section_id is None or self.section_id == article.section_id)
            and (self.series_id is None or self.series_id == article.series_id)
            and (not self.tier or self.tier == tier)
            and (self.topic_id is None or self.topic_id in article.topic_ids)
            and (self.author_id is None or self.author_id in article.author_ids)
        )

    def window(self, article: ArticleFacts) -> tuple[datetime | None, datetime | None] | None:
        """From when on and until when (exclusive) it counts for this article; None stands for no bound, and for the
        whole where it never counts.
        """
        begins, ends = self.starts_at, self.ends_at
        if self.older_than is not None or self.younger_than is not None:
            if article.published_at is None:
                return None
            if self.older_than is not None:
                aged = moment_after(article.published_at, self.older_than)
                begins = aged if begins is None else max(begins, aged)
            if self.younger_than is not None:
                aged = moment_after(article.published_at, self.younger_than)
                ends = aged if ends is None else min(ends, aged)
        return None if begins is not None and ends is not None and ends <= begins else (begins, ends)


@dataclass(frozen=True, slots=True)
class OpeningFacts:
    """A time in which a section, or without one the whole site, is open to everybody: from `starts_at` until `ends_at`
    (UTC, exclusive).
    """

    opening_id: int
    starts_at: datetime
    ends_at: datetime
    section_id: int | None = None
    name: str = ""

    def is_about(self, article: ArticleFacts) -> bool:
        return self.section_id is None or self.section_id == article.section_id

    def opens(self, article: ArticleFacts, now: datetime) -> bool:
        return self.is_about(article) and self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class Policy:
    """All that holds beside the tiers and terms of single articles. The rules stand in their order."""

    rules: tuple[RuleFacts, ...] = ()
    openings: tuple[OpeningFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked, the record that says so, and until when (UTC, exclusive) this record says it. Where it is None, no
    end is known. `plan_ids`: one of these plans is needed; empty: any will do.
    """

    ask: Ask
    origin: Origin
    until: datetime | None = None
    record_id: int | None = None
    name: str = ""
    plan_ids: frozenset[int] = frozenset()


TIERS_ALONE = Policy()


def asking_of(article: ArticleFacts, policy: Policy, now: datetime) -> Asking:
    """What the article asks of everybody at `now` (UTC). Where it is open, `until` is the moment at which it closes, by
    whichever record; else the one at which this record stops to decide.
    """
    asking = asking_by_record(article, policy, now)
    ends_at = asking.until
    while ends_at is not None:
        then = asking_by_record(article, policy, ends_at)
        if not goes_on(asking, then):
            break
        ends_at = then.until
    return asking if ends_at == asking.until else replace(asking, until=ends_at)


def goes_on(asking: Asking, then: Asking) -> bool:
    """Whether what is asked then is no change: open by whichever record, or asked by the same record."""
    if asking.ask is Ask.OPEN:
        return then.ask is Ask.OPEN
    return (asking.ask, asking.origin, asking.record_id) == (then.ask, then.origin, then.record_id)


def opens_at(article: ArticleFacts, policy: Policy, now: datetime) -> datetime | None:
    """When it is next open to everybody (UTC): `now` where it is; None where no such moment is known."""
    asking = asking_of(article, policy, now)
    while asking.ask is not Ask.OPEN:
        if asking.until is None:
            return None
        now = asking.until
        asking = asking_of(article, policy, now)
    return now


def asking_by_record(article: ArticleFacts, policy: Policy, now: datetime) -> Asking:
    """As `asking_of`, but `until` is a moment until which this one record says it for certain."""
    if article.tier not in ASKS_BY_TIER:
        return Asking(Ask.UNKNOWN, Origin.TIER)
    for opening in policy.openings:
        if opening.opens(article, now):
            return Asking(Ask.OPEN, Origin.OPENING, opening.ends_at, opening.opening_id, opening.name)
    if article.free_until is not None and now < article.free_until:
        return Asking(Ask.OPEN, Origin.FREE_TIME, article.free_until)
    if article.plan_ids:
        asking = Asking(Ask.PLAN, Origin.PLANS, plan_ids=article.plan_ids)
    else:
        asking = asking_by_rules(article, policy.rules, now)
    to_come = [
        opening.starts_at for opening in policy.openings if now < opening.starts_at and opening.is_about(article)
    ]
    if not to_come:
        return asking
    return replace(asking, until=min(to_come) if asking.until is None else min(asking.until, *to_come))


def asking_by_rules(article: ArticleFacts, rules: tuple[RuleFacts, ...], now: datetime) -> Asking:
    """The first rule that fits and counts now; else the tier. A stronger rule that begins to count later, and the
    moment from which the article is premium, end what is said now.
    """
    tier = article.tier_at(now)
    is_later_premium = article.premium_from is not None and now < article.premium_from
    until = article.premium_from if is_later_premium else None
    for rule in rules:
        if not rule.fits(article, tier):
            continue
        window = rule.window(article)
        if window is None:
            continue
        begins, ends = window
        if ends is not None and ends <= now:
            continue
        if begins is not None and now < begins:
            until = begins if until is None else min(until, begins)
            continue
        if ends is not None:
            until = ends if until is None else min(until, ends)
        return Asking(rule.ask, Origin.RULE, until, rule.rule_id, rule.name)
    origin = Origin.PREMIUM_FROM if tier != article.tier else Origin.TIER
    return Asking(ASKS_BY_TIER[tier], origin, until)
