"""Who asks: the reader of a request, as facts for the decision. Nothing about a person outlives the request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest

from accounts import second_factor
from articles.models import Article
from paywall.access import NO_METER, MeterFacts, ReaderFacts
from paywall.meter import meter_facts, spend
from subscriptions.entitlements import NOTHING, Entitlement, entitlement_by_pass, entitlement_of
from subscriptions.models import LIBRARY_SCOPE
from subscriptions.passes import attempts_of


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader at the moment of a request. `user_id` is None for a stranger and for presets.

    `shown_meter` and `shown_as`, the class in words, are set where staff read as somebody; see paywall/reading_as.py.
    """

    user_id: int | None = None
    email: str = ""
    is_registered: bool = False
    is_staff: bool = False
    entitlement: Entitlement = NOTHING
    shown_meter: MeterFacts | None = None
    shown_as: str = ""

    @property
    def is_shown_stranger(self) -> bool:
        """Whether staff read as a stranger: the pages then leave out that somebody is logged in."""
        return bool(self.shown_as) and not self.is_registered

    def facts(self, article: Article) -> ReaderFacts:
        scope = f"article:{article.public_id}"
        has_this_article = any(open_scope == scope for open_scope, _ in self.entitlement.scopes)
        return replace(self.standing_facts, has_this_article=has_this_article)

    @property
    def standing_facts(self) -> ReaderFacts:
        """What holds for this reader whatever the article is."""
        return ReaderFacts(
            is_registered=self.is_registered,
            is_staff=self.is_staff,
            has_library=self.entitlement.has_library,
            library_until=self.entitlement.library_until,
        )

    def meter(self, article: Article, now: datetime) -> MeterFacts:
        """The reader's month; no meter for those whom it does not count, so that a subscriber's page needs no query for
        it.
        """
        if self.is_staff or self.entitlement.has_library or article.tier != "premium":
            return NO_METER
        if self.user_id is None:
            return self.shown_meter or NO_METER
        return meter_facts(self.user_id, article.pk, now)

    def spend(self, article: Article, now: datetime) -> MeterFacts:
        """The month after one read more is spent on the article; of a preset it is only shown so."""
        if self.user_id is not None:
            return spend(self.user_id, article.pk, now)
        month = self.shown_meter or NO_METER
        return replace(month, used=month.used + 1, has_read_this=True) if month.reads_left else month


class ReaderRequest(HttpRequest):
    """A request as the paywall's middleware hands it on."""

    reader: Reader


STRANGER = Reader()
# For previews: somebody who may read the whole library, and is nobody in particular.
ANY_SUBSCRIBER = Reader(is_registered=True, entitlement=Entitlement(scopes=((LIBRARY_SCOPE, None),)))


def reader_of(request: HttpRequest, now: datetime) -> Reader:
    """The reader of the request. A request without a session and without a pass is a stranger's and costs no query."""
    attempts = attempts_of(request)
    bought_here = entitlement_by_pass(attempts, now) if attempts else NOTHING
    user = request.user
    if not user.is_authenticated:
        return replace(STRANGER, entitlement=bought_here)
    return Reader(
        user_id=user.pk,
        email=user.email,
        is_registered=True,
        is_staff=user.is_staff and user.has_perm("articles.view_article") and second_factor.is_shown(request),
        entitlement=entitlement_of(user.pk, now) | bought_here,
    )
