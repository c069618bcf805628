"""Moments in words, in the publication's time zone, which is named: it may be named nowhere else on the page, and
elsewhere the hour is another one.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format, get_format


def moment_in_words(moment: datetime) -> str:
    """For readers, with the zone's short name: “3 December 2026, 14:00 GMT”."""
    return date_format(timezone.localtime(moment), get_format("DATE_FORMAT") + ", H:i T")


def staff_moment_in_words(moment: datetime) -> str:
    """For staff, who type moments in this zone: “3 December 2026, 14:00 (Europe/London)”."""
    return f"{date_format(timezone.localtime(moment), get_format('DATE_FORMAT') + ', H:i')} ({settings.TIME_ZONE})"
