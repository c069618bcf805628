"""What the account page says about reading: what is open, until when, and how many free articles are left."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.overview import OverviewLink, OverviewSection
from paywall.meter import next_period, period_of
from paywall.models import MeteredRead
from subscriptions.entitlements import entitlement_of


def reading_section(request: HttpRequest) -> OverviewSection:
    user, now = cast("User", request.user), timezone.now()
    entitlement = entitlement_of(user.pk, now)
    if entitlement.has_library:
        return OverviewSection(_("Reading"), (library_sentence(entitlement.library_until),))
    plans = OverviewLink(_("See the plans"), reverse("paywall:plans"))
    sentences = [allowance_sentence(user, period_of(now))]
    if entitlement.has_lapsed:
        sentences.insert(0, _("Your access to the whole library has ended."))
    return OverviewSection(_("Reading"), tuple(sentences), (plans,))


def library_sentence(until: datetime | None) -> str:
    if until is None:
        return _("The whole library is open to you.")
    return _("The whole library is open to you until %(day)s.") % {"day": date_format(until, "j F Y")}


def allowance_sentence(user: User, period: date) -> str:
    used = MeteredRead.objects.filter(user=user, period=period).count()
    left = max(0, settings.MONTHLY_ALLOWANCE - used)
    return ngettext(
        "%(left)d of %(allowance)d free article is left this month; the count starts again on %(day)s.",
        "%(left)d of %(allowance)d free articles are left this month; the count starts again on %(day)s.",
        left,
    ) % {"left": left, "allowance": settings.MONTHLY_ALLOWANCE, "day": date_format(next_period(period), "j F")}
