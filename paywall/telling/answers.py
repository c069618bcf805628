"""The decision told, not carried out: `/access/`, support and the test bench ask here. The facts and the function are
those of the article's page; no read is spent and no body is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from articles.models import Article
from paywall import marks
from paywall.access import NO_METER, Access, MeterFacts, ReaderFacts, Reason, decide
from paywall.asking import ArticleFacts, Ask, Policy, opens_at
from paywall.policy import policy_now, policy_of
from paywall.readers import Reader
from paywall.telling.next_steps import next_steps
from paywall.telling.reasons import why
from paywall.telling.steps import NextStep
from paywall.terms import facts_of, recorded_facts
from subscriptions.halted import Halted


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision for one reader and one article at one moment, and what explains it. `opens_at` is when the article
    next opens to everybody (UTC), where that is known and has not come. `has_lapsed`: what there was opens nothing any
    more; `halted`: by a subscription that has not ended.
    """

    access: Access
    facts: ArticleFacts
    reader: ReaderFacts
    meter: MeterFacts
    sentence: str
    opens_at: datetime | None = None
    plan_names: tuple[str, ...] = ()
    has_lapsed: bool = False
    halted: Halted | None = None

    def steps(self, path: str, now: datetime) -> list[NextStep]:
        """What would open the article, whose own path is given."""
        return next_steps(
            self.access,
            path,
            now,
            is_known=self.reader.is_registered,
            plan_names=self.plan_names,
            opens_at=self.opens_at,
            halted=self.halted,
        )


def answer_now(article: Article, reader: Reader, now: datetime) -> Answer:
    """What the reader's own page of the article is decided by at `now` (UTC), but that nothing is spent."""
    policy = policy_now()
    return answer_by(article, facts_of(article, policy), policy, reader, now)


def answer_at(article: Article, reader: Reader, moment: datetime) -> Answer:
    """As `answer_now` for any moment (UTC), past or to come, by the records as they stand."""
    policy = policy_of()
    return answer_by(article, recorded_facts(article, policy), policy, reader, moment)


def answer_by(article: Article, facts: ArticleFacts, policy: Policy, reader: Reader, moment: datetime) -> Answer:
    held, meter = reader.facts(article), NO_METER
    access = decide(facts, held, moment, policy=policy)
    if asks_meter(access):
        meter = reader.meter(article, moment)
        access = decide(facts, held, moment, policy=policy, meter=meter)
    held_now = reader.entitlement
    return told(access, facts, policy, held, meter, moment, has_lapsed=held_now.has_lapsed, halted=held_now.why_closed)


def asks_meter(access: Access) -> bool:
    """Whether no right opens, and a read could."""
    return access.asking is not None and access.asking.ask is Ask.METER and access.reason is Reason.SUBSCRIPTION_NEEDED


def told(
    access: Access,
    facts: ArticleFacts,
    policy: Policy,
    reader: ReaderFacts,
    meter: MeterFacts,
    moment: datetime,
    *,
    has_lapsed: bool = False,
    halted: Halted | None = None,
) -> Answer:
    """The decision with its words."""
    opening = opens_at(facts, policy, moment)
    plan_names = marks.plan_names(access.asking.plan_ids) if access.asking is not None else ()
    return Answer(
        access=access,
        facts=facts,
        reader=reader,
        meter=meter,
        sentence=why(access, has_lapsed=has_lapsed, halted=halted, plan_names=plan_names),
        opens_at=opening if opening is not None and opening > moment else None,
        plan_names=plan_names,
        has_lapsed=has_lapsed,
        halted=halted,
    )
