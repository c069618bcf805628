"""What holds for articles now beside their tiers. It is the same for everybody, so a web process may keep it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Min

from articles.caching import next_midnight
from articles.models import Article
from articles.page_store import Lifetime, store
from paywall.access import ArticleFacts
from paywall.models import ArticleTerms


def facts_of(
    article: Article, now: datetime, *, is_preview: bool = False, free_ends: Mapping[int, datetime] | None = None
) -> ArticleFacts:
    """What the decision needs of the article at `now` (UTC). For many articles the answer of `free_for_now` is looked
    up once and handed in.
    """
    end = (free_for_now(now) if free_ends is None else free_ends).get(article.pk)
    return ArticleFacts(
        article_id=article.pk,
        tier=article.tier,
        is_out=article.is_out(now),
        is_preview=is_preview,
        free_until=end if end is not None and now < end else None,
    )


def free_for_now(now: datetime) -> Mapping[int, datetime]:
    """The ends of all articles that are free for a time, by article: there are few at any moment."""

    def look() -> Mapping[int, datetime]:
        found = ArticleTerms.objects.filter(free_until__gt=now).values_list("pk", "free_until")
        return {pk: end for pk, end in found if end is not None}

    def life(ends: Mapping[int, datetime]) -> Lifetime:
        return Lifetime(("moments",), min(ends.values(), default=next_midnight(now)))

    return store.kept_or_made("free for now", look, life)


def next_closing_at(now: datetime) -> datetime | None:
    """When the next article closes that is free for a time."""
    closing = ArticleTerms.objects.filter(free_until__gt=now)
    moment: datetime | None = closing.aggregate(moment=Min("free_until"))["moment"]
    return moment
