"""The devices of a reader: what they are called, when they were last seen, and a mail about one that is new.

The name is for the reader's eyes alone: nothing is decided by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import limits
from accounts.middleware import ACCOUNT_PAGES
from accounts.models import User

SEEN = "seen"  # in the session: its own key and the moment, in seconds, at which the list of devices was last told
SEEN_EVERY = 600  # seconds

COOKIE_NAME = "device"
COOKIE_AGE = timedelta(days=400)  # browsers keep none for longer
COOKIE_ACCOUNTS = 10  # that one browser is known to; the one used longest ago is forgotten first
SALT = "accounts.devices"

# The first that is found counts: many browsers also carry the names of others.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


class ActivityMiddleware:
    """In place of allauth's own, which writes at every request: the list of devices learns every ten minutes where and
    when a session was last used. In between it costs no query.

    A session that was ended elsewhere has no row any more, and who comes with it is a stranger at once.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.session.session_key and not was_seen_lately(request) and request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
            request.session[SEEN] = [request.session.session_key, time.time()]
        return self.get_response(request)


def was_seen_lately(request: HttpRequest) -> bool:
    """Under this key: a session that got a new one must be in the list again before it can be ended from there."""
    key, at = request.session.get(SEEN, ("", 0))
    return bool(key == request.session.session_key and 0 <= time.time() - at < SEEN_EVERY)


def known_name(user_agent: str) -> str:
    """Such as "Chrome on Linux"; empty for what is not recognised as a well-known pair."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if browser and system else ""


def device_name(user_agent: str) -> str:
    """The known name, or that there is none."""
    return known_name(user_agent) or _("An unknown program")


def greet(request: HttpRequest, user: User, response: HttpResponseBase, *, is_first_login: bool) -> None:
    """Tell the owner of a login from a browser that this account was not used in, and let the answer make it known."""
    accounts = accounts_known_here(request)
    mark = mark_of(user)
    if mark not in accounts and not is_first_login:
        tell_owner(request, user)
    known = [mark, *(other for other in accounts if other != mark)][:COOKIE_ACCOUNTS]
    response.set_cookie(
        COOKIE_NAME,
        signing.dumps(known, salt=SALT),
        max_age=COOKIE_AGE,
        path=ACCOUNT_PAGES,  # every login ends below it, and no page that caches keep is asked for with this cookie
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def accounts_known_here(request: HttpRequest) -> list[str]:
    """The marks of the accounts that were used in this browser, the latest first."""
    try:
        return list(signing.loads(request.COOKIES.get(COOKIE_NAME, ""), salt=SALT, max_age=COOKIE_AGE))
    except signing.BadSignature:
        return []


def mark_of(user: User) -> str:
    """Names an account to nobody but us. With a new password it changes: every browser is then new once more, that of
    somebody who knew the former one included.
    """
    return salted_hmac(SALT, f"{user.pk} {user.password}", algorithm="sha256").hexdigest()[:32]


def tell_owner(request: HttpRequest, user: User) -> None:
    """One mail, and a few a day at most. What the browser says about itself stays out of it unless we know it: the text
    would be the sender's own.
    """
    try:
        limits.consume(request, "new_device_mail", str(user.pk))
    except limits.LimitReached:
        return
    now = timezone.localtime()
    context = {
        "device": known_name(request.headers.get("User-Agent", "")) or _("An unknown program"),
        "network": limits.network_of(request),
        "moment": f"{date_format(now, 'DATE_FORMAT')}, {now:%H:%M} ({settings.TIME_ZONE})",
        "devices_url": settings.SITE_URL + reverse("usersessions_list"),
    }
    get_adapter().send_mail("account/email/new_device", user.email, context)
