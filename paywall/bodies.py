"""The bodies of several articles for one reader. The decision is asked for each; the allowance opens none of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from articles.models import Article
from paywall.access import decide
from paywall.readers import Reader
from paywall.terms import facts_of, free_for_now


def open_bodies(articles: Iterable[Article], reader: Reader, now: datetime) -> dict[int, str]:
    """By article, as safe HTML; without those that stay closed or have no body."""
    ends = free_for_now(now)
    decisions = [decide(facts_of(article, now, free_ends=ends), reader.facts(article)) for article in articles]
    return Article.bodies_for([access for access in decisions if access.granted])
