"""What the account page says about reading: what is open, until when, and how many free articles are left."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.overview import OverviewLink, OverviewSection
from paywall.meters.meter import meter_facts
from paywall.meters.words import allowance_sentence
from paywall.readers import Reader, ReaderRequest
from subscriptions.account.sentences import day_of
from subscriptions.contracts.pausing import resting
from subscriptions.models import Subscription


def reading_section(request: HttpRequest) -> OverviewSection | None:
    """The part about reading, for a reader who is logged in."""
    reader = cast("ReaderRequest", request).reader
    if reader.user_id is None:
        return None
    now = timezone.now()
    reads_all = reader.is_staff or reader.entitlement.has_library
    paused = None if reads_all else resting(reader.user_id, now)
    sentences = tuple(filter(None, reading_sentences(reader, reader.user_id, now, paused)))
    if paused is not None:
        more = OverviewLink(_("Resume"), reverse("subscriptions:resume", args=[paused.pk]))
    else:
        more = OverviewLink(_("See the plans"), reverse("paywall:plans"))
    return OverviewSection(_("Reading"), sentences, () if reads_all else (more,))


def reading_sentences(
    reader: Reader, user_id: int, now: datetime, paused: Subscription | None = None
) -> tuple[str, ...]:
    """`paused`: the subscription without which the library is closed, while it rests."""
    entitlement = reader.entitlement
    if reader.is_staff:
        return (_("You read everything as a member of staff."),)
    if entitlement.has_subscription or (entitlement.has_library and entitlement.library_until is None):
        return (_("The whole library is open to you."),)
    if entitlement.library_until is not None:
        day = date_format(timezone.localtime(entitlement.library_until), "DATE_FORMAT")
        return (_("The whole library is open to you until %(day)s.") % {"day": day},)
    ended = _("Your access to the whole library has ended.") if entitlement.has_lapsed else ""
    if paused is not None:
        ended = pause_in_words(paused)
    return (ended, allowance_sentence(meter_facts(user_id, None, now, of_plan=entitlement.allowance)))


def pause_in_words(paused: Subscription) -> str:
    if paused.paused_until is None:
        return _("Your subscription is paused, so the whole library is closed to you until you resume it.")
    told = {"day": day_of(paused.paused_until)}
    return (
        _("Your subscription is paused until %(day)s. The whole library opens again then, or when you resume.") % told
    )
