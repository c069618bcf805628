"""What holds for an article now, beside its tier: the part that is everybody's, and so may be kept by a web process."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min
from django.utils import timezone

from articles.caching import lifetime
from articles.models import Article
from articles.page_store import store
from paywall.models import ArticleTerms


def free_until(article: Article, now: datetime) -> datetime | None:
    """The end (UTC, exclusive) of the time in which everybody may read the article; None outside of such a time."""
    terms = terms_of(article)
    return terms.free_until if terms.free_until is not None and now < terms.free_until else None


def terms_of(article: Article) -> ArticleTerms:
    """The article's row, or an empty one. Shared by all who read the article now: nobody may change it."""

    now = timezone.now()

    def make() -> ArticleTerms:
        return ArticleTerms.objects.filter(pk=article.pk).first() or ArticleTerms(pk=article.pk)

    return store.kept_or_made(("terms", article.pk), make, lambda _terms: lifetime([f"article-{article.pk}"], now))


def next_closing_at(now: datetime) -> datetime | None:
    """When the next article closes that is free for a time."""
    moment: datetime | None = ArticleTerms.objects.filter(free_until__gt=now).aggregate(moment=Min("free_until"))[
        "moment"
    ]
    return moment
