"""What caches may keep: pages for requests without any cookie of ours, and those only until the next change that the
clock brings. Changes by people are purged: see articles/purging.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, cast

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Min
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from articles.models import Article
from articles.page_store import Lifetime, store

logger = logging.getLogger(__name__)

LONGEST_SECONDS = 600
# What every page shows besides its own: the sections in its head, the pages of the house at its foot, the options, and
# what is open to everybody just now.
EVERYBODYS_ACCESS = "access"
EVERYWHERE = ("sections", "pages", "plans", EVERYBODYS_ACCESS)

type MomentSource = Callable[[datetime], datetime | None]
type Recogniser = Callable[[HttpRequest], bool]

moment_sources: list[MomentSource] = []
recognisers: list[Recogniser] = []
cookies_of_apps: list[str] = []


def add_moments(source: MomentSource) -> MomentSource:
    """Let an upper app name the next moment (UTC) after the given one at which, by the clock alone, a page changes.

    Where its own records move that moment, their change has to purge the key `moments`.
    """
    moment_sources.append(source)
    return source


def own_cookies() -> tuple[str, ...]:
    """The names of the cookies with which this site knows a browser again. deploy/nginx.conf has the same list."""
    return (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.PASS_COOKIE_NAME, *cookies_of_apps)


def add_own_cookies(*names: str) -> None:
    """Let an upper app name cookies of its own with which it knows a browser again."""
    cookies_of_apps.extend(name for name in names if name not in cookies_of_apps)


def has_own_cookie(request: HttpRequest) -> bool:
    """Whether the request carries a cookie that this site set. A stranger's other cookies do not count."""
    sent = request.COOKIES  # most strangers send none
    return bool(sent) and not sent.keys().isdisjoint(own_cookies())


def add_recogniser(recogniser: Recogniser) -> Recogniser:
    """Let an upper app say of a request without a cookie that its answer is not for everybody. It is asked before any
    page that is kept, so it answers from memory. One exception may wait: where a User-Agent claims to be a verified
    crawler its name is looked up once, for a second at most, and remembered (paywall/ways_in/crawlers.py).
    """
    if recogniser not in recognisers:
        recognisers.append(recogniser)
    return recogniser


def is_recognised(request: HttpRequest) -> bool:
    """Whether the answer is this request's own: by a cookie of ours, or since a recogniser knows its sender."""
    return has_own_cookie(request) or is_sender_recognised(request)


def is_sender_recognised(request: HttpRequest) -> bool:
    """Whether a recogniser knows the sender of a request without a cookie of ours."""
    return any(recogniser(request) for recogniser in recognisers)


@add_moments
def next_scheduled_at(now: datetime) -> datetime | None:
    """When the next scheduled article appears, and with it every page changes that counts or lists articles."""
    moment: datetime | None = Article.objects.scheduled(now).aggregate(moment=Min("published_at"))["moment"]
    return moment


def next_midnight(now: datetime) -> datetime:
    """When, in the publication's time zone, the date at the head of every page changes."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def next_change_at(now: datetime) -> datetime:
    """The next moment after `now` at which the clock alone changes any page. What is kept of it was looked up at some
    other moment, and says nothing of the time before.
    """
    found = cast("tuple[datetime, datetime] | None", store.get("next change", now))
    if found is not None and found[0] <= now:
        return found[1]
    stamp = store.stamp()
    try:
        moments = [moment for source in moment_sources if (moment := source(now)) is not None]
    except DatabaseError:  # then nothing may be kept, and the page says by itself what is wrong
        logger.exception("the next moment at which pages change could not be found out")
        return now
    earliest = min([*moments, next_midnight(now)])
    life = Lifetime(("library", "moments", EVERYBODYS_ACCESS), earliest)
    store.put("next change", (now, earliest), life, size=0, stamp=stamp)
    return earliest


def lifetime(keys: Iterable[str], now: datetime) -> Lifetime:
    """Of what was made from the records as they were at `now` or later, and shows what stands under these keys."""
    return Lifetime(tuple(dict.fromkeys(keys)), next_change_at(now))


def set_cache_headers(response: HttpResponseBase, until: datetime, now: datetime, as_of: datetime) -> None:
    """Shared caches keep the page for ten minutes at most, and never past `until`. Browsers always ask again: one that
    kept the gate would show it right after login. `as_of`: when it was known to be right.

    Two seconds are taken off: a cache that counts in whole seconds keeps a page for up to one more, and nginx may have
    had it for one when it hands it on. nginx itself, which cannot purge by key, asks again each second
    (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_valid, on X-Accel-Expires).
    """
    seconds = max(0, min(LONGEST_SECONDS, int((until - now).total_seconds()) - 2))
    response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}, must-revalidate"
    response.headers["X-Accel-Expires"] = f"@{int(as_of.timestamp())}" if seconds else "0"


def mark_cacheable(request: HttpRequest, response: HttpResponseBase, keys: Iterable[str]) -> None:
    """Set the caching headers for this request; `keys` name what its page shows.

    What the clock has changed since the request began is not on the page, so the page's end is counted from then.
    """
    if is_recognised(request):
        mark_private(response)
        return
    now = timezone.now()
    began_at = vars(request).get("began_at", now)
    life = lifetime([*keys, *EVERYWHERE], began_at)
    if (sooner := vars(response).get("shown_until")) is not None:
        life = replace(life, until=min(life.until, sooner))
    set_cache_headers(response, life.until, now, began_at)
    response.headers["Surrogate-Key"] = " ".join(life.keys)
    patch_vary_headers(response, ["Cookie"])
    vars(response)["lifetime"] = life


def lifetime_of(response: HttpResponseBase) -> Lifetime | None:
    """How long the answer may be kept; None where it may not be."""
    return vars(response).get("lifetime")


def mark_private(response: HttpResponseBase) -> None:
    response.headers["Cache-Control"] = "private, no-store"
    for name in ("Surrogate-Key", "X-Accel-Expires"):
        response.headers.pop(name, None)
    vars(response).pop("lifetime", None)
    patch_vary_headers(response, ["Cookie"])


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def public_page[**P](*keys: str, parameters: Iterable[str] = ()) -> Callable[[View[P]], View[P]]:
    """Decorate a view whose answer is the same for every stranger. Errors are never kept, and neither are answers to
    other `parameters` of the query than these, which the view reads.

    A view that knows more keys of what it shows names them by `showing`.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            if response.status_code == 200:
                vars(response)["kept_parameters"] = frozenset(parameters)
                mark_cacheable(request, response, [*keys, *vars(response).get("shown_keys", ()), "library"])
            return response

        return wrapped

    return decorate


def showing[R: HttpResponseBase](response: R, keys: Iterable[str], until: datetime | None = None) -> R:
    """The answer of a `public_page`, with the keys of the rows that it shows and, where it changes by the clock sooner
    than other pages, the moment (UTC) of that.
    """
    vars(response)["shown_keys"] = tuple(keys)
    vars(response)["shown_until"] = until
    return response
