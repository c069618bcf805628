"""Who reads what, as a table that a publisher can read. docs/paywall.md has the same one, and `decide` gives it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from paywall.access import NO_METER, Access, MeterFacts, ReaderFacts, Reason, Right, decide
from paywall.asking import TIERS_ALONE, ArticleFacts, Ask, OpeningFacts, Policy, RuleFacts

# yes: opens; read: opens with one of the free articles; no: does not open. The two with reads are registered readers;
# plan A and plan B stand for their subscribers.
TABLE = """
| Article | Stranger | Reads left | No read left | Plan A | Plan B | Holds it | Institution | Gift | Crawler | Staff |
|---|---|---|---|---|---|---|---|---|---|---|
| Free | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Registered | no | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Premium | no | read | no | yes | yes | yes | yes | yes | yes | yes |
| Premium, free until tomorrow | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Premium, free until now | no | read | no | yes | yes | yes | yes | yes | yes | yes |
| Free, premium from tomorrow | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Free, premium from now | no | read | no | yes | yes | yes | yes | yes | yes | yes |
| Premium, its section is open until tomorrow | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Premium, its section was open until now | no | read | no | yes | yes | yes | yes | yes | yes | yes |
| Premium, another section is open | no | read | no | yes | yes | yes | yes | yes | yes | yes |
| Premium, rule: open | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Premium, rule: open after a year, it is a day old | no | read | no | yes | yes | yes | yes | yes | yes | yes |
| Premium, rule: open after an hour, it is a day old | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Premium, rule: registration | no | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Free, rule: meter | no | read | no | yes | yes | yes | yes | yes | yes | yes |
| Free, rule: plan | no | no | no | yes | yes | yes | yes | yes | yes | yes |
| Premium, rules: first plan, then open | no | no | no | yes | yes | yes | yes | yes | yes | yes |
| Premium, plan A needed | no | no | no | yes | no | yes | yes | yes | yes | yes |
| Premium, plan A needed, free until tomorrow | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
| Free, plan A needed, rule: open | no | no | no | yes | no | yes | yes | yes | yes | yes |
| Free, out from tomorrow | no | no | no | no | no | no | no | no | no | yes |
| Free, withdrawn | no | no | no | no | no | no | no | no | no | yes |
| Of a tier that nobody knows | no | no | no | no | no | no | no | no | no | yes |
""".strip()

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ARTICLE, SECTION, ANOTHER = 7, 2, 3
PLAN_A, PLAN_B = 11, 12

FRESH = MeterFacts(allowance=5, renews_on=date(2026, 12, 1))
SPENT = MeterFacts(allowance=5, used=5, renews_on=date(2026, 12, 1))


def holding(reason: Reason, *, is_registered: bool = False, **more: int) -> tuple[ReaderFacts, MeterFacts]:
    return ReaderFacts(is_registered, rights=(Right(reason, **more),)), NO_METER  # type: ignore[arg-type]


READERS = {
    "Stranger": (ReaderFacts(), NO_METER),
    "Reads left": (ReaderFacts(is_registered=True), FRESH),
    "No read left": (ReaderFacts(is_registered=True), SPENT),
    "Plan A": holding(Reason.SUBSCRIBER, is_registered=True, plan_id=PLAN_A),
    "Plan B": holding(Reason.SUBSCRIBER, is_registered=True, plan_id=PLAN_B),
    "Holds it": holding(Reason.SINGLE_ARTICLE, is_registered=True, article_id=ARTICLE),
    "Institution": holding(Reason.INSTITUTION),
    "Gift": holding(Reason.GIFT, article_id=ARTICLE),
    "Crawler": holding(Reason.CRAWLER),
    "Staff": (ReaderFacts(is_registered=True, is_staff=True), NO_METER),
}


def article(tier: str, **terms: object) -> ArticleFacts:
    facts = {"published_at": NOW - DAY, "section_id": SECTION} | terms
    return ArticleFacts(ARTICLE, tier, **facts)  # type: ignore[arg-type]


def rules(*asks: Ask, older_than: timedelta | None = None) -> Policy:
    return Policy(tuple(RuleFacts(number, ask, older_than=older_than) for number, ask in enumerate(asks, start=1)))


def opening(section_id: int, ends_at: datetime) -> Policy:
    return Policy(openings=(OpeningFacts(1, NOW - DAY, ends_at, section_id),))


A_NEEDED = frozenset({PLAN_A})
ARTICLES = {
    "Free": (article("free"), TIERS_ALONE),
    "Registered": (article("registered"), TIERS_ALONE),
    "Premium": (article("premium"), TIERS_ALONE),
    "Premium, free until tomorrow": (article("premium", free_until=NOW + DAY), TIERS_ALONE),
    "Premium, free until now": (article("premium", free_until=NOW), TIERS_ALONE),
    "Free, premium from tomorrow": (article("free", premium_from=NOW + DAY), TIERS_ALONE),
    "Free, premium from now": (article("free", premium_from=NOW), TIERS_ALONE),
    "Premium, its section is open until tomorrow": (article("premium"), opening(SECTION, NOW + DAY)),
    "Premium, its section was open until now": (article("premium"), opening(SECTION, NOW)),
    "Premium, another section is open": (article("premium"), opening(ANOTHER, NOW + DAY)),
    "Premium, rule: open": (article("premium"), rules(Ask.OPEN)),
    "Premium, rule: open after a year, it is a day old": (
        article("premium"),
        rules(Ask.OPEN, older_than=timedelta(days=365)),
    ),
    "Premium, rule: open after an hour, it is a day old": (
        article("premium"),
        rules(Ask.OPEN, older_than=timedelta(hours=1)),
    ),
    "Premium, rule: registration": (article("premium"), rules(Ask.REGISTRATION)),
    "Free, rule: meter": (article("free"), rules(Ask.METER)),
    "Free, rule: plan": (article("free"), rules(Ask.PLAN)),
    "Premium, rules: first plan, then open": (article("premium"), rules(Ask.PLAN, Ask.OPEN)),
    "Premium, plan A needed": (article("premium", plan_ids=A_NEEDED), TIERS_ALONE),
    "Premium, plan A needed, free until tomorrow": (
        article("premium", plan_ids=A_NEEDED, free_until=NOW + DAY),
        TIERS_ALONE,
    ),
    "Free, plan A needed, rule: open": (article("free", plan_ids=A_NEEDED), rules(Ask.OPEN)),
    "Free, out from tomorrow": (article("free", published_at=NOW + DAY), TIERS_ALONE),
    "Free, withdrawn": (article("free", is_published=False), TIERS_ALONE),
    "Of a tier that nobody knows": (article("?"), TIERS_ALONE),
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


HEAD, _line, *LINES = TABLE.splitlines()
ROWS = {row[0]: dict(zip(cells(HEAD)[1:], row[1:], strict=True)) for row in map(cells, LINES)}


def in_a_word(access: Access) -> str:
    if access.granted:
        return "yes"
    return "read" if access.reason is Reason.READ_AVAILABLE else "no"


@pytest.mark.parametrize("row", ROWS)
def test_the_decision_gives_the_table(row: str) -> None:
    facts, policy = ARTICLES[row]
    given = {
        name: in_a_word(decide(facts, reader, NOW, policy=policy, meter=meter))
        for name, (reader, meter) in READERS.items()
    }
    assert given == ROWS[row]


def test_the_table_has_every_article_and_every_reader() -> None:
    assert list(ROWS) == list(ARTICLES)
    assert cells(HEAD)[1:] == list(READERS)


def test_the_documentation_shows_the_same_table() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "paywall.md").read_text(encoding="utf-8")
    assert TABLE in text
