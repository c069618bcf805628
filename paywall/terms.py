"""What holds for single articles beside their tiers, and what each asks now. It is the same for everybody, so a web
process may keep it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Min, Q, prefetch_related_objects
from django.utils import timezone

from articles.caching import next_midnight
from articles.models import Article
from articles.page_store import Lifetime, store
from paywall.asking import ArticleFacts, Asking, Policy, asking_of
from paywall.models import ArticleTerms
from paywall.models.terms import MOST_FREE_HOURS, free_end
from paywall.policy import policy_now

# When the next of the times ends that are counted from publication.
FREE_HOURS_END = """
    SELECT min(article.published_at + terms.free_hours * interval '1 hour')
      FROM paywall_articleterms AS terms
      JOIN articles_article AS article ON article.id = terms.article_id
     WHERE terms.free_hours IS NOT NULL
       AND article.published_at > %(earliest)s
       AND article.published_at + terms.free_hours * interval '1 hour' > %(now)s
"""


@dataclass(frozen=True, slots=True)
class TermsFacts:
    """One row of terms, as it is recorded."""

    free_until: datetime | None = None
    free_hours: int | None = None
    premium_from: datetime | None = None
    plan_ids: frozenset[int] = frozenset()


LONGEST_FREE = timedelta(hours=MOST_FREE_HOURS)
NO_TERMS = TermsFacts()


def facts_of(article: Article, policy: Policy, *, is_preview: bool = False) -> ArticleFacts:
    """What the decision by this policy needs of the article now."""
    return built([article], terms_now(), policy, is_preview=is_preview)[0]


def facts_of_many(articles: Iterable[Article], policy: Policy) -> list[ArticleFacts]:
    """As `facts_of`, for all of them in their order, with one query each for topics and authors where a rule asks for
    them and they are not at hand.
    """
    return built(list(articles), terms_now(), policy)


def recorded_facts(article: Article, policy: Policy) -> ArticleFacts:
    """What the decision needs of the article at any moment, past or to come, by the records as they stand."""
    return built([article], terms_of([article.pk]), policy)[0]


def asking_now(article: Article, now: datetime) -> Asking:
    """What the article asks of everybody at `now` (UTC)."""
    policy = policy_now()
    return asking_of(facts_of(article, policy), policy, now)


def built(
    articles: list[Article], terms: Mapping[int, TermsFacts], policy: Policy, *, is_preview: bool = False
) -> list[ArticleFacts]:
    has_topics = any(rule.topic_id is not None for rule in policy.rules)
    has_authors = any(rule.author_id is not None for rule in policy.rules)
    if has_topics:
        prefetch_related_objects(articles, "topics")
    if has_authors:
        prefetch_related_objects(articles, "bylines")
    return [
        facts_by(article, terms.get(article.pk, NO_TERMS), has_topics, has_authors, is_preview) for article in articles
    ]


def facts_by(
    article: Article, terms: TermsFacts, has_topics: bool, has_authors: bool, is_preview: bool
) -> ArticleFacts:
    return ArticleFacts(
        article_id=article.pk,
        tier=article.tier,
        is_published=article.is_published,
        published_at=article.published_at,
        is_preview=is_preview,
        section_id=article.section_id,
        series_id=article.series_id,
        topic_ids=frozenset(topic.pk for topic in article.topics.all()) if has_topics else frozenset(),
        author_ids=frozenset(byline.author_id for byline in article.bylines.all()) if has_authors else frozenset(),
        free_until=free_end(terms.free_until, terms.free_hours, article.published_at),
        premium_from=terms.premium_from,
        plan_ids=terms.plan_ids,
    )


def terms_now() -> Mapping[int, TermsFacts]:
    """The terms that say anything now or will later, by article: of a large library few have any. For another moment
    there is `recorded_facts`.
    """
    now = timezone.now()
    return store.kept_or_made(
        "terms",
        lambda: terms_of(None, now),
        lambda _terms: Lifetime(("moments", "library"), next_midnight(now)),
    )


def terms_of(ids: Collection[int] | None, now: datetime | None = None) -> dict[int, TermsFacts]:
    """Those of these articles, or of all; with a moment only what is not over by then."""
    rows = ArticleTerms.objects.all() if ids is None else ArticleTerms.objects.filter(pk__in=ids)
    if now is not None:
        is_said = Q(premium_from__isnull=False) | Q(plans__isnull=False) | Q(free_until__gt=now)
        rows = rows.filter(is_said | Q(free_hours__isnull=False, article__published_at__gt=now - LONGEST_FREE))
    columns = ("pk", "free_until", "free_hours", "premium_from", "plans")  # a row for each of the plans, if any
    found: dict[int, TermsFacts] = {}
    for pk, free_until, free_hours, premium_from, plan_id in rows.values_list(*columns):
        plan_ids = found.get(pk, NO_TERMS).plan_ids | {plan_id} - {None}
        found[pk] = TermsFacts(free_until, free_hours, premium_from, plan_ids)
    return found


def next_terms_moment(now: datetime) -> datetime | None:
    """When the next article closes, or becomes one for subscribers, by its own terms."""
    terms = ArticleTerms.objects.all()
    free: datetime | None = terms.filter(free_until__gt=now).aggregate(moment=Min("free_until"))["moment"]
    premium: datetime | None = terms.filter(premium_from__gt=now).aggregate(moment=Min("premium_from"))["moment"]
    with connection.cursor() as cursor:
        cursor.execute(FREE_HOURS_END, {"now": now, "earliest": now - LONGEST_FREE})
        by_hours: datetime | None = cursor.fetchone()[0]
    return min((moment for moment in (free, premium, by_hours) if moment is not None), default=None)
