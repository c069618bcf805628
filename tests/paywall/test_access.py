"""The pure decision: a table of readers and tiers, and the laws that hold for all of them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.access import ArticleFacts, MeterFacts, ReaderFacts, Reason, decide

STRANGER = ReaderFacts()
REGISTERED = ReaderFacts(is_registered=True)
SUBSCRIBER = ReaderFacts(is_registered=True, has_library=True)
PASS_HOLDER = ReaderFacts(has_library=True)
BUYER = ReaderFacts(is_registered=True, has_this_article=True)
STAFF = ReaderFacts(is_registered=True, is_staff=True)

FRESH = MeterFacts(allowance=5, used=0, renews_on=date(2026, 12, 1))
OPENED = MeterFacts(allowance=5, used=5, has_read_this=True, renews_on=date(2026, 12, 1))
SPENT = MeterFacts(allowance=5, used=5, renews_on=date(2026, 12, 1))
OFF = MeterFacts(allowance=0)

TABLE = [
    # tier, reader, meter, granted, reason
    ("free", STRANGER, OFF, True, Reason.FREE),
    ("free", REGISTERED, SPENT, True, Reason.FREE),
    ("registered", STRANGER, OFF, False, Reason.REGISTRATION_NEEDED),
    ("registered", REGISTERED, SPENT, True, Reason.REGISTERED),
    ("registered", SUBSCRIBER, OFF, True, Reason.SUBSCRIBER),
    ("premium", STRANGER, FRESH, False, Reason.SUBSCRIPTION_NEEDED),
    ("premium", REGISTERED, OFF, False, Reason.SUBSCRIPTION_NEEDED),
    ("premium", REGISTERED, FRESH, False, Reason.READ_AVAILABLE),
    ("premium", REGISTERED, OPENED, True, Reason.METERED),
    ("premium", REGISTERED, SPENT, False, Reason.ALLOWANCE_USED),
    ("premium", SUBSCRIBER, SPENT, True, Reason.SUBSCRIBER),
    ("premium", PASS_HOLDER, OFF, True, Reason.SUBSCRIBER),
    ("premium", BUYER, SPENT, True, Reason.SINGLE_ARTICLE),
    ("premium", STAFF, OFF, True, Reason.STAFF),
    ("nobody-knows", STRANGER, OFF, False, Reason.UNDECIDED),
    ("nobody-knows", SUBSCRIBER, OFF, False, Reason.UNDECIDED),
]


@pytest.mark.parametrize(("tier", "reader", "meter", "granted", "reason"), TABLE)
def test_tier_reader_and_meter_give_the_answer_of_the_table(
    tier: str, reader: ReaderFacts, meter: MeterFacts, granted: bool, reason: Reason
) -> None:
    access = decide(ArticleFacts(7, tier), reader, meter)
    assert (access.granted, access.reason, access.article_id) == (granted, reason, 7)


@pytest.mark.parametrize("reader", [STRANGER, REGISTERED, SUBSCRIBER, BUYER])
@pytest.mark.parametrize(("tier", "granted"), [("free", True), ("registered", True), ("premium", True), ("x", False)])
def test_a_time_in_which_everybody_may_read_opens_every_known_tier(
    tier: str, granted: bool, reader: ReaderFacts
) -> None:
    end = datetime(2026, 12, 1, tzinfo=UTC)
    access = decide(ArticleFacts(7, tier, free_until=end), reader, SPENT)
    assert access.granted is granted
    if granted:
        assert (access.reason, access.until) == (Reason.FREE, end)
    assert not decide(ArticleFacts(7, tier, is_out=False, free_until=end), reader, SPENT).granted


@pytest.mark.parametrize("reader", [STRANGER, REGISTERED, SUBSCRIBER, BUYER])
@pytest.mark.parametrize("tier", ["free", "registered", "premium"])
def test_an_article_that_is_not_out_opens_for_staff_alone(reader: ReaderFacts, tier: str) -> None:
    facts = ArticleFacts(7, tier, is_out=False)
    assert decide(facts, reader, FRESH).reason is Reason.NOT_PUBLISHED
    assert decide(facts, STAFF, FRESH).granted


def test_a_subscription_says_when_it_must_be_asked_again() -> None:
    until = datetime(2026, 12, 1, tzinfo=UTC)
    reader = dataclasses.replace(SUBSCRIBER, library_until=until)
    assert decide(ArticleFacts(7, "premium"), reader).until == until


readers = st.builds(
    ReaderFacts,
    is_registered=st.booleans(),
    is_staff=st.booleans(),
    has_library=st.booleans(),
    has_this_article=st.booleans(),
)
meters = st.builds(MeterFacts, allowance=st.integers(0, 9), used=st.integers(0, 12), has_read_this=st.booleans())
articles = st.builds(
    ArticleFacts,
    article_id=st.just(7),
    tier=st.sampled_from(["free", "registered", "premium", "?"]),
    is_out=st.booleans(),
    is_preview=st.booleans(),
)
RIGHTS = ["is_registered", "is_staff", "has_library", "has_this_article"]


@given(articles, readers, meters, st.sampled_from(RIGHTS))
def test_one_more_right_never_opens_less(
    article: ArticleFacts, reader: ReaderFacts, meter: MeterFacts, right: str
) -> None:
    richer = dataclasses.replace(reader, **{right: True})
    assert decide(article, richer, meter).granted >= decide(article, reader, meter).granted


@given(articles, readers, meters)
def test_the_meter_alone_never_opens_what_was_not_read(
    article: ArticleFacts, reader: ReaderFacts, meter: MeterFacts
) -> None:
    access = decide(article, reader, dataclasses.replace(meter, has_read_this=False))
    assert not (access.granted and access.reason is Reason.METERED)


@given(articles, readers, meters)
def test_a_stranger_opens_only_what_is_free(article: ArticleFacts, reader: ReaderFacts, meter: MeterFacts) -> None:
    assert decide(article, STRANGER, meter).granted == (
        article.tier == "free" and (article.is_out or article.is_preview)
    )
