"""One article by itself: whether it is sold, and the offer as the gate and `/access/` show it. It opens nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from articles.caching import lifetime
from articles.models import Article
from articles.page_store import store
from paywall.access import Access
from paywall.asking import Ask, Asking
from subscriptions.models import PlanKind
from subscriptions.selling.buying import OnceOffer, offers_of


@dataclass(frozen=True, slots=True)
class ArticleOffer:
    """One article by itself, for who may not read it otherwise."""

    offer: OnceOffer
    public_id: str
    path: str

    @property
    def offers(self) -> list[OnceOffer]:
        return [self.offer]


def is_sold(asking: Asking | None) -> bool:
    """Whether an article that asks for this can be bought by itself: one for subscribers, and not one that is for
    certain plans alone.
    """
    return asking is not None and asking.ask in (Ask.METER, Ask.PLAN) and not asking.plan_ids


def article_offer(article: Article, access: Access) -> ArticleOffer | None:
    """The same for every stranger. None where the article is open, is not sold, or nobody sells articles here."""
    if access.granted or not is_sold(access.asking):
        return None
    offers = store.kept_or_made(
        "article offers",
        lambda: offers_of(PlanKind.ARTICLE)[:1],
        lambda _offers: lifetime(("plans",), timezone.now()),
    )
    return ArticleOffer(offers[0], str(article.public_id), article.get_absolute_url()) if offers else None
