"""Every end and every beginning is kept to the microsecond, for all that can be made up."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from paywall.access import (
    RIGHTS,
    MeterFacts,
    ReaderFacts,
    Reason,
    Right,
    decide,
    holds_library,
)
from paywall.asking import (
    ArticleFacts,
    Ask,
    OpeningFacts,
    Policy,
    RuleFacts,
    asking_by_record,
    asking_of,
    opens_at,
)
from tests.paywall.made_up import (
    MOMENT,
    NOON,
    PREMIUM,
    STRANGER,
    ages,
    articles,
    boundaries,
    meters,
    moments,
    policies,
    readers,
    told,
)


@given(articles, policies, readers, meters, moments)
def test_what_is_granted_stays_so_until_the_moment_that_is_named(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime
) -> None:
    access = decide(article, reader, now, policy=policy, meter=meter)
    if not access.granted:
        return
    assert access.until is None or now < access.until
    for moment in (*boundaries(article, policy, reader), NOON + timedelta(days=999)):
        for then in (moment - MOMENT, moment, moment + MOMENT):
            if now <= then and (access.until is None or then < access.until):
                assert decide(article, reader, then, policy=policy, meter=meter).granted, then


@given(articles, policies, moments)
def test_what_is_asked_is_asked_until_the_moment_that_is_named_and_no_longer(
    article: ArticleFacts, policy: Policy, now: datetime
) -> None:
    """Against all boundaries one after the other."""
    asking = asking_of(article, policy, now)
    later = [moment for moment in boundaries(article, policy) if moment > now]
    changes = [moment for moment in later if told(asking_by_record(article, policy, moment)) != told(asking)]
    assert asking.until == (changes[0] if changes else None)
    for moment in later:
        if asking.until is None or moment <= asking.until:
            assert told(asking_by_record(article, policy, moment - MOMENT)) == told(asking)


@given(articles, policies, moments)
def test_when_an_article_opens_is_the_first_moment_at_which_it_is_open(
    article: ArticleFacts, policy: Policy, now: datetime
) -> None:
    tried = [now, *(moment for moment in boundaries(article, policy) if moment > now)]
    opened = [moment for moment in tried if asking_of(article, policy, moment).ask is Ask.OPEN]
    assert opens_at(article, policy, now) == (opened[0] if opened else None)


@given(moments)
def test_a_free_time_is_over_at_its_end_and_not_before(end: datetime) -> None:
    article = dataclasses.replace(PREMIUM, free_until=end)
    assert decide(article, STRANGER, end - MOMENT).granted
    assert not decide(article, STRANGER, end).granted


@given(moments)
def test_an_article_is_premium_from_its_moment_on(begins: datetime) -> None:
    article = dataclasses.replace(PREMIUM, tier="free", premium_from=begins)
    assert decide(article, STRANGER, begins - MOMENT).granted
    assert not decide(article, STRANGER, begins).granted


@given(moments, moments, st.none() | st.just(2))
def test_an_opening_opens_from_its_beginning_until_just_before_its_end(
    starts: datetime, ends: datetime, section_id: int | None
) -> None:
    article = dataclasses.replace(PREMIUM, section_id=2)
    policy = Policy(openings=(OpeningFacts(1, starts, ends, section_id),))
    for moment in (starts - MOMENT, starts, ends - MOMENT, ends):
        assert decide(article, STRANGER, moment, policy=policy).granted is (starts <= moment < ends)


@given(moments | st.none(), moments | st.none())
def test_a_rule_counts_from_its_beginning_until_just_before_its_end(
    starts: datetime | None, ends: datetime | None
) -> None:
    policy = Policy((RuleFacts(1, Ask.OPEN, starts_at=starts, ends_at=ends),))
    for bound in filter(None, (starts, ends)):
        for moment in (bound - MOMENT, bound):
            counts = (starts is None or starts <= moment) and (ends is None or moment < ends)
            assert decide(PREMIUM, STRANGER, moment, policy=policy).granted is counts


@given(moments, ages | st.none(), ages | st.none())
def test_an_age_is_reached_to_the_microsecond(
    published: datetime, older: timedelta | None, younger: timedelta | None
) -> None:
    article = dataclasses.replace(PREMIUM, published_at=published, is_preview=True)
    policy = Policy((RuleFacts(1, Ask.OPEN, older_than=older, younger_than=younger),))
    for age in (bound for bound in (older, younger) if bound is not None):
        for moment in (published + age - MOMENT, published + age):
            old = moment - published
            counts = (older is None or older <= old) and (younger is None or old < younger)
            assert decide(article, STRANGER, moment, policy=policy).granted is counts


@given(st.sampled_from(RIGHTS), moments, st.sampled_from([None, 7]))
def test_a_right_is_over_at_its_end_and_not_before(reason: Reason, end: datetime, article_id: int | None) -> None:
    reader = ReaderFacts(rights=(Right(reason, end, article_id),))
    assert decide(PREMIUM, reader, end - MOMENT).granted
    assert not decide(PREMIUM, reader, end).granted
    assert holds_library(reader, end - MOMENT) is (article_id is None)
    assert not holds_library(reader, end)


@given(moments)
def test_an_article_is_out_from_its_moment_on(published: datetime) -> None:
    article = ArticleFacts(7, "free", published_at=published)
    assert not decide(article, STRANGER, published - MOMENT).granted
    assert decide(article, STRANGER, published).granted
