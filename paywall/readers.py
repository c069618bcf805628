"""Who asks: the reader of a request, as facts for the decision. Nothing about a person outlives the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest

from accounts import second_factor
from accounts.models import User
from articles.models import Article
from paywall.access import NO_METER, MeterFacts, ReaderFacts, Reason, Right
from paywall.meters.anonymous_meter import anonymous_facts, has_opened, meter_id_of
from paywall.meters.meter import meter_facts, spend
from paywall.ways_in.crawlers import rights_of_crawler
from paywall.ways_in.institutions import Records, rights_at, rights_of_account
from subscriptions.entitlements import NOTHING, Entitlement, Held, entitlement_by_pass, entitlement_of
from subscriptions.models import LIBRARY_SCOPE
from subscriptions.selling.passes import attempts_of

# What was given to the browser of a request, looked up where it is asked for: of one article by its number, or all.
type Given = Callable[[int | None], tuple[Right, ...]]


def nothing_given(_article_id: int | None) -> tuple[Right, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader at the moment of a request. `user_id` is None for a stranger and for presets. `rights` are those that
    come from elsewhere than the entitlement: an institution, a crawler, a link that was followed just now. `given`
    finds the gifts that the browser remembers.

    `shown_meter` and `shown_as`, the class in words, are set where staff read as somebody; see paywall/reading_as.py.
    """

    user_id: int | None = None
    email: str = ""
    is_registered: bool = False
    is_staff: bool = False
    entitlement: Entitlement = NOTHING
    rights: tuple[Right, ...] = ()
    meter_id: UUID | None = None  # of the meter that the browser's cookie names
    given: Given = nothing_given
    shown_meter: MeterFacts | None = None
    shown_as: str = ""

    @property
    def is_shown_stranger(self) -> bool:
        """Whether staff read as a stranger: the pages then leave out that somebody is logged in."""
        return bool(self.shown_as) and not self.is_registered

    def facts(self, article: Article) -> ReaderFacts:
        scope = f"article:{article.public_id}"
        bought = tuple(
            Right(Reason.SINGLE_ARTICLE, held.until, article.pk, held.plan_id)
            for held in self.entitlement.scopes
            if held.scope == scope
        )
        return ReaderFacts(self.is_registered, self.is_staff, (*self.standing_rights, *bought, *self.given(article.pk)))

    def with_all_given(self) -> Reader:
        """With all gifts among its rights, for who asks about many articles."""
        return replace(self, rights=(*self.rights, *self.given(None)), given=nothing_given)

    @property
    def standing_facts(self) -> ReaderFacts:
        """What holds for this reader whatever the article is, without the gifts that are not looked up yet."""
        return ReaderFacts(self.is_registered, self.is_staff, self.standing_rights)

    @property
    def standing_rights(self) -> tuple[Right, ...]:
        library = tuple(
            Right(Reason.SUBSCRIBER, held.until, plan_id=held.plan_id, via=held.via)
            for held in self.entitlement.scopes
            if held.scope == LIBRARY_SCOPE
        )
        return (*library, *self.rights)

    def meter(self, article: Article | None, now: datetime) -> MeterFacts:
        """The reader's period. To be asked for where nothing but the meter could open the article."""
        article_id = None if article is None else article.pk
        if self.user_id is not None:
            month = meter_facts(self.user_id, article_id, now, of_plan=self.entitlement.allowance)
            return replace(month, has_read_this=True) if self.has_opened_before(article_id, month, now) else month
        if self.is_registered:
            return self.shown_meter or NO_METER
        return anonymous_facts(self.meter_id, article_id, now)

    def has_opened_before(self, article_id: int | None, month: MeterFacts, now: datetime) -> bool:
        """Whether this browser opened the article before its reader gave a name: it stays open here until its day and
        costs no read of the account, to which what was read without a name is never added.
        """
        if self.meter_id is None or article_id is None or month.has_read_this:
            return False
        return has_opened(self.meter_id, article_id, now)

    def spend(self, article: Article, now: datetime) -> MeterFacts:
        """The period after one read more is spent on the article; of a preset it is only shown so. A stranger spends by
        the button of the gate alone: see paywall/meters/anonymous_views.py.
        """
        if self.user_id is not None:
            return spend(self.user_id, article.pk, now, of_plan=self.entitlement.allowance)
        month = self.shown_meter or NO_METER
        return replace(month, used=month.used + 1, has_read_this=True) if month.reads_left else month


class ReaderRequest(HttpRequest):
    """A request as the paywall's middleware hands it on."""

    reader: Reader


STRANGER = Reader()
# For previews: somebody who may read the whole library, and is nobody in particular.
ANY_SUBSCRIBER = Reader(is_registered=True, entitlement=Entitlement(scopes=(Held(LIBRARY_SCOPE),)))


def reader_of(request: HttpRequest, now: datetime) -> Reader:
    """The reader of the request. A request without a session and without a pass is a stranger's and costs no query."""
    attempts = attempts_of(request)
    bought_here = entitlement_by_pass(attempts, now) if attempts else NOTHING
    meter_id = meter_id_of(request)
    user = request.user
    if not user.is_authenticated:
        rights = (*rights_at(request, None, now), *rights_of_crawler(request))
        return replace(STRANGER, entitlement=bought_here, rights=rights, meter_id=meter_id)
    reader = reader_of_user(user, now)
    rights = (*reader.rights, *rights_at(request, user, now))
    is_staff = user.is_staff and user.has_perm("articles.view_article") and second_factor.is_shown(request)
    held = reader.entitlement | bought_here
    return replace(reader, is_staff=is_staff, entitlement=held, rights=rights, meter_id=meter_id)


def reader_of_user(user: User, moment: datetime, *, is_now: bool = True) -> Reader:
    """What the account holds by itself, whoever asks: nothing that comes with a browser, a network or being staff. For
    another moment than now it is asked of the records.
    """
    held = entitlement_of(user.pk, moment)
    institutions = None if is_now else Records()
    rights = rights_of_account(user, moment, has_library=held.has_library, institutions=institutions)
    return Reader(user_id=user.pk, email=user.email, is_registered=True, entitlement=held, rights=rights)
