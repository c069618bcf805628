"""Gift links: a subscriber gives an article to a few readers for a fortnight. A link opens nothing of its own accord:
each time it is asked whether its giver still holds the article.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.names import cleaned_name
from articles.models import Article
from paywall.access import Reason, Right
from paywall.cookies import GIFT, read_cookie, set_cookie
from paywall.meters.periods import period_of
from paywall.models import GiftLink, GiftOpening
from paywall.models.gift import hash_of, token_of
from paywall.readers import Reader
from paywall.ways_in.own_rights import count_one_more, earlier, own_right, rights_by
from subscriptions.entitlements import entitlement_of

QUOTA = 10  # links that a subscriber makes in a calendar month
LASTS = timedelta(days=14)
MOST_READERS = 10  # of one link
KEPT_FOR = timedelta(days=180)  # after its end
KEYS_OF_A_BROWSER = 10  # the one that was opened longest ago is forgotten first
SEED_BYTES = 32


class QuotaUsed(Exception):
    """The giver has made all links of the month."""


class NotTheirs(Exception):
    """Who asks holds neither the library nor this article by the account itself, and so has nothing to give."""


def may_give(user_id: int, article: Article, now: datetime) -> bool:
    """By a right of the account itself: a read of the allowance, a gift, an institution's contract and being staff are
    nobody's to pass on.
    """
    return own_right(user_id, article, now) is not None


def has_anything_to_give(user_id: int, now: datetime) -> bool:
    return bool(entitlement_of(user_id, now).scopes)


def used_of(user_id: int, period: date) -> int:
    """The number of the last link of the month. A revoked one counts: else a link after the other could be given."""
    last: int | None = GiftLink.objects.filter(giver=user_id, period=period).aggregate(last=Max("slot"))["last"]
    return last or 0


def left_of(user_id: int, now: datetime) -> int:
    return max(0, QUOTA - used_of(user_id, period_of(now)))


def give(giver: User, article: Article, now: datetime, shown_name: str = "") -> GiftLink:
    """A new link. Raises NotTheirs, QuotaUsed, and NameRefused for a name that could not stand on a page."""
    name = cleaned_name(shown_name)
    if not article.is_out(now) or not may_give(giver.pk, article, now):
        raise NotTheirs
    period = period_of(now)
    seed = secrets.token_urlsafe(SEED_BYTES)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=giver.pk)  # the number holds until the row is there
        used = used_of(giver.pk, period)
        if used >= QUOTA:
            raise QuotaUsed
        return GiftLink.objects.create(
            giver=giver,
            article=article,
            period=period,
            slot=used + 1,
            seed=seed,
            token_hash=hash_of(token_of(seed)),
            shown_name=name,
            made_at=now,
            expires_at=now + LASTS,
            most_readers=MOST_READERS,
        )


def right_of(link: GiftLink, now: datetime) -> Right | None:
    """What a browser holds in which the link was opened. It ends with the link or with the giver's own right, whichever
    is first.
    """
    return right_by(link, own_right(link.giver_id, link.article, now), now) if link.is_live(now) else None


def rights_of(links: Sequence[GiftLink], giver_id: int, now: datetime) -> list[Right | None]:
    """As `right_of`, for links of one giver: what that holds is looked up once."""
    theirs = rights_by(entitlement_of(giver_id, now), [link.article for link in links], now)
    return [right_by(link, right, now) for link, right in zip(links, theirs, strict=True)]


def right_by(link: GiftLink, theirs: Right | None, now: datetime) -> Right | None:
    """By the right of its giver."""
    if theirs is None or not link.is_live(now):
        return None
    return Right(Reason.GIFT, earlier(link.expires_at, theirs.until), link.article_id, via=link.shown_name)


def take(link: GiftLink, now: datetime) -> GiftOpening | None:
    """One more reader, if one more may open it, however many ask at once."""
    with transaction.atomic():
        own = GiftLink.objects.filter(pk=link.pk, revoked_at=None, expires_at__gt=now)
        return GiftOpening.objects.create(link=link) if count_one_more(own, "readers", "most_readers") else None


def with_gifts(reader: Reader, request: HttpRequest, now: datetime) -> Reader:
    """The reader, with what was given to this browser. Costs nothing until an article is asked about."""
    keys = keys_of(request)
    return replace(reader, given=cache(partial(given, keys, now))) if keys else reader


def given(keys: list[UUID], now: datetime, article_id: int | None) -> tuple[Right, ...]:
    """By these openings: of one article, or of all."""
    links = GiftLink.objects.live(now).filter(openings__in=keys).select_related("article", "giver").distinct()
    if article_id is not None:
        links = links.filter(article_id=article_id)
    return tuple(right for link in links if (right := right_of(link, now)) is not None)


def keys_of(request: HttpRequest) -> list[UUID]:
    """The openings that this browser remembers, of gifts and of links in mails, the latest first."""
    return [UUID(key) for key in read_cookie(request, GIFT, LASTS).split(".") if key]


def remember(request: HttpRequest, response: HttpResponseBase, key: UUID) -> None:
    keys = [key, *keys_of(request)][:KEYS_OF_A_BROWSER]
    set_cookie(response, GIFT, ".".join(known.hex for known in keys), LASTS)


def end_gifts_of(user_id: int, now: datetime) -> None:
    GiftLink.objects.filter(giver=user_id).revoke(now)


def forget_ended(now: datetime) -> int:
    """Remove the links that ended long ago; how many."""
    ended = GiftLink.objects.filter(expires_at__lt=now - KEPT_FOR)
    return ended.delete()[1].get(GiftLink._meta.label, 0)
