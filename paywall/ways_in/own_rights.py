"""What an account opens by itself, whoever asks: what it pays for or was given, and nothing that comes with a browser,
a network, the allowance or being staff. What was lent (gifts, links in mails) leans on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from articles.models import Article
from paywall.access import Right, best_right
from paywall.asking import asking_of
from paywall.policy import policy_now
from paywall.readers import Reader
from paywall.terms import facts_of_many
from subscriptions.entitlements import Entitlement, entitlement_of


def own_right(user_id: int, article: Article, now: datetime) -> Right | None:
    """The account's right to the article at `now` (UTC), also where it is open to everybody just now."""
    return right_by(entitlement_of(user_id, now), article, now)


def right_by(entitlement: Entitlement, article: Article, now: datetime) -> Right | None:
    return rights_by(entitlement, [article], now)[0]


def rights_by(entitlement: Entitlement, articles: Sequence[Article], now: datetime) -> list[Right | None]:
    """To each of them, in their order."""
    policy = policy_now()
    reader = Reader(is_registered=True, entitlement=entitlement)
    return [
        best_right(facts, reader.facts(article), asking_of(facts, policy, now).plan_ids, now)
        for article, facts in zip(articles, facts_of_many(articles, policy), strict=True)
    ]


def earlier(first: datetime, second: datetime | None) -> datetime:
    """Of two ends, the second of which may be unknown."""
    return first if second is None else min(first, second)


def count_one_more(rows: QuerySet[Any], counter: str, most: str) -> bool:
    """Count one more who opens what was lent, if one more may. In one statement about its row alone, since PostgreSQL
    looks again at a row that it had to wait for, and not at one that it joined.
    """
    return bool(rows.filter(**{f"{counter}__lt": F(most)}).update(**{counter: F(counter) + 1}))
