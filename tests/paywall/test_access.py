"""The pure decision: a table of readers and what articles ask. Its laws: test_access_laws.py."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from paywall.access import MeterFacts, ReaderFacts, Reason, Right, decide, holds_library, opens_every_premium
from paywall.asking import ArticleFacts, Ask, OpeningFacts, Origin, Policy, RuleFacts, asking_of, opens_at

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)

STRANGER = ReaderFacts()
REGISTERED = ReaderFacts(is_registered=True)
SUBSCRIBER = ReaderFacts(is_registered=True, rights=(Right(Reason.SUBSCRIBER),))
PASS_HOLDER = ReaderFacts(rights=(Right(Reason.SUBSCRIBER, NOW + HOUR),))
BUYER = ReaderFacts(is_registered=True, rights=(Right(Reason.SINGLE_ARTICLE, article_id=7),))
BUYER_OF_ANOTHER = ReaderFacts(is_registered=True, rights=(Right(Reason.SINGLE_ARTICLE, article_id=8),))
STAFF = ReaderFacts(is_registered=True, is_staff=True)

FRESH = MeterFacts(allowance=5, used=0, renews_on=date(2026, 12, 1))
OPENED = MeterFacts(allowance=5, used=5, has_read_this=True, renews_on=date(2026, 12, 1))
SPENT = MeterFacts(allowance=5, used=5, renews_on=date(2026, 12, 1))
OFF = MeterFacts(allowance=0)


def article(tier: str = "premium", **facts: object) -> ArticleFacts:
    return ArticleFacts(7, tier, published_at=NOW - HOUR, **facts)  # type: ignore[arg-type]


TABLE = [
    # tier, reader, meter, granted, reason
    ("free", STRANGER, OFF, True, Reason.FREE),
    ("free", REGISTERED, SPENT, True, Reason.FREE),
    ("registered", STRANGER, OFF, False, Reason.REGISTRATION_NEEDED),
    ("registered", REGISTERED, SPENT, True, Reason.REGISTERED),
    ("registered", SUBSCRIBER, OFF, True, Reason.SUBSCRIBER),
    ("registered", PASS_HOLDER, OFF, True, Reason.SUBSCRIBER),
    ("premium", STRANGER, OFF, False, Reason.SUBSCRIPTION_NEEDED),
    ("premium", REGISTERED, OFF, False, Reason.SUBSCRIPTION_NEEDED),
    ("premium", REGISTERED, FRESH, False, Reason.READ_AVAILABLE),
    ("premium", REGISTERED, OPENED, True, Reason.METERED),
    ("premium", REGISTERED, SPENT, False, Reason.ALLOWANCE_USED),
    ("premium", SUBSCRIBER, SPENT, True, Reason.SUBSCRIBER),
    ("premium", PASS_HOLDER, OFF, True, Reason.SUBSCRIBER),
    ("premium", BUYER, SPENT, True, Reason.SINGLE_ARTICLE),
    ("premium", BUYER_OF_ANOTHER, SPENT, False, Reason.ALLOWANCE_USED),
    ("premium", STAFF, OFF, True, Reason.STAFF),
    ("nobody-knows", STRANGER, OFF, False, Reason.UNDECIDED),
    ("nobody-knows", SUBSCRIBER, OFF, False, Reason.UNDECIDED),
]


@pytest.mark.parametrize(("tier", "reader", "meter", "granted", "reason"), TABLE)
def test_tier_reader_and_meter_give_the_answer_of_the_table(
    tier: str, reader: ReaderFacts, meter: MeterFacts, granted: bool, reason: Reason
) -> None:
    access = decide(article(tier), reader, NOW, meter=meter)
    assert (access.granted, access.reason, access.article_id) == (granted, reason, 7)


@pytest.mark.parametrize("reader", [STRANGER, REGISTERED, SUBSCRIBER, BUYER])
@pytest.mark.parametrize(("tier", "granted"), [("free", True), ("registered", True), ("premium", True), ("x", False)])
def test_a_time_in_which_everybody_may_read_opens_every_known_tier(
    tier: str, granted: bool, reader: ReaderFacts
) -> None:
    end = NOW + DAY
    access = decide(article(tier, free_until=end), reader, NOW, meter=SPENT)
    assert access.granted is granted
    if granted:
        assert (access.reason, access.until) == (Reason.FREE, None if tier == "free" else end)
    assert not decide(article(tier, free_until=end, is_published=False), reader, NOW, meter=SPENT).granted


@pytest.mark.parametrize("reader", [STRANGER, REGISTERED, SUBSCRIBER, BUYER])
@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
def test_an_article_that_is_not_out_opens_for_staff_alone(reader: ReaderFacts, tier: str) -> None:
    tomorrow = ArticleFacts(7, tier, published_at=NOW + DAY)
    for facts in (article(tier, is_published=False), tomorrow, ArticleFacts(7, tier)):
        assert decide(facts, reader, NOW, meter=FRESH).reason is Reason.NOT_PUBLISHED
        assert decide(facts, STAFF, NOW, meter=FRESH).granted


def test_a_right_says_when_it_must_be_asked_again_and_who_gave_it() -> None:
    rights = (
        Right(Reason.INSTITUTION, NOW + DAY, via="City Library"),
        Right(Reason.SUBSCRIBER, NOW + HOUR),
        Right(Reason.SUBSCRIBER, NOW + DAY),
    )
    access = decide(article(), ReaderFacts(rights=rights), NOW)
    assert (access.reason, access.until, access.via) == (Reason.SUBSCRIBER, NOW + DAY, "")
    access = decide(article(), ReaderFacts(rights=rights[:1]), NOW)
    assert (access.reason, access.until, access.via) == (Reason.INSTITUTION, NOW + DAY, "City Library")


def test_where_plans_are_needed_another_plan_and_a_free_read_do_not_open() -> None:
    facts = article(plan_ids=frozenset({1, 2}))
    assert decide(facts, STRANGER, NOW).reason is Reason.SUBSCRIPTION_NEEDED
    assert decide(facts, REGISTERED, NOW, meter=FRESH).reason is Reason.SUBSCRIPTION_NEEDED
    assert decide(facts, ReaderFacts(rights=(Right(Reason.SUBSCRIBER, plan_id=3),)), NOW).reason is Reason.PLAN_NEEDED
    assert decide(facts, ReaderFacts(rights=(Right(Reason.SUBSCRIBER, plan_id=2),)), NOW).granted
    assert decide(facts, SUBSCRIBER, NOW).granted  # a right without a plan counts as any
    assert decide(facts, STRANGER, NOW).asking == asking_of(facts, Policy(), NOW)


@pytest.mark.parametrize(
    ("reader", "opens_every_block"),
    [
        (STRANGER, False),
        (REGISTERED, False),
        (ReaderFacts(rights=(Right(Reason.GIFT, article_id=7),)), False),
        (ReaderFacts(rights=(Right(Reason.SUBSCRIBER, plan_id=1),)), True),
        (ReaderFacts(rights=(Right(Reason.SUBSCRIBER, plan_id=3),)), False),
        (STAFF, True),
    ],
)
def test_while_it_is_free_the_parts_for_subscribers_open_to_who_could_read_it_anyway(
    reader: ReaderFacts, opens_every_block: bool
) -> None:
    access = decide(article(plan_ids=frozenset({1}), free_until=NOW + HOUR), reader, NOW)
    assert (access.granted, access.opens_every_block) == (True, opens_every_block)


def test_opening_then_terms_then_rules_in_their_order_then_the_tier_say_what_is_asked() -> None:
    opening = OpeningFacts(5, NOW - HOUR, NOW + HOUR, name="Flood")
    rules = (RuleFacts(1, Ask.PLAN, section_id=2), RuleFacts(2, Ask.REGISTRATION), RuleFacts(3, Ask.OPEN))
    policy = Policy(rules)
    everything = article(plan_ids=frozenset({1}), free_until=NOW + HOUR)
    found = asking_of(everything, Policy(rules, (opening,)), NOW)
    assert (found.origin, found.record_id, found.name) == (Origin.OPENING, 5, "Flood")
    assert asking_of(everything, policy, NOW).origin is Origin.FREE_TIME
    assert asking_of(article(plan_ids=frozenset({1})), policy, NOW).origin is Origin.PLANS
    assert asking_of(article(), policy, NOW).record_id == 2
    assert asking_of(article(section_id=2), policy, NOW).record_id == 1
    assert asking_of(article(premium_from=NOW), Policy(), NOW).origin is Origin.TIER
    assert asking_of(article("free", premium_from=NOW), Policy(), NOW).origin is Origin.PREMIUM_FROM


def test_what_is_asked_ends_with_the_next_opening() -> None:
    opening = OpeningFacts(5, NOW + HOUR, NOW + DAY, section_id=2)
    policy = Policy(openings=(opening,))
    assert asking_of(article(section_id=2), policy, NOW).until == NOW + HOUR
    assert opens_at(article(section_id=2), policy, NOW) == NOW + HOUR
    assert opens_at(article(section_id=2), policy, NOW + HOUR) == NOW + HOUR
    assert asking_of(article(), policy, NOW).until is None
    assert opens_at(article(), policy, NOW) is None


def test_a_registered_reader_is_told_until_when_an_address_is_enough() -> None:
    policy = Policy((RuleFacts(1, Ask.REGISTRATION, ends_at=NOW + HOUR),))
    assert decide(article(), REGISTERED, NOW, policy=policy).until == NOW + HOUR
    assert not decide(article(), REGISTERED, NOW + HOUR, policy=policy).granted


@pytest.mark.parametrize(
    ("reader", "holds"),
    [
        (STRANGER, False),
        (BUYER, False),
        (SUBSCRIBER, True),
        (PASS_HOLDER, True),
        (ReaderFacts(rights=(Right(Reason.SUBSCRIBER, NOW),)), False),
        (ReaderFacts(rights=(Right(Reason.INSTITUTION, NOW + MOMENT),)), True),
        (ReaderFacts(rights=(Right(Reason.FREE),)), False),
    ],
)
def test_who_holds_the_library_searches_bodies(reader: ReaderFacts, holds: bool) -> None:
    assert holds_library(reader, NOW) is opens_every_premium(reader, NOW) is holds
    assert opens_every_premium(STAFF, NOW)
