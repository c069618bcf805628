"""May this reader read this body? One pure decision over plain facts: no database, no request, no clock, no Django.

Access is added, never subtracted: whatever is unknown here stays withheld.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a body opens or not. The words for readers are in `paywall/reasons.py`."""

    FREE = "free"
    REGISTERED = "registered"
    SUBSCRIBER = "subscriber"
    SINGLE_ARTICLE = "single_article"
    METERED = "metered"
    STAFF = "staff"

    REGISTRATION_NEEDED = "registration_needed"
    SUBSCRIPTION_NEEDED = "subscription_needed"
    READ_AVAILABLE = "read_available"
    ALLOWANCE_USED = "allowance_used"
    NOT_PUBLISHED = "not_published"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """What the decision needs of an article. `tier` is `free`, `registered` or `premium`; `is_out` says whether it is
    published now; `free_until` (UTC) is the end of a time that runs now, in which everybody may read it.
    """

    article_id: int
    tier: str
    is_out: bool = True
    is_preview: bool = False
    free_until: datetime | None = None

    @property
    def is_free(self) -> bool:
        return self.tier == "free" or (self.tier in ("registered", "premium") and self.free_until is not None)


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """What the decision needs of a reader: a confirmed address, live rights and where they end (UTC, exclusive)."""

    is_registered: bool = False
    is_staff: bool = False
    has_library: bool = False
    library_until: datetime | None = None
    has_this_article: bool = False


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """The registered reader's month: articles opened so far, whether this one is among them, and the day of the next
    count.
    """

    allowance: int = 0
    used: int = 0
    has_read_this: bool = False
    renews_on: date | None = None

    @property
    def reads_left(self) -> int:
        return max(0, self.allowance - self.used)


@dataclass(frozen=True, slots=True)
class Access:
    """The decision for one article. `until` is when it must be asked again (UTC); `reads_left` is None where no meter
    counts.
    """

    article_id: int | None
    granted: bool
    reason: Reason
    until: datetime | None = None
    reads_left: int | None = None
    allowance: int | None = None
    renews_on: date | None = None


NO_METER = MeterFacts()


def opens_every_premium(reader: ReaderFacts) -> bool:
    """Whether this reader may read every premium article that is out now: as staff or with the library, never by a
    free read, a purchase of one article or a time in which one is free. Their search may look into bodies.
    """
    return reader.is_staff or reader.has_library


def withheld(article_id: int | None, reason: Reason = Reason.UNDECIDED) -> Access:
    return Access(article_id=article_id, granted=False, reason=reason)


def decide(article: ArticleFacts, reader: ReaderFacts, meter: MeterFacts = NO_METER) -> Access:
    """The one decision that every surface asks. Rights beat the meter; an unknown tier opens for staff alone."""
    if reader.is_staff:
        return Access(article.article_id, granted=True, reason=Reason.STAFF)
    if not article.is_out and not article.is_preview:
        return withheld(article.article_id, Reason.NOT_PUBLISHED)
    if article.is_free:
        return Access(article.article_id, granted=True, reason=Reason.FREE, until=article.free_until)
    match article.tier:
        case "registered" | "premium" if reader.has_library:
            return Access(article.article_id, granted=True, reason=Reason.SUBSCRIBER, until=reader.library_until)
        case "registered" | "premium" if reader.has_this_article:
            return Access(article.article_id, granted=True, reason=Reason.SINGLE_ARTICLE)
        case "registered" if reader.is_registered:
            return Access(article.article_id, granted=True, reason=Reason.REGISTERED)
        case "registered":
            return withheld(article.article_id, Reason.REGISTRATION_NEEDED)
        case "premium" if reader.is_registered:
            return decide_by_meter(article, meter)
        case "premium":
            return withheld(article.article_id, Reason.SUBSCRIPTION_NEEDED)
        case _:
            return withheld(article.article_id)


def decide_by_meter(article: ArticleFacts, meter: MeterFacts) -> Access:
    """A read opens the body only once it is recorded; until then it is merely available."""
    if meter.has_read_this:
        reason = Reason.METERED
    elif meter.allowance == 0:
        return withheld(article.article_id, Reason.SUBSCRIPTION_NEEDED)
    elif meter.reads_left > 0:
        reason = Reason.READ_AVAILABLE
    else:
        reason = Reason.ALLOWANCE_USED
    return Access(
        article_id=article.article_id,
        granted=reason is Reason.METERED,
        reason=reason,
        reads_left=meter.reads_left,
        allowance=meter.allowance,
        renews_on=meter.renews_on,
    )
