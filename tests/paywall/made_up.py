"""Articles, policies, readers and moments that are made up, for laws that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from paywall.access import MeterFacts, ReaderFacts, Reason, Right
from paywall.asking import ArticleFacts, Ask, Asking, OpeningFacts, Policy, RuleFacts

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)  # the least that a moment differs from another by

# Few moments, plans and sections, so that they meet often.
moments = st.integers(-6, 6).map(lambda hours: NOON + timedelta(hours=hours))
ages = st.integers(0, 8).map(lambda hours: timedelta(hours=hours))
numbers = st.integers(1, 2)
plan_sets = st.frozensets(numbers, max_size=2)
tiers = st.sampled_from(["free", "registered", "premium"])

articles = st.builds(
    ArticleFacts,
    article_id=st.just(7),
    tier=tiers | st.just("?"),
    is_published=st.booleans() | st.just(True),
    published_at=moments | st.just(NOON - timedelta(hours=6)) | st.none(),
    is_preview=st.booleans(),
    section_id=numbers | st.none(),
    series_id=numbers | st.none(),
    topic_ids=plan_sets,
    author_ids=plan_sets,
    free_until=moments | st.none(),
    premium_from=moments | st.none(),
    plan_ids=st.just(frozenset[int]()) | plan_sets,
)
rules = st.builds(
    RuleFacts,
    rule_id=st.integers(1, 99),
    ask=st.sampled_from(Ask),
    section_id=numbers | st.none(),
    topic_id=numbers | st.none(),
    series_id=numbers | st.none(),
    author_id=numbers | st.none(),
    tier=st.just("") | tiers,
    older_than=ages | st.none(),
    younger_than=ages | st.none(),
    starts_at=moments | st.none(),
    ends_at=moments | st.none(),
)
wide_rules = st.builds(  # such as are about every article, so that time alone decides
    RuleFacts,
    rule_id=st.integers(1, 99),
    ask=st.sampled_from(Ask),
    starts_at=moments | st.none(),
    ends_at=moments | st.none(),
)
openings = st.builds(
    OpeningFacts,
    opening_id=st.integers(1, 99),
    starts_at=moments,
    ends_at=moments,
    section_id=numbers | st.none(),
)
policies = st.builds(
    Policy,
    rules=st.lists(rules | wide_rules, max_size=5, unique_by=lambda rule: rule.rule_id).map(tuple),
    openings=st.lists(openings, max_size=3, unique_by=lambda opening: opening.opening_id).map(tuple),
)
rights = st.builds(
    Right,
    reason=st.sampled_from(Reason),
    until=moments | st.none(),
    article_id=st.sampled_from([None, 7, 8]),
    plan_id=numbers | st.none(),
    via=st.sampled_from(["", "City Library"]),
)
readers = st.builds(
    ReaderFacts,
    is_registered=st.booleans(),
    is_staff=st.just(False) | st.booleans(),
    rights=st.lists(rights, max_size=3).map(tuple),
)
meters = st.builds(MeterFacts, allowance=st.integers(0, 4), used=st.integers(0, 5), has_read_this=st.booleans())


def boundaries(article: ArticleFacts, policy: Policy, reader: ReaderFacts | None = None) -> list[datetime]:
    """All moments at which anything could change, in their order."""

    def found() -> Iterator[datetime | None]:
        yield from (article.published_at, article.free_until, article.premium_from)
        for opening in policy.openings:
            yield from (opening.starts_at, opening.ends_at)
        for rule in policy.rules:
            yield from (rule.starts_at, rule.ends_at)
            for age in (rule.older_than, rule.younger_than):
                yield article.published_at + age if age is not None and article.published_at is not None else None
        if reader is not None:
            yield from (right.until for right in reader.rights)

    return sorted({moment for moment in found() if moment is not None})


def told(asking: Asking) -> tuple[object, ...]:
    """What of an asking is a change to readers or editors: once open, no longer by which record."""
    return (asking.ask,) if asking.ask is Ask.OPEN else (asking.ask, asking.origin, asking.record_id, asking.plan_ids)


PREMIUM = ArticleFacts(7, "premium", published_at=NOON - timedelta(days=30))
STRANGER = ReaderFacts()
