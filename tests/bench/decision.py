"""How long the decision takes with fifty rules, against a call of a function that does nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from newsroom.embedded_postgres import Cluster
from paywall.access import MeterFacts, ReaderFacts, Reason, Right, decide
from paywall.asking import TIERS_ALONE, ArticleFacts, Ask, OpeningFacts, Policy, RuleFacts
from tests.bench import report
from tests.bench.moments import CALLS, ROUNDS, empty, seconds

RULES = 50
MOST_CALLS = 2_500  # of an empty function, with all the rules
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ARTICLE = ArticleFacts(
    article_id=7,
    tier="premium",
    published_at=NOW - timedelta(days=30),
    section_id=1,
    series_id=1,
    topic_ids=frozenset({1, 2, 3, 4}),
    author_ids=frozenset({1, 2}),
)
READERS = {
    "a stranger": ReaderFacts(),
    "a registered reader": ReaderFacts(is_registered=True),
    "a subscriber": ReaderFacts(is_registered=True, rights=(Right(Reason.SUBSCRIBER, until=NOW + timedelta(days=9)),)),
}


def no_rule_fits() -> Policy:
    """Fifty rules of all kinds, each of which has to be looked at and none of which is about the article."""
    kinds: list[Callable[[int], RuleFacts]] = [
        lambda number: RuleFacts(number, Ask.OPEN, section_id=1000 + number),
        lambda number: RuleFacts(number, Ask.PLAN, topic_id=1000 + number),
        lambda number: RuleFacts(number, Ask.REGISTRATION, author_id=1000 + number, tier="premium"),
        lambda number: RuleFacts(number, Ask.OPEN, section_id=1, older_than=timedelta(days=400 + number)),
        lambda number: RuleFacts(number, Ask.OPEN, topic_id=1, ends_at=NOW - timedelta(days=number + 1)),
    ]
    rules = tuple(kinds[number % len(kinds)](number) for number in range(RULES))
    opening = OpeningFacts(1, NOW - timedelta(hours=1), NOW + timedelta(hours=5), section_id=2)
    return Policy(rules, (opening,))


def measure(_cluster: Cluster) -> int:
    """0 if the decision is as fast as promised, else 1."""
    fifty = no_rule_fits()
    at_rest = seconds(empty)
    meter = MeterFacts(allowance=5, used=2)
    rows, is_met = [], True
    for name, reader in READERS.items():
        for rules, policy in (("no rule", TIERS_ALONE), (f"{RULES} rules", fifty)):
            access = decide(ARTICLE, reader, NOW, policy=policy, meter=meter)
            took = seconds(partial(decide, ARTICLE, reader, NOW, policy=policy, meter=meter))
            is_ok = took / at_rest <= MOST_CALLS
            is_met = is_met and is_ok
            verdict = "ok" if is_ok else "**missed**"
            cells = [f"{took * 1e6:.1f}", f"{took / at_rest:,.0f}", f"≤ {MOST_CALLS:,}", verdict]
            rows.append([f"{name}, {rules}", access.reason, *cells])
    print(f"{report.machine()}; load at the start {report.load()}.")
    print(f"The best of {ROUNDS} rounds of {CALLS:,} calls each.\n")
    report.print_table(["Decision", "reason", "µs", "calls of an empty function", "target", ""], rows)
    return 0 if is_met else 1
