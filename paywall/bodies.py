"""The bodies of several articles for one reader. The decision is asked for each; the allowance opens none of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from articles.models import Article
from paywall.access import decide
from paywall.policy import policy_now
from paywall.readers import Reader
from paywall.terms import facts_of_many


def open_bodies(articles: Iterable[Article], reader: Reader, now: datetime) -> dict[int, str]:
    """By article, as safe HTML; without those that stay closed or have no body."""
    articles, policy = list(articles), policy_now()
    facts, reader = facts_of_many(articles, policy), reader.with_all_given()
    decisions = [
        decide(fact, reader.facts(article), now, policy=policy) for article, fact in zip(articles, facts, strict=True)
    ]
    return Article.bodies_for([access for access in decisions if access.granted])
