"""What the account page says about reading: what is open, until when, and how many free articles are left."""

from __future__ import annotations

from collections.abc import Iterator
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
from paywall.telling.halted import halted_sentence, ways_on
from subscriptions.entitlements import Entitlement


def reading_section(request: HttpRequest) -> OverviewSection | None:
    """The part about reading, for a reader who is logged in."""
    reader = cast("ReaderRequest", request).reader
    if reader.user_id is None:
        return None
    now = timezone.now()
    reads_all = reader.is_staff or reader.entitlement.has_library
    sentences = tuple(filter(None, reading_sentences(reader, reader.user_id, now)))
    return OverviewSection(_("Reading"), sentences, () if reads_all else tuple(links_of(reader.entitlement)))


def links_of(entitlement: Entitlement) -> Iterator[OverviewLink]:
    """What opens the library: the subscription that the reader has, or one to be chosen."""
    halted = entitlement.halted
    if halted is None or halted.via:
        yield OverviewLink(_("See the plans"), reverse("paywall:plans"))
        return
    for way in ways_on(halted):
        if way.url != reverse("account"):
            yield OverviewLink(way.label, way.url)


def reading_sentences(reader: Reader, user_id: int, now: datetime) -> tuple[str, ...]:
    entitlement = reader.entitlement
    if reader.is_staff:
        return (_("You read everything as a member of staff."),)
    if entitlement.has_subscription or (entitlement.has_library and entitlement.library_until is None):
        return (_("The whole library is open to you."),)
    if entitlement.library_until is not None:
        day = date_format(timezone.localtime(entitlement.library_until), "DATE_FORMAT")
        return (_("The whole library is open to you until %(day)s.") % {"day": day},)
    ended = _("Your access to the whole library has ended.") if entitlement.has_lapsed else ""
    if entitlement.halted is not None:
        ended = halted_sentence(entitlement.halted)
    return (ended, allowance_sentence(meter_facts(user_id, None, now, of_plan=entitlement.allowance)))
