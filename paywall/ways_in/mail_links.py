"""The links in our mails to who holds the library: each opens one article without a login, for a week, in a few
browsers, and only while the account holds the article. They log nobody in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse

from articles.models import Article
from paywall.access import Reason, Right
from paywall.asking import Ask
from paywall.models import MailPass, MailPassOpening
from paywall.terms import asking_now
from paywall.ways_in.own_rights import count_one_more, earlier, own_right, right_by
from subscriptions.entitlements import entitlement_of

LASTS = timedelta(days=7)
MOST_BROWSERS = 3
MOST_UNNAMED = 20  # openings by what may be a scanner or an old browser; they take no place of a browser's
SEPARATOR = "."
SIGNER = "paywall.mail-link"  # a salt of its own: no other text that we sign is one of these


class UnknownToken(Exception):
    """The link was cut off or changed, or is not ours."""


def urls_for(user_id: int, articles: Iterable[Article], now: datetime) -> dict[int, str]:
    """The addresses in one letter to this reader, by article: of those that are closed and that the account holds. For
    who does not hold the library there are none.
    """
    entitlement = entitlement_of(user_id, now)
    if not entitlement.has_library:
        return {}
    closed = [article for article in articles if asking_now(article, now).ask is not Ask.OPEN]
    held = [article for article in closed if right_by(entitlement, article, now) is not None]
    if not held:
        return {}
    letter = MailPass.objects.create(
        user_id=user_id, expires_at=now + LASTS, most_browsers=MOST_BROWSERS, most_unnamed=MOST_UNNAMED
    )
    return {article.pk: settings.SITE_URL + path_of(letter, article) for article in held}


def path_of(letter: MailPass, article: Article) -> str:
    token = signer().sign(f"{letter.key.hex}{SEPARATOR}{article.pk}")
    return reverse("paywall:mail-link", args=[token])


def signer() -> Signer:
    return Signer(sep=SEPARATOR, salt=SIGNER)


def read_token(token: str) -> tuple[UUID, int]:
    """The key of the letter and the number of the article, which alone it opens. Raises UnknownToken."""
    try:
        key, _separator, article_id = signer().unsign(token).partition(SEPARATOR)
    except BadSignature:
        raise UnknownToken from None
    return UUID(key), int(article_id)


def right_of(letter: MailPass, article: Article, now: datetime) -> Right | None:
    """What the letter's reader holds of the article now."""
    if now >= letter.expires_at or not letter.user.is_active:
        return None
    own = own_right(letter.user_id, article, now)
    if own is None:
        return None
    return Right(Reason.MAIL_LINK, earlier(letter.expires_at, own.until), article.pk)


def has_place(letter: MailPass, *, is_named: bool) -> bool:
    """Whether one more may open it: of browsers that name themselves as such, or of what does not."""
    return letter.browsers < letter.most_browsers if is_named else letter.unnamed < letter.most_unnamed


def take(letter: MailPass, now: datetime, *, is_named: bool) -> MailPassOpening | None:
    """One more of its kind, if one more may open it, however many ask at once."""
    with transaction.atomic():
        own = MailPass.objects.filter(pk=letter.pk, expires_at__gt=now)
        counter, most = ("browsers", "most_browsers") if is_named else ("unnamed", "most_unnamed")
        return MailPassOpening.objects.create(mail_pass=letter) if count_one_more(own, counter, most) else None


def end_passes_of(user_id: int) -> None:
    MailPass.objects.filter(user=user_id).delete()


def forget_ended(now: datetime) -> int:
    """Remove the passes that are over; how many. Their links go on leading to their articles, by their signature."""
    return MailPass.objects.filter(expires_at__lt=now).delete()[1].get(MailPass._meta.label, 0)
