"""What shared caches may keep: pages for requests without any cookie of ours, and those only until the next change that
the clock brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate

from django.conf import settings
from django.db.models import Min
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from articles.models import Article

LONGEST_SECONDS = 600


def has_own_cookie(request: HttpRequest) -> bool:
    """Whether the request carries a cookie that this site set. A stranger's other cookies do not count."""
    own = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.PASS_COOKIE_NAME)
    return any(name in request.COOKIES for name in own)


def next_change_at(now: datetime) -> datetime | None:
    """The next moment (UTC) at which a scheduled article appears, and with it every page that counts or lists articles
    changes.
    """
    moment: datetime | None = Article.objects.scheduled(now).aggregate(moment=Min("published_at"))["moment"]
    return moment


def cache_seconds(now: datetime) -> int:
    """How long a shared cache may keep a page made now: up to ten minutes, never past the next change or midnight.

    At midnight, in the publication's time zone, the date at the head of every page changes.
    """
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    moments = [moment for moment in (next_change_at(now), midnight) if moment is not None]
    return min(LONGEST_SECONDS, int((min(moments) - now).total_seconds()))


def mark_cacheable(request: HttpRequest, response: HttpResponseBase, keys: Iterable[str]) -> None:
    """Set the caching headers for this request. Browsers always ask again: one that kept the gate would show it right
    after login.
    """
    if has_own_cookie(request):
        mark_private(response)
        return
    seconds = cache_seconds(timezone.now())
    response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}, must-revalidate"
    response.headers["Surrogate-Key"] = " ".join(keys)
    patch_vary_headers(response, ["Cookie"])


def mark_private(response: HttpResponseBase) -> None:
    response.headers["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["Cookie"])


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def public_page[**P](*keys: str) -> Callable[[View[P]], View[P]]:
    """Decorate a view whose answer is the same for every stranger. Errors are never kept."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            if response.status_code == 200:
                mark_cacheable(request, response, [*keys, "library"])
            return response

        return wrapped

    return decorate
