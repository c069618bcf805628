"""The laws of the decision, for all articles, policies, readers and moments that can be made up."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from paywall.access import (
    OPENS_EVERY_BLOCK,
    RIGHTS,
    Access,
    MeterFacts,
    ReaderFacts,
    Reason,
    Right,
    decide,
    holds_library,
    opens_every_premium,
)
from paywall.asking import (
    ArticleFacts,
    Ask,
    OpeningFacts,
    Origin,
    Policy,
    RuleFacts,
    asking_by_record,
    asking_of,
)
from tests.paywall.made_up import (
    PREMIUM,
    articles,
    meters,
    moments,
    openings,
    policies,
    readers,
    rights,
)

GRANTING = {*RIGHTS, Reason.FREE, Reason.REGISTERED, Reason.METERED, Reason.STAFF}


# --- More never opens less --------------------------------------------------------------------------------------------


def opens_no_less(more: Access, less: Access) -> bool:
    return more.granted >= less.granted and more.opens_every_block >= less.opens_every_block


@given(articles, policies, readers, meters, moments, rights)
def test_one_more_right_never_opens_less(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime, right: Right
) -> None:
    less = decide(article, reader, now, policy=policy, meter=meter)
    for held in ((*reader.rights, right), (right, *reader.rights)):
        richer = dataclasses.replace(reader, rights=held)
        assert opens_no_less(decide(article, richer, now, policy=policy, meter=meter), less)


@given(articles, policies, readers, meters, moments)
def test_to_be_registered_or_staff_and_to_have_read_it_never_open_less(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime
) -> None:
    less = decide(article, reader, now, policy=policy, meter=meter)
    for change in ({"is_registered": True}, {"is_staff": True}):
        assert opens_no_less(
            decide(article, dataclasses.replace(reader, **change), now, policy=policy, meter=meter), less
        )
    read = dataclasses.replace(meter, has_read_this=True)
    assert opens_no_less(decide(article, reader, now, policy=policy, meter=read), less)


@given(articles, policies, readers, meters, moments, openings)
def test_an_opening_more_never_opens_less(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime, opening: OpeningFacts
) -> None:
    opener = dataclasses.replace(policy, openings=(*policy.openings, opening))
    assert opens_no_less(
        decide(article, reader, now, policy=opener, meter=meter),
        decide(article, reader, now, policy=policy, meter=meter),
    )


# --- Nobody gets a body without a reason ------------------------------------------------------------------------------


@given(articles, policies, readers, meters, moments)
def test_what_is_granted_names_a_reason_that_the_facts_bear_out(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime
) -> None:
    access = decide(article, reader, now, policy=policy, meter=meter)
    asking = asking_of(article, policy, now)
    assert access.granted is (access.reason in GRANTING)
    assert (access.article_id, access.asking) == (7, asking)
    match access.reason:
        case Reason.STAFF:
            assert reader.is_staff
        case Reason.FREE:
            assert asking.ask is Ask.OPEN
        case Reason.REGISTERED:
            assert reader.is_registered
            assert asking.ask is Ask.REGISTRATION
        case Reason.METERED:
            assert meter.has_read_this
            assert asking.ask is Ask.METER
        case reason if access.granted:
            assert any(
                right.reason is reason and right.until == access.until and (right.until is None or now < right.until)
                for right in reader.rights
                if right.article_id in (None, 7)
                and (not article.plan_ids or right.plan_id in {None, *article.plan_ids})
            )
    if access.granted and access.reason is not Reason.STAFF:
        assert article.is_preview or (article.is_published and article.published_at and article.published_at <= now)
    if access.opens_every_block:
        assert reader.is_staff or any(right.reason in OPENS_EVERY_BLOCK for right in reader.rights)


@given(articles, policies, meters, moments)
def test_a_stranger_without_a_right_opens_only_what_is_open_or_was_read(
    article: ArticleFacts, policy: Policy, meter: MeterFacts, now: datetime
) -> None:
    access = decide(article, ReaderFacts(), now, policy=policy, meter=dataclasses.replace(meter, has_read_this=False))
    is_shown = article.is_preview or article.is_out(now)
    assert access.granted is (is_shown and asking_of(article, policy, now).ask is Ask.OPEN)


# --- The same question has the same answer ----------------------------------------------------------------------------


@given(articles, policies, readers, meters, moments)
def test_the_same_facts_have_the_same_answer_in_whichever_order_rights_stand(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime
) -> None:
    access = decide(article, reader, now, policy=policy, meter=meter)
    again = decide(dataclasses.replace(article), dataclasses.replace(reader), now, policy=policy, meter=meter)
    turned = dataclasses.replace(reader, rights=reader.rights[::-1])
    assert access == again
    unnamed = dataclasses.replace(access, via="")
    assert dataclasses.replace(decide(article, turned, now, policy=policy, meter=meter), via="") == unnamed


# --- The unknown ------------------------------------------------------------------------------------------------------


@given(articles, policies, readers, meters, moments, st.text(max_size=9))
def test_a_tier_that_nobody_knows_opens_for_staff_alone(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime, tier: str
) -> None:
    if tier in ("free", "registered", "premium"):
        return
    unknown = dataclasses.replace(article, tier=tier)
    assert decide(unknown, reader, now, policy=policy, meter=meter).granted is reader.is_staff


@given(articles, readers, meters, moments)
def test_a_rule_that_asks_what_nobody_knows_opens_for_staff_alone(
    article: ArticleFacts, reader: ReaderFacts, meter: MeterFacts, now: datetime
) -> None:
    plain = dataclasses.replace(article, free_until=None, plan_ids=frozenset())
    policy = Policy((RuleFacts(1, Ask.UNKNOWN), RuleFacts(2, Ask.OPEN)))
    assert decide(plain, reader, now, policy=policy, meter=meter).granted is reader.is_staff


@given(rights.filter(lambda right: right.reason not in RIGHTS), moments)
def test_a_right_of_no_known_kind_opens_nothing(right: Right, now: datetime) -> None:
    reader = ReaderFacts(rights=(right,))
    assert not decide(PREMIUM, reader, now).granted
    assert not holds_library(reader, now)


@given(articles, policies, readers, meters, moments)
def test_what_was_never_published_opens_for_staff_and_previews_alone(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, meter: MeterFacts, now: datetime
) -> None:
    unpublished = dataclasses.replace(article, published_at=None, is_preview=False)
    assert decide(unpublished, reader, now, policy=policy, meter=meter).granted is reader.is_staff


# --- Order ------------------------------------------------------------------------------------------------------------


@given(articles, policies, moments)
def test_of_the_rules_that_fit_the_first_decides(article: ArticleFacts, policy: Policy, now: datetime) -> None:
    asking = asking_by_record(dataclasses.replace(article, free_until=None), policy, now)
    if asking.origin in (Origin.OPENING, Origin.PLANS) or (asking.ask is Ask.UNKNOWN and article.tier == "?"):
        return
    fitting = [rule for rule in policy.rules if rule.fits(article, article.tier_at(now)) and counts(rule, article, now)]
    assert (asking.origin is Origin.RULE) is bool(fitting)
    if fitting:
        assert (asking.record_id, asking.ask) == (fitting[0].rule_id, fitting[0].ask)


def counts(rule: RuleFacts, article: ArticleFacts, now: datetime) -> bool:
    if rule.older_than is not None or rule.younger_than is not None:
        if article.published_at is None:
            return False
        age = now - article.published_at
        if (rule.older_than is not None and age < rule.older_than) or (
            rule.younger_than is not None and age >= rule.younger_than
        ):
            return False
    return (rule.starts_at is None or rule.starts_at <= now) and (rule.ends_at is None or now < rule.ends_at)


@given(articles, policies, readers, moments)
def test_who_opens_every_premium_article_opens_each_that_is_out(
    article: ArticleFacts, policy: Policy, reader: ReaderFacts, now: datetime
) -> None:
    """Of those that need no plan of their own; what a rule asks does not matter to them, unless nobody knows it."""
    plain = dataclasses.replace(article, plan_ids=frozenset())
    access = decide(plain, reader, now, policy=policy)
    if opens_every_premium(reader, now) and plain.is_out(now) and asking_of(plain, policy, now).ask is not Ask.UNKNOWN:
        assert access.granted
