"""One reader's own feed with the full text. Each body goes through the decision, as on its page; a read of the
allowance is never spent, and being staff opens nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import set_response_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import limits
from articles.addresses import absolute
from articles.caching import mark_private
from articles.feed_entries import LENGTH, Channel, Entry, entries_of
from articles.feed_forms import FORMS
from articles.models import Article
from paywall.bodies import open_bodies
from paywall.feed_keys import FeedKey
from paywall.middleware import come_again
from paywall.readers import Reader
from subscriptions.entitlements import entitlement_of

logger = logging.getLogger(__name__)

PLAIN = "text/plain; charset=utf-8"


@require_safe
def private_feed(request: HttpRequest, token: str, form: str) -> HttpResponseBase:
    """Whatever goes wrong on the way, no body is sent; and who may have paid is asked to come again, not turned away:
    many feed readers drop a feed that is said not to be there.
    """
    try:
        response = answer(request, token, form)
    except Exception:
        logger.exception("a feed with the full text could not be made")
        response = come_again("paywall/unknown_reader.html")
    mark_private(response)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def answer(request: HttpRequest, token: str, form: str) -> HttpResponse:
    now = timezone.now()
    key = FeedKey.objects.of_token(token)
    if key is None:
        return unknown(request)
    key.note_use(now)
    reader = Reader(user_id=key.user_id, is_registered=True, entitlement=entitlement_of(key.user_id, now))
    if not reader.entitlement.has_library:
        return asleep()
    entries = tuple(opened(entries_of(Article.objects.cards(now)[:LENGTH], now), reader, now))
    changed_at = max((entry.updated_at for entry in entries if entry.updated_at), default=key.created_at)
    kind = FORMS[form]
    # Its own address is not in it: whoever passes on an article out of a feed reader would pass on the key.
    response = HttpResponse(
        kind.write(channel(entries), "", changed_at), content_type=f"{kind.media_type}; charset=utf-8"
    )
    set_response_etag(response)
    return response


def channel(entries: tuple[Entry, ...]) -> Channel:
    title = _("%(site)s · full text") % {"site": settings.SITE_NAME}
    description = _("Every new article in full, for one reader alone. Please keep the address to yourself.")
    return Channel("private", title, description, reverse("articles:front"), entries)


def opened(entries: tuple[Entry, ...], reader: Reader, now: datetime) -> list[Entry]:
    """The entries, with the body of each that the decision opens to this reader."""
    bodies = open_bodies([entry.article for entry in entries], reader, now)
    return [replace(entry, body=bodies.get(entry.article.pk)) for entry in entries]


def unknown(request: HttpRequest) -> HttpResponse:
    """Counted by network, and only here: who has a key is never refused for what others on the network try."""
    try:
        limits.consume(request, "feed_guess")
    except limits.LimitReached as reached:
        response = HttpResponse(_("Too many wrong addresses."), PLAIN, HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(reached.wait)
        return response
    told = {"account": absolute(reverse("account"))}
    sentence = _("There is no feed at this address any more. Its owner makes another at %(account)s") % told
    return HttpResponse(sentence, PLAIN, HTTPStatus.NOT_FOUND)


def asleep() -> HttpResponse:
    """For who holds no library now. Feed readers go on asking after a 403, so that the feed wakes by itself; a 404 or
    410 they take for its end, and an entry that says so would stay among the articles for ever.
    """
    sentence = _(
        "This feed is asleep, since no subscription stands behind it now. "
        "It goes on by itself at this address as soon as the library is open to you again: %(account)s"
    )
    return HttpResponse(sentence % {"account": absolute(reverse("account"))}, PLAIN, HTTPStatus.FORBIDDEN)
