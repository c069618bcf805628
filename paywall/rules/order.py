"""The rules in their order: one change at a time, and the places 1, 2, 3 … without a gap after each.

What the order means is decided in `paywall/asking.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from paywall.asking import RuleFacts
from paywall.models import Rule
from paywall.policy import facts_of_rule

# Readers go on reading; whoever else would write a rule waits.
LOCK = "LOCK TABLE paywall_rule IN SHARE ROW EXCLUSIVE MODE"


def lock_rules() -> None:
    """Until the transaction ends nobody else changes a rule. To be taken before any row is locked."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)


def ordered_rules() -> list[Rule]:
    """All of them, with what their sentences name."""
    rows = Rule.objects.select_related("section", "topic", "series", "author")
    return list(rows.order_by("position", "pk"))


def moved(rules: Sequence[Rule], rule: Rule, step: int) -> list[Rule]:
    """The list with the rule one place up (step -1) or down (1); as it is where there is no such place."""
    order = list(rules)
    here = order.index(rule)
    there = here + step
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
    return order


def number(rules: Sequence[Rule]) -> None:
    """Write down the places of the rules as they stand in this list, which holds all of them."""
    misplaced = [(rule, place) for place, rule in enumerate(rules, start=1) if rule.position != place]
    for rule, place in misplaced:
        rule.position = place
    Rule.objects.bulk_update([rule for rule, _place in misplaced], ["position"])


def forestalled(rules: Sequence[Rule], now: datetime) -> list[tuple[Rule, Rule]]:
    """The rules in use that never decide from `now` (UTC) on, each with the one before it that always fits first."""
    in_use = [(rule, facts_of_rule(rule)) for rule in rules if rule.is_active]
    return [
        (rule, next(other for other, before in in_use[:place] if covers(before, facts, now)))
        for place, (rule, facts) in enumerate(in_use)
        if any(covers(before, facts, now) for _other, before in in_use[:place])
    ]


def covers(wide: RuleFacts, narrow: RuleFacts, now: datetime) -> bool:
    """Whether the first counts, from `now` (UTC) on, for each article at each moment for which the second does."""
    is_about_all = all(
        getattr(wide, name) in (None, "", getattr(narrow, name))
        for name in ("section_id", "topic_id", "series_id", "author_id", "tier")
    )
    return (
        is_about_all
        and (wide.older_than is None or (narrow.older_than is not None and wide.older_than <= narrow.older_than))
        and (
            wide.younger_than is None or (narrow.younger_than is not None and narrow.younger_than <= wide.younger_than)
        )
        and begins_by(wide.starts_at, narrow.starts_at, now)
        and (wide.ends_at is None or (narrow.ends_at is not None and narrow.ends_at <= wide.ends_at))
    )


def begins_by(wide: datetime | None, narrow: datetime | None, now: datetime) -> bool:
    return wide is None or wide <= now or (narrow is not None and wide <= narrow)
