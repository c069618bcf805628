"""Reading as a class of reader: staff see the site as such a reader does, for an hour at most.

Only the facts are made up, never the decision. Nothing is spent, and nothing is stored but the choice, in the session.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db.models import TextChoices
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, second_factor
from accounts.admin_pages import is_admin_path
from accounts.models import StaffActionKind
from paywall.meters.meter import facts_by, terms_of_meter
from paywall.meters.periods import local_day
from paywall.readers import ANY_SUBSCRIBER, Reader, reader_of
from paywall.ways_in.gifts import with_gifts
from subscriptions.entitlements import Entitlement

SESSION_KEY = "reading_as"
PERMISSION = "accounts.read_as"
LASTS = timedelta(hours=1)
NOBODY = "reader@example.org"  # stands where a page names a reader's address
SELLS = "subscriptions"  # the app whose forms store and sell
# A preset has no feed, gives and spends nothing, and what is its reader's own stays as it is.
OWN = ("paywall:feed-key", "paywall:feed-key-end", "paywall:gift-new", "paywall:gift-revoke", "paywall:anonymous-read")


class ReaderClass(TextChoices):
    STRANGER = "stranger", gettext_lazy("a stranger")
    REGISTERED = "registered", gettext_lazy("a registered reader with free articles left")
    USED_UP = "used_up", gettext_lazy("a registered reader whose free articles are used up")
    SUBSCRIBER = "subscriber", gettext_lazy("a subscriber")
    LAPSED = "lapsed", gettext_lazy("a reader whose subscription has ended")


def preset(chosen: ReaderClass, now: datetime) -> Reader:
    """A reader of this class who is nobody in particular."""
    shown_as = str(chosen.label)
    match chosen:
        case ReaderClass.STRANGER:
            return Reader(shown_as=shown_as)
        case ReaderClass.SUBSCRIBER:
            return Reader(email=NOBODY, is_registered=True, entitlement=ANY_SUBSCRIBER.entitlement, shown_as=shown_as)
        case ReaderClass.REGISTERED | ReaderClass.USED_UP | ReaderClass.LAPSED:
            month = facts_by(terms_of_meter(), local_day(now))
            month = replace(month, used=month.allowance if chosen is ReaderClass.USED_UP else 0)
            held = Entitlement(has_lapsed=chosen is ReaderClass.LAPSED)
            return Reader(email=NOBODY, is_registered=True, entitlement=held, shown_meter=month, shown_as=shown_as)


def reader_for(request: HttpRequest, now: datetime) -> Reader:
    """The reader whom the pages of this request are for: who asks, or the class that they read as."""
    chosen = None if is_admin_path(request.path) else chosen_class(request, now)
    return with_gifts(reader_of(request, now), request, now) if chosen is None else preset(chosen, now)


def chosen_class(request: HttpRequest, now: datetime) -> ReaderClass | None:
    """What this session reads as. Where the hour is over or the right is gone, that ends here and now."""
    stored = request.session.get(SESSION_KEY)
    if stored is None:
        return None
    if not may_read_as(request):
        end(request, _("The permission is gone."))
    elif now.timestamp() >= stored["until"]:
        end(request, _("The hour was over."))
    else:
        return ReaderClass(stored["class"])
    return None


def may_read_as(request: HttpRequest) -> bool:
    user = request.user
    return user.is_active and user.is_staff and user.has_perm(PERMISSION) and second_factor.is_shown(request)


def start(request: HttpRequest, chosen: ReaderClass) -> None:
    """Read as this class from the next page on. Whoever calls this has asked `may_read_as`."""
    now = timezone.now()
    end(request, _("Another class was chosen."))
    until = now + LASTS
    request.session[SESSION_KEY] = {"class": chosen.value, "until": until.timestamp()}
    moment = date_format(until.astimezone(UTC), "Y-m-d H:i")
    detail = _("As %(class)s, until %(moment)s UTC at most.") % {"class": chosen.label, "moment": moment}
    audit.record(request, StaffActionKind.READ_AS_STARTED, detail=detail)


def end(request: HttpRequest, why: str) -> bool:
    """Be oneself again. False where one is already: then nothing happens."""
    stored = request.session.pop(SESSION_KEY, None)
    if stored is None:
        return False
    label = ReaderClass(stored["class"]).label
    detail = _("As %(class)s. %(why)s") % {"class": label, "why": why}
    audit.record(request, StaffActionKind.READ_AS_ENDED, detail=detail)
    return True


@receiver(user_logged_out)
def end_at_logout(request: HttpRequest, **_arguments: Any) -> None:
    end(request, _("Logged out."))


def is_refused(request: HttpRequest) -> bool:
    """Whether the request would join, pay or change a subscription, a feed or a gift of one's own while its sender
    reads as somebody else.
    """
    match = request.resolver_match
    return (
        request.method not in ("GET", "HEAD", "OPTIONS")
        and match is not None
        and (match.app_name == SELLS or match.view_name in OWN)
        and chosen_class(request, timezone.now()) is not None
    )
